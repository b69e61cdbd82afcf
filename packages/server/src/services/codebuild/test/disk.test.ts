import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { uuidOf } from '../builds/build.ts';
import { buildsOf, buildspec, phase, phaseNames } from './house.ts';
import { gone } from './leftovers.ts';

const engines = await testEngines();
const sandbox = (await sandboxRunner.unavailable()) === undefined;
const compute = { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const curated = { ...compute, image: 'aws/codebuild/standard:7.0' };
const OUT_OF_DISK = 'The processes of the build were killed, out of disk: the limit of the build is 64 MB';
const OUT_OF_INODES = 'The processes of the build were killed, out of inodes: the limit of the build is 4,096 files and folders';

const places = [
  { name: 'plain processes', runner: 'plain', environment: curated, settings: {} },
  ...(sandbox ? [{ name: 'a sandbox', runner: 'auto', environment: curated, settings: {} }] as const : []),
  ...engines.map(({ name, socket }) => ({ name: `a container of ${name}`, runner: 'auto', environment: { ...compute, image: BASH_IMAGE }, settings: { SLIPWAY_CONTAINER_SOCKET: socket } } as const)),
] as const;
if (!sandbox) it.skip('builds in sandboxes (bubblewrap does not work here)');
if (engines.length === 0) it.skip('builds in containers (no engine was found; TEST_ENGINES names sockets)');

beforeAll(async () => {
  for (const engine of engines) await makeTestImages(engine);
}, 120_000);

describe.each(places)('A build in $name with --build-disk', ({ runner, environment, settings }) => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner, settings: { ...settings, SLIPWAY_BUILD_DISK: '64MB' } });
    house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'made' });
  });
  afterAll(() => s.stop());

  const project = (name: string, commands: readonly string[]) => house.project(name, {
    environment, source: { type: 'NO_SOURCE', buildspec: `${buildspec(commands)}artifacts:\n  files: small\n` }, artifacts: { type: 'S3', location: 'made', name, packaging: 'NONE', path: '/' },
  });

  it('fails alone when it fills its disk or makes too many files, and says which; its neighbour and the server do not notice', async () => {
    await project('neighbour', ['i=0; while [ $i -lt 30 ]; do echo $i >> small; sleep 0.1; i=$((i+1)); done']);
    await project('filling', ['echo small > small', 'dd if=/dev/zero of=big bs=1M']);
    await project('many', ['echo small > small', 'i=0; while :; do : > f$i; i=$((i+1)); done']);
    const ids = [await house.start('neighbour'), await house.start('filling'), await house.start('many')] as const;
    const [neighbour, filling, many] = [await house.ended(ids[0]), await house.ended(ids[1]), await house.ended(ids[2])];
    expect(neighbour.buildStatus).toBe('SUCCEEDED');
    expect((await house.object('made', 'neighbour/small')).toString()).toMatch(/^0\n[^]*29\n$/);
    for (const [build, message] of [[filling, OUT_OF_DISK], [many, OUT_OF_INODES]] as const) {
      expect(build.buildStatus).toBe('FAILED');
      expect(phase(build, 'BUILD')).toMatchObject({ phaseStatus: 'FAILED', contexts: [{ statusCode: 'COMMAND_EXECUTION_ERROR', message }] });
      expect(phaseNames(build)).not.toContain('POST_BUILD');
      expect((await house.log(build)).filter((line) => line.endsWith(`Phase context status code: COMMAND_EXECUTION_ERROR Message: ${message}`))).toHaveLength(1);
    }
    expect(readdirSync(join(s.data, 'builds')).toSorted().filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(s.data);
  }, 90_000);

  it('leaves nothing of what it wrote when it is stopped', async () => {
    await project('stopped', ['dd if=/dev/zero of=half bs=1M count=20 2>/dev/null', 'echo begun', 'sleep 1000']);
    const id = await house.start('stopped');
    await expect.poll(async () => (await house.log(await house.build(id)).catch((): string[] => [])).includes('begun'), { timeout: 30_000 }).toBe(true);
    await s.aws.codebuild.stopBuild({ id });
    expect((await house.ended(id)).buildStatus).toBe('STOPPED');
    expect(readdirSync(join(s.data, 'builds')).filter((name) => !name.startsWith('.'))).toEqual([]);
  }, 60_000);
});

describe('A build that fills its disk', () => {
  let data: string;
  let s: Slipway;
  const settings = { SLIPWAY_BUILD_DISK: '64MB' };
  const runner = sandbox ? 'auto' : 'plain';
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'slipway-disk-'));
    s = await Slipway.start({ data, runner, settings });
  });
  afterEach(async () => {
    await s.stop();
    await rm(data, { recursive: true, force: true });
  });

  const begun = async (id: string): Promise<{ pid: number }> => {
    await s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');
    return JSON.parse(await readFile(join(data, 'builds', uuidOf(id), 'claim'), 'utf8')) as { pid: number };
  };

  it('is ended while no server runs, and what it took is free before one comes back', async () => {
    const before = buildsOf(s);
    await before.project('away', { source: { type: 'NO_SOURCE', buildspec: buildspec(['sleep 2', 'dd if=/dev/zero of=big bs=1M']) } });
    const id = await before.start('away');
    const { pid } = await begun(id);
    await s.stop();
    await gone(pid);
    expect(readdirSync(join(data, 'builds', uuidOf(id)))).not.toContain('codebuild');
    s = await Slipway.start({ data, runner, settings });
    await s.settled();
    const build = await buildsOf(s).build(id);
    expect(build.buildStatus).toBe('FAILED');
    expect(phase(build, 'BUILD')!.contexts![0]!.message).toBe(OUT_OF_DISK);
  }, 60_000);

  it('never begins when its source is more than its disk takes', async () => {
    const house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'sources' });
    for (let at = 0; at < 10; at += 1) await s.aws.s3.putObject({ Bucket: 'sources', Key: `much/part${at}`, Body: Buffer.alloc(8 * 1024 ** 2, at) });
    await house.project('much', { source: { type: 'S3', location: 'sources/much/', buildspec: buildspec(['true']) } });
    const build = await house.run('much');
    expect(build.buildStatus).toBe('FAILED');
    expect(phase(build, 'DOWNLOAD_SOURCE')).toMatchObject({ phaseStatus: 'FAILED', contexts: [{ statusCode: 'CLIENT_ERROR', message: 'The source and the cache of the build do not fit, out of disk: the limit of the build is 64 MB' }] });
    expect(readdirSync(join(data, 'builds')).filter((name) => !name.startsWith('.'))).toEqual([]);
  }, 60_000);

  it('leaves nothing when its supervisor is killed', async () => {
    const house = buildsOf(s);
    await house.project('killed', { source: { type: 'NO_SOURCE', buildspec: buildspec(['dd if=/dev/zero of=half bs=1M count=20 2>/dev/null; sleep 1000']) } });
    const id = await house.start('killed');
    process.kill((await begun(id)).pid, 'SIGKILL');
    expect((await house.ended(id)).buildStatus).toBe('FAULT');
    expect(readdirSync(join(data, 'builds')).filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(data);
  }, 60_000);
});
