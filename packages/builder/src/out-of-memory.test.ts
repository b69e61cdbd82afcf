import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runBuild } from './build.ts';
import type { BuildExit, BuildSpec } from './build.ts';
import { parseBuildspec } from './buildspec/parse.ts';
import type { PhaseContext } from './phases/phases.ts';
import { isolatingVariants } from './runners/testing/variants.ts';

const MIB = 1024 ** 2;
const { variants, absent, makeImages } = await isolatingVariants({ computeType: 'BUILD_GENERAL1_SMALL', memoryBytes: 256 * MIB });
const CAUSE = 'out of memory: the limit of compute type BUILD_GENERAL1_SMALL is 256 MB';
const TOO_MUCH = 'dd if=/dev/zero of=/dev/null bs=600M count=1';

for (const why of absent) test.skip(`builds that run out of memory in ${why}`);

beforeAll(makeImages, 120_000);

describe.each(variants)('a build in a $name that runs out of memory', ({ runner, request }) => {
  let folder: string;
  let lines: string[];
  let contexts: PhaseContext[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-memory-'));
    [lines, contexts] = [[], []];
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function run(...commands: readonly string[]): Promise<BuildExit> {
    const buildspec = parseBuildspec(`version: 0.2\nphases:\n  build:\n    commands:\n${commands.map((command) => `      - ${JSON.stringify(command)}\n`).join('')}  post_build:\n    commands:\n      - 'false'\n`);
    const spec: BuildSpec = { ...(request as Partial<BuildSpec>), folder, runner: runner.kind, buildspec, source: 'src/src', env: {} };
    return runBuild(spec, {
      log: (_, batch) => lines.push(...batch.map(({ text }) => text)), phaseStarted: () => undefined, phaseEnded: (_phase, _status, more) => contexts.push(...more), exported: () => undefined, artifact: () => undefined,
    });
  }

  test('says so where the command fails, and not of what fails later', async () => {
    expect((await run(TOO_MUCH)).status).toBe('FAILED');
    expect(contexts.map(({ message }) => message)).toEqual([
      expect.stringMatching(new RegExp(`^Error while executing command: ${TOO_MUCH}\\. Reason: exit status \\d+, ${CAUSE}$`)),
      'Error while executing command: false. Reason: exit status 1',
    ]);
    expect(lines.filter((line) => line.includes(CAUSE))).toHaveLength(1);
  }, 60_000);

  test('says so in its log where no command fails by it', async () => {
    await run(`${TOO_MUCH} || true`);
    expect(contexts.map(({ message }) => message)).toEqual(['Error while executing command: false. Reason: exit status 1']);
    expect(lines.filter((line) => line.endsWith(`Processes of the build were killed: ${CAUSE}`))).toHaveLength(1);
  }, 60_000);
});
