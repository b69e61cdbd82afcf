import { presignUrl } from '@slipway/sigv4';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { buildsOf, buildspec } from './house.ts';

const MIB = 1024 ** 2;
const engines = await testEngines();
const sandbox = (await sandboxRunner.unavailable()) === undefined;
const CURATED = 'aws/codebuild/standard:7.0';

const places = [
  { name: 'plain processes', runner: 'plain', network: false, image: CURATED, settings: {} },
  ...(sandbox ? [{ name: 'a sandbox', runner: 'sandbox', network: true, image: CURATED, settings: {} }, { name: "a sandbox on the machine's network", runner: 'sandbox', network: false, image: CURATED, settings: { SLIPWAY_BUILD_NETWORK: 'host' } }] as const : []),
  ...engines.map(({ name, socket }) => ({ name: `a container of ${name}`, runner: 'container', network: true, image: BASH_IMAGE, settings: { SLIPWAY_CONTAINER_SOCKET: socket } }) as const),
] as const;
if (!sandbox) it.skip('usage of builds in sandboxes (bubblewrap does not work here)');
if (engines.length === 0) it.skip('usage of builds in containers (no engine was found; TEST_ENGINES names sockets)');

beforeAll(async () => {
  for (const engine of engines) await makeTestImages(engine);
}, 120_000);

describe.each(places)('A build in $name', ({ runner, network, image, settings }) => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner, settings });
    house = buildsOf(s);
  });
  afterAll(() => s.stop());

  const environment = { type: 'LINUX_CONTAINER', image, computeType: 'BUILD_GENERAL1_SMALL' } as const;

  /** A metric's largest value of a build; undefined where there is none. */
  async function most(MetricName: string, dimensions: Readonly<Record<string, string>>): Promise<number | undefined> {
    const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
    const { MetricDataResults } = await s.aws.cloudwatch.getMetricData({
      // The build's own clock is the machine's.
      StartTime: new Date(Date.now() - 3_600_000), EndTime: new Date(Date.now() + 3_600_000),
      MetricDataQueries: [{ Id: 'most', MetricStat: { Metric: { Namespace: 'AWS/CodeBuild', MetricName, Dimensions }, Period: 60, Stat: 'Maximum' } }],
    });
    const values = MetricDataResults![0]!.Values!;
    return values.length === 0 ? undefined : Math.max(...values);
  }

  it('tells CloudWatch of its processors, memory, storage and, where it has one of its own, network', async () => {
    await s.aws.s3.createBucket({ Bucket: 'store' });
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'big', Body: Buffer.alloc(3 * MIB) });
    const url = presignUrl({ method: 'GET', url: `${s.endpoint}/store/big`, service: 's3', region: s.region, credentials: s.rootKey, now: s.clock.now(), expiresIn: 3_600 });
    const commands = ["x=$(head -c 60000000 /dev/zero | tr '\\0' x)", 'dd if=/dev/zero of=written bs=1M count=8 conv=fsync 2>/dev/null', `wget -q -O - ${JSON.stringify(url)} | wc -c`, 'sleep 1'];
    await house.project('busy', { environment, source: { type: 'NO_SOURCE', buildspec: buildspec(commands) } });
    const build = await house.run('busy');
    expect(await house.output(build)).toEqual([String(3 * MIB)]);
    const each: Readonly<Record<string, string>>[] = [{ ProjectName: 'busy' }, { ProjectName: 'busy', BuildId: build.id!, BuildNumber: '1' }];
    for (const dimensions of each) {
      expect(await most('CPUUtilized', dimensions)).toBeGreaterThan(0);
      expect(await most('CPUUtilizedPercent', dimensions)).toBeGreaterThan(0);
      const megabytes = await most('MemoryUtilized', dimensions);
      expect(megabytes).toBeGreaterThan(57);
      expect(megabytes).toBeLessThan(1_000);
      expect(await most('MemoryUtilizedPercent', dimensions)).toBeLessThan(25);
      // By the second: a build that takes two minutes here is not looked for.
      expect(await most('StorageWriteBytes', dimensions)).toBeGreaterThan((8 * MIB) / 120);
      expect(await most('StorageReadBytes', dimensions)).toBeGreaterThanOrEqual(0);
      const received = await most('NetworkRxBytes', dimensions);
      if (network) expect(received).toBeGreaterThan((3 * MIB) / 120);
      else expect(received).toBeUndefined();
      expect((await most('NetworkTxBytes', dimensions)) === undefined).toBe(!network);
    }
  }, 60_000);
});
