import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runBuild } from './build.ts';
import type { BuildExit, BuildSpec, CollectedArtifact } from './build.ts';
import { parseBuildspec } from './buildspec/parse.ts';
import type { PhaseContext } from './phases/phases.ts';
import type { Limits } from './runners/limits/compute.ts';
import { plainRunner } from './runners/plain.ts';
import { buildProcesses } from './runners/processes.ts';
import { isolatingVariants } from './runners/testing/variants.ts';
import type { Variant } from './runners/testing/variants.ts';

const MIB = 1024 ** 2;
const { variants, absent, makeImages } = await isolatingVariants({ memoryBytes: 512 * MIB });
const plain: Variant = { name: 'plain process', runner: plainRunner, request: {}, shells: ['sh'] };
const OUT_OF_DISK = 'The processes of the build were killed, out of disk: the limit of the build is 50 MB';
const OUT_OF_INODES = 'The processes of the build were killed, out of inodes: the limit of the build is 500 files and folders';

for (const why of absent) test.skip(`builds that run out of disk in ${why}`);

beforeAll(makeImages, 120_000);

interface Ran {
  readonly exit: BuildExit;
  readonly log: readonly string[];
  readonly contexts: readonly PhaseContext[];
  readonly artifacts: readonly CollectedArtifact[];
  /** From the first command to the end of its phase. */
  readonly ms: number;
}

let folders: string[] = [];

afterEach(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  folders = [];
});

async function run({ runner, request }: Variant, commands: readonly string[], limits: Limits, more = '', disk = tmpdir()): Promise<Ran> {
  const folder = await mkdtemp(join(disk, 'slipway-disk-'));
  folders.push(folder);
  const mark = randomUUID();
  let [from, to] = [0, 0];
  const log: string[] = [];
  const contexts: PhaseContext[] = [];
  const artifacts: CollectedArtifact[] = [];
  const buildspec = parseBuildspec(`version: 0.2\nphases:\n  build:\n    commands:\n${commands.map((command) => `      - ${JSON.stringify(command)}\n`).join('')}${more}`);
  const { limits: usual, ...place } = request;
  const spec: BuildSpec = { ...(place as Partial<BuildSpec>), folder, runner: runner.kind, buildspec, source: 'src/src', env: {}, limits: { ...usual, ...limits } };
  const exit = await runBuild(spec, {
    log(_, batch) {
      log.push(...batch.map(({ text }) => text));
      if (batch.some(({ text }) => text.includes('Running command'))) from = performance.now();
    },
    phaseStarted: () => undefined,
    phaseEnded(_phase, _status, found) {
      contexts.push(...found);
      if (found.length > 0) to = performance.now();
    },
    exported: () => undefined,
    artifact: (artifact) => void artifacts.push(artifact),
  }, { mark });
  expect(buildProcesses(mark)).toEqual([]);
  expect(await readdir(folder)).not.toContain('system');
  if (contexts.some(({ message }) => message.includes('were killed'))) expect(existsSync(join(folder, 'codebuild'))).toBe(false);
  return { exit, log, contexts, artifacts, ms: to - from };
}

const DISK = { diskBytes: 50 * MIB };
const INODES = { inodes: 500 };

describe.each([plain, ...variants])('a build in a $name', (variant) => {
  let neighbour: Promise<Ran>;

  beforeEach(() => {
    neighbour = run(variant, ['i=0; while [ $i -lt 20 ]; do echo $i >> small; sleep 0.1; i=$((i+1)); done'], { ...DISK, ...INODES });
  });

  afterEach(async () => {
    expect((await neighbour).contexts).toEqual([]);
    expect((await neighbour).exit.status).toBe('SUCCEEDED');
  });

  test.each([
    ['writes without end', 'dd if=/dev/zero of=big bs=1M'],
    ['writes to a file that it has removed', 'exec 3>gone; rm gone; dd if=/dev/zero bs=1M >&3'],
    ...(variant.runner.kind === 'container' ? [] : [['preallocates', 'fallocate -l 200M big && sleep 30']] as const),
    ...(variant.runner.kind === 'sandbox' ? [['fills its /tmp', 'dd if=/dev/zero of=/tmp/big bs=1M'], ['fills its home', 'dd if=/dev/zero of=/root/big bs=1M']] as const : []),
    ...(variant === plain ? [] : [['fills its system', 'mkdir -p /var/lib && dd if=/dev/zero of=/var/lib/big bs=1M']] as const),
  ] as const)('that %s fails alone, and its context and its log say that it is out of disk', async (_, command) => {
    const { exit, log, contexts, ms } = await run(variant, [command], DISK);
    expect(exit.status).toBe('FAILED');
    expect(contexts).toEqual([{ statusCode: 'COMMAND_EXECUTION_ERROR', message: OUT_OF_DISK }]);
    expect(log.filter((line) => line.includes(OUT_OF_DISK))).toHaveLength(1);
    expect(ms).toBeLessThan(15_000);
  }, 60_000);

  test.each([
    ...(variant.runner.kind === 'container' ? [] : [['its source', '.']] as const),
    ...(variant === plain ? [] : [['its /tmp', '/tmp']] as const),
  ] as const)('that makes files without end in %s fails alone, and its context and its log say so', async (_, where) => {
    const { exit, log, contexts, ms } = await run(variant, [`cd ${where}; i=0; while :; do : > f$i; i=$((i+1)); done`], INODES);
    expect(exit.status).toBe('FAILED');
    expect(contexts).toEqual([{ statusCode: 'COMMAND_EXECUTION_ERROR', message: OUT_OF_INODES }]);
    expect(log.filter((line) => line.includes(OUT_OF_INODES))).toHaveLength(1);
    expect(ms).toBeLessThan(15_000);
  }, 60_000);
});

/** A disk of its own for tests that use one up; only root can mount one. */
const mounts = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
if (!mounts) test.skip('builds that use up the disk together (this user may not mount one)');

describe.runIf(mounts)('builds that use up the disk together, each within its limit', () => {
  let disk: string;
  beforeEach(async () => {
    disk = await mkdtemp(join(tmpdir(), 'slipway-mount-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,nr_inodes=20000', 'none', disk]);
  });
  afterEach(async () => {
    execFileSync('umount', ['--lazy', disk]);
    await rm(disk, { recursive: true });
  });

  test('lose the largest of them, and the others go on', async () => {
    const large = 'while :; do dd if=/dev/zero bs=1M count=1 2>/dev/null >> large || exit 1; done';
    const [filling, other, small] = await Promise.all([
      run(plain, ['sleep 1', large], {}, '', disk),
      run(plain, ['dd if=/dev/zero of=other bs=1M count=100 2>/dev/null; sleep 6; test -s other'], {}, '', disk),
      run(plain, ['i=0; while [ $i -lt 60 ]; do echo $i >> small || exit 1; sleep 0.1; i=$((i+1)); done'], {}, '', disk),
    ]);
    expect([other.exit.status, small.exit.status]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(filling.contexts).toEqual([{ statusCode: 'COMMAND_EXECUTION_ERROR', message: expect.stringMatching(/^The processes of the build were killed, out of disk: this machine has \d+ MB left, 64 MB stay free for others, and the build uses \d+ MB$/) }]);
  }, 60_000);
});

test('a build that ends before anybody has looked fails all the same, and uploads nothing', async () => {
  const { exit, log, contexts, artifacts } = await run(plain, ['dd if=/dev/zero of=big bs=1M count=60 2>/dev/null & wait'], { diskBytes: 5 * MIB }, 'artifacts:\n  files: big\n');
  expect(exit.status).toBe('FAILED');
  if (contexts.length === 0) {
    expect(log.at(-1)).toMatch(/The build was ended, out of disk: the limit of the build is 5 MB$/);
    expect(artifacts).toEqual([{ identifier: null, error: { statusCode: 'CLIENT_ERROR', message: 'The build was ended, out of disk: the limit of the build is 5 MB' } }]);
  } else expect(artifacts).toEqual([]);
}, 30_000);

test('a build without limits of its own may make no file that the machine has no room for', async () => {
  const { exit, contexts } = await run(plain, ['dd if=/dev/zero of=big bs=1 count=1 seek=900000000M'], {});
  expect(exit.status).toBe('FAILED');
  expect(contexts[0]?.message).toMatch(/exit status 153, out of disk: a file was to be larger than the \d+ GB that this machine has room for$/);
}, 30_000);

test('a build that keeps within its disk is left alone, whatever lies in it', async () => {
  const { exit, log } = await run(plain, ['dd if=/dev/zero of=a bs=1M count=20 2>/dev/null; rm a; dd if=/dev/zero of=b bs=1M count=40 2>/dev/null; ln b c; truncate -s 1G gaps; sleep 2; rm b c'], DISK);
  expect(exit.status).toBe('SUCCEEDED');
  expect(log.join('\n')).not.toContain('out of');
}, 30_000);
