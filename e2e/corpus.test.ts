import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BuildspecError, HOST_KEYS, parseBuildspec, runBuild, runnerOf, sourceFolder, zipArtifact, type BuildSpec, type CollectedArtifact, type ContainerRequest, type RunnerKind } from '@slipway/builder';
import { cleanEnvironment, runToEnd, slipwayProgram } from '@slipway/testkit';
import { BASH_IMAGE, makeTestImages, testEngines } from '../packages/builder/src/runners/testing/engines.ts';
import { checkBuild, corpus, readLog, treeSeen, writeSource, type CorpusCase, type SeenBuild } from './support/corpus.ts';
import { unzipTree } from './support/corpus-zip.ts';

const SOURCE = 'src1/src';
const identity = { CODEBUILD_CI: 'true', CODEBUILD_BUILD_ID: 'corpus:8f1a41b1-8d5a-4d4f-9a37-2a3a2f0f6e1b', CODEBUILD_RESOLVED_SOURCE_VERSION: '0123456789abcdef0123456789abcdef01234567' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-corpus-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const engines = await testEngines();
const places: { name: string; kind: RunnerKind; absent: string | undefined; container?: ContainerRequest }[] = [
  { name: 'plain', kind: 'plain', absent: await runnerOf('plain').unavailable() },
  { name: 'sandbox', kind: 'sandbox', absent: await runnerOf('sandbox').unavailable() },
  ...engines.map(({ name, socket }) => ({ name: `${name} container`, kind: 'container' as const, absent: undefined, container: { image: BASH_IMAGE, socket } })),
  ...(engines.length > 0 ? [] : [{ name: 'container', kind: 'container' as const, absent: 'no engine was found; TEST_ENGINES names sockets' }]),
];

const refused = corpus.filter((one) => one.expect.refused !== undefined);
const built = corpus.filter((one) => one.expect.refused === undefined);

it('the corpus has its sixty and more', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(60);
});

describe('a buildspec that is refused', () => {
  it.each(refused)('$name: $about', ({ buildspec, expect: { refused: why } }) => {
    let error: unknown;
    try {
      parseBuildspec(buildspec, { honours: HOST_KEYS });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BuildspecError);
    expect(error).toMatchObject({ line: why?.line, message: expect.stringContaining(why?.says ?? '') });
  });
});

describe.each(places)('a build with the runner $name', ({ name, kind, absent, container }) => {
  beforeAll(async () => {
    for (const engine of engines) if (container?.socket === engine.socket) await makeTestImages(engine);
  }, 120_000);

  const able = built.filter(({ runners }) => runners.includes(kind));
  if (absent !== undefined) return it.skip(`${name}: ${absent}`);
  it.each(able)('$name: $about', async (one) => checkBuild(one, await runInProcess(one, kind, container)), 60_000);
});

describe('slipway run', () => {
  const kind = places.find(({ name, absent }) => name === 'sandbox' && absent === undefined) ? 'sandbox' : 'plain';
  it.each(built.filter(({ cli, runners }) => cli && runners.includes(kind)))('$name: $about', async (one) => checkBuild(one, await runByCommand(one, kind)), 60_000);

  it.each(refused)('$name: ends with 2 and says why', async (one) => {
    await writeFile(join(folder, 'buildspec.yml'), one.buildspec);
    const { code, stderr } = await runToEnd(process.execPath, [slipwayProgram, 'run', '--runner', kind, folder], { env: cleanEnvironment({}) });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`line ${one.expect.refused?.line}, `) });
    expect(stderr).toContain(one.expect.refused?.says);
  });
});

async function runInProcess(one: CorpusCase, runner: RunnerKind, container: ContainerRequest | undefined): Promise<SeenBuild> {
  await writeSource(one, sourceFolder(folder, SOURCE));
  const output: string[] = [];
  const phases: Record<string, string> = {};
  let exported: Record<string, string> = {};
  const artifacts: CollectedArtifact[] = [];
  const spec: BuildSpec = {
    folder, runner, source: SOURCE, buildspec: parseBuildspec(one.buildspec, { honours: HOST_KEYS }), env: { ...identity, ...one.env }, secrets: one.secrets, ...(container === undefined ? {} : { container }),
  };
  const exit = await runBuild(spec, {
    // Lines of CodeBuild's own may be several: what follows a stamped one in the same batch belongs to it.
    log: (_, lines) => {
      if (lines[0]?.text.startsWith('[Container] ') !== true) output.push(...lines.map(({ text }) => text));
    },
    phaseStarted: () => undefined,
    phaseEnded: (phase, status, contexts) => {
      phases[phase] = status === 'SUCCEEDED' ? status : contexts.map(({ statusCode, message }) => `${statusCode}: ${message}`).join('\n');
    },
    exported: (variables) => {
      exported = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    },
    artifact: (artifact) => void artifacts.push(artifact),
  });
  const found: Record<string, { name?: string | undefined; files?: Record<string, string>; error?: string }> = {};
  for (const { identifier, name, manifest, error } of artifacts) {
    found[identifier ?? 'primary'] = { name, ...(manifest === undefined ? {} : { files: await unzipTree(zipArtifact(manifest)) }), ...(error === undefined ? {} : { error: error.message }) };
  }
  const status = exit.status === 'SUCCEEDED' && artifacts.some(({ error }) => error !== undefined) ? 'FAILED' : exit.status;
  return { status, output, phases, exported, artifacts: found, retry: exit.retry };
}

/** Exported variables and names of artifacts are not seen; everything else is, by the log, the exit code and the folder of artifacts. */
async function runByCommand(one: CorpusCase, runner: string): Promise<SeenBuild> {
  const source = join(folder, 'source');
  const out = join(folder, 'out');
  await writeSource(one, source);
  await writeFile(join(folder, 'buildspec.yml'), one.buildspec);
  const env = Object.entries(one.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const ended = await runToEnd(process.execPath, [slipwayProgram, 'run', '--runner', runner, '--buildspec', join(folder, 'buildspec.yml'), '--artifacts', out, ...env, source], { env: cleanEnvironment({}) });
  const lines = ended.stdout.replace(/\n$/, '').split('\n');
  expect(lines.filter((line) => /Retrying the build, \d+ of/.test(line))).toHaveLength(one.retries);
  expect([ended.code, ended.stderr]).toEqual([one.expect.status === 'SUCCEEDED' ? 0 : 1, '']);
  const secondary = Object.keys(one.expect.artifacts ?? {}).filter((identifier) => identifier !== 'primary');
  const found = Object.keys(one.expect.artifacts ?? {}).map((identifier) => [identifier, { files: identifier === 'primary' ? treeSeen(out, secondary) : treeSeen(join(out, identifier)) }] as const);
  return { status: ended.code === 0 ? 'SUCCEEDED' : 'FAILED', ...readLog(one, lines), artifacts: Object.fromEntries(found) };
}
