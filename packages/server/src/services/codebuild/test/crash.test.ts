import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { awsClients, crashEveryPoint, Slipway, slipwayProgram, type Aws } from '@slipway/testkit';
import { buildsOf, buildspec } from './house.ts';

interface World {
  readonly data: string;
}

const rootKey = { accessKeyId: 'AKIAROOTOFTHETESTKIT', secretAccessKey: 'a-secret-that-only-tests-know-0123456789' };
const lines = 50;
const spec = `${buildspec([`i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i"; sleep 0.005; done`, 'echo run >> made'])}artifacts:\n  files: [made]\n`;
const token = 'the-only-build';

function again(error: Error): void {
  if (!/AlreadyExists|AlreadyOwned/.test(error.name)) throw error;
}

/** Everything here may be said twice: the program may have died after it had done it. */
async function ask(aws: Aws): Promise<void> {
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Action: 'sts:AssumeRole' }] };
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  await aws.iam.createRole({ RoleName: 'builder', AssumeRolePolicyDocument: JSON.stringify(trust) }).then(() => undefined, again);
  await aws.iam.putRolePolicy({ RoleName: 'builder', PolicyName: 'all', PolicyDocument: JSON.stringify(all) });
  await aws.s3.createBucket({ Bucket: 'store' }).then(() => undefined, again);
  await aws.codebuild.createProject({
    name: 'crash', serviceRole: 'arn:aws:iam::000000000000:role/builder', source: { type: 'NO_SOURCE', buildspec: spec }, artifacts: { type: 'S3', location: 'store', name: '/' },
    environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
  }).then(() => undefined, again);
  const { build } = await aws.codebuild.startBuild({ projectName: 'crash', idempotencyToken: token });
  for (;;) {
    const [found] = (await aws.codebuild.batchGetBuilds({ ids: [build!.id!] })).builds!;
    if (found!.buildComplete) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function drive(_world: World, program: ChildProcess): Promise<void> {
  let endpoint: string | undefined;
  for await (const line of createInterface({ input: program.stdout! })) {
    endpoint = /^Slipway listening on (\S+)$/.exec(line)?.[1];
    if (endpoint) break;
  }
  if (endpoint === undefined) throw new Error('The server did not start');
  const { aws, destroy } = awsClients({ endpoint, region: 'us-east-1', credentials: rootKey, clockOffset: () => 0 });
  try {
    await ask(aws);
  } finally {
    destroy();
  }
}

/** One build, run once, with every line once and in order, its artifact stored, nothing left behind. */
async function check({ data }: World): Promise<void> {
  const s = await Slipway.start({ data, runner: 'plain' });
  try {
    await s.settled();
    const house = buildsOf(s);
    const { ids } = await s.aws.codebuild.listBuilds({});
    expect(ids).toHaveLength(1);
    const build = await house.build(ids![0]!);
    const problems = build.phases!.flatMap(({ phaseType, contexts }) => (contexts ?? []).filter(({ message }) => message).map(({ message }) => `${phaseType}: ${message}`));
    expect([build.buildStatus, ...problems]).toEqual(['SUCCEEDED']);
    expect(await house.output(build)).toEqual(Array.from({ length: lines }, (_, n) => `line ${n + 1}`));
    expect((await house.log(build)).filter((line) => /Phase complete/.test(line)).length).toBeGreaterThanOrEqual(6);
    expect((await house.object('store', 'made')).toString()).toBe('run\n');
    expect(existsSync(join(data, 'builds', build.id!.slice('crash:'.length)))).toBe(false);
  } finally {
    await s.stop();
  }
}

it('A build comes to the same end when its server is killed before or after any commit, rename or spawn', { timeout: 600_000 }, async () => {
  const { crashed } = await crashEveryPoint<World>({
    prepare: async () => ({ data: mkdtempSync(join(tmpdir(), 'slipway-crash-')) }),
    command: ({ data }) => ({
      args: [slipwayProgram, 'start'],
      env: {
        SLIPWAY_DATA: data, SLIPWAY_PORT: '0', SLIPWAY_RUNNER: 'plain', SLIPWAY_LOG_LEVEL: 'error',
        SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
      },
    }),
    drive,
    check,
    remove: async ({ data }) => rmSync(data, { recursive: true, force: true }),
    kinds: ['commit', 'spawn', 'rename'],
    sample: { seed: 7, count: Number(process.env['CRASH_POINTS'] ?? 6) },
    parallel: 2,
  });
  expect(crashed).toBeGreaterThan(0);
});
