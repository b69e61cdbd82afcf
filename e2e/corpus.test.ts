import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  BuildspecError, HOST_KEYS, cacheFile, cacheVersion, folderCache, parseBuildspec, runBuild, runnerOf, savedCacheFile, seekCache, sourceFolder, zipArtifact,
  type BuildExit, type BuildSink, type BuildSpec, type CollectedArtifact, type ContainerRequest, type RunnerKind,
} from '@slipway/builder';
import { Slipway, cleanEnvironment, runToEnd, slipwayProgram, type Ended } from '@slipway/testkit';
import { BASH_IMAGE, makeTestImages, testEngines } from '../packages/builder/src/runners/testing/engines.ts';
import { checkBuild, corpus, makeRepositories, readLog, treeSeen, writeSource, type CorpusCase, type SeenArtifact, type SeenBuild } from './support/corpus.ts';
import { unzipTree } from './support/corpus-zip.ts';

const SOURCE = 'src1/src';
const identity = { CODEBUILD_CI: 'true', CODEBUILD_BUILD_ID: 'corpus:8f1a41b1-8d5a-4d4f-9a37-2a3a2f0f6e1b', CODEBUILD_RESOLVED_SOURCE_VERSION: '0123456789abcdef0123456789abcdef01234567' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-corpus-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** For the cases that need one: it has their repositories. */
let server: Slipway;
beforeAll(async () => {
  server = await Slipway.start();
  for (const one of corpus) await makeRepositories(server, one);
});
afterAll(() => server.stop());

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

  if (absent !== undefined) return it.skip(`${name}: ${absent}`);
  const able = built.filter((one) => one.runners.includes(kind) && isPossible(one, kind));
  it.each(able)('$name: $about', async (one) => checkBuild(one, await runInProcess(one, kind, container)), 60_000);
  it.skip.each(built.filter((one) => one.runners.includes(kind) && !isPossible(one, kind)))('$name needs root', () => undefined);
});

describe('slipway run', () => {
  const kind = places.find(({ name, absent }) => name === 'sandbox' && absent === undefined) ? 'sandbox' : 'plain';
  it.each(built.filter((one) => one.cli && one.runners.includes(kind) && isPossible(one, kind)))('$name: $about', async (one) => checkBuild(one, await runByCommand(one, kind)), 60_000);

  it.each(refused)('$name: ends with 2 and says why', async (one) => {
    await writeFile(join(folder, 'buildspec.yml'), one.buildspec);
    const { code, stderr } = await runToEnd(process.execPath, [slipwayProgram, 'run', '--runner', kind, folder], { env: cleanEnvironment({}) });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`line ${one.expect.refused?.line}, `) });
    expect(stderr).toContain(one.expect.refused?.says);
  });
});

/** Other users exist in a sandbox only for root. */
const isPossible = ({ root }: CorpusCase, kind: RunnerKind): boolean => !root || kind !== 'sandbox' || process.getuid?.() === 0;

const reaching = ({ repositories }: CorpusCase): Record<string, string> => {
  if (Object.keys(repositories).length === 0) return {};
  const { AWS_PAGER: _pager, ...variables } = server.cliEnvironment();
  return variables;
};

async function runInProcess(one: CorpusCase, runner: RunnerKind, container: ContainerRequest | undefined): Promise<SeenBuild> {
  const builds = [...one.before.map(({ env = one.env }) => env), one.env];
  let seen: SeenBuild | undefined;
  for (const [at, env] of builds.entries()) seen = await runOnce(one, { env, runner, container, place: join(folder, String(at)) });
  if (seen === undefined) throw new Error('no build has run');
  return seen;
}

async function runOnce(one: CorpusCase, { env, runner, container, place }: { env: Readonly<Record<string, string>>; runner: RunnerKind; container: ContainerRequest | undefined; place: string }): Promise<SeenBuild> {
  const source = sourceFolder(place, SOURCE);
  await writeSource(one, source);
  const output: string[] = [];
  const phases: Record<string, string> = {};
  let exported: Record<string, string> = {};
  const artifacts: CollectedArtifact[] = [];
  const buildspec = parseBuildspec(one.buildspec, { honours: HOST_KEYS });
  const hidden = { ...one.parameters, ...one.secretVariables };
  const store = buildspec.cache && folderCache(join(folder, 'cache', cacheVersion(buildspec.cache) || 'any'));
  const sought = store && buildspec.cache && (await seekCache(store, buildspec.cache, { env: { ...buildspec.variables, ...env }, source, file: cacheFile(place), inWords: String }));
  const spec: BuildSpec = {
    folder: place, runner, source: SOURCE, buildspec, env: { ...identity, ...reaching(one), ...env, ...hidden }, secrets: Object.values(hidden), notExported: Object.keys(hidden),
    ...(container === undefined ? {} : { container }), ...(one.timeout === undefined ? {} : { timeoutMs: one.timeout * 1_000 }),
    ...(sought === undefined || buildspec.cache === undefined ? {} : { cache: { paths: buildspec.cache.paths, restore: sought.restore, save: sought.save } }),
  };
  const sink: BuildSink = {
    // Lines of CodeBuild's own may be several: what follows a stamped one in the same batch belongs to it.
    log: (_, lines) => {
      if (lines[0]?.text.startsWith('[Container] ') !== true) output.push(...lines.map(({ text }) => text));
    },
    phaseStarted: () => undefined,
    phaseEnded: (phase, status, contexts) => {
      if (status !== 'STOPPED') phases[phase] = status === 'SUCCEEDED' ? status : contexts.map(({ statusCode, message }) => `${statusCode}: ${message}`).join('\n');
    },
    exported: (variables) => {
      exported = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    },
    artifact: (artifact) => void artifacts.push(artifact),
  };
  const exit = await runBuild(spec, sink);
  if (sought !== undefined && existsSync(savedCacheFile(place))) await store?.put(sought.key, savedCacheFile(place), { once: buildspec.cache?.key !== undefined });
  return { status: statusOf(exit, artifacts), output, phases, exported, artifacts: await seenArtifacts(artifacts), retry: exit.retry };
}

const statusOf = ({ status }: BuildExit, artifacts: readonly CollectedArtifact[]): string => (status === 'SUCCEEDED' && artifacts.some(({ error }) => error !== undefined) ? 'FAILED' : status);

async function seenArtifacts(artifacts: readonly CollectedArtifact[]): Promise<Record<string, SeenArtifact>> {
  const found: Record<string, SeenArtifact> = {};
  for (const { identifier, name, s3Prefix, manifest, error } of artifacts) {
    found[identifier ?? 'primary'] = { name, prefix: s3Prefix, ...(manifest === undefined ? {} : { files: await unzipTree(zipArtifact(manifest)) }), ...(error === undefined ? {} : { error: error.message }) };
  }
  return found;
}

/** All is seen by the log, the exit code and the folder of artifacts. */
async function runByCommand(one: CorpusCase, runner: string): Promise<SeenBuild> {
  const [source, out] = [join(folder, 'source'), join(folder, 'out')];
  await writeSource(one, source);
  await writeFile(join(folder, 'buildspec.yml'), one.buildspec);
  const hidden = { ...one.parameters, ...one.secretVariables };
  const start = (variables: Readonly<Record<string, string>>): Promise<Ended> => {
    const args = [
      '--runner', runner, '--buildspec', join(folder, 'buildspec.yml'), '--artifacts', out, ...(one.before.length > 0 ? ['--cache', join(folder, 'cache')] : []),
      ...(one.timeout === undefined ? [] : ['--timeout', String(one.timeout / 60)]), ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]), ...Object.keys(hidden).flatMap((name) => ['--secret', name]),
    ];
    return runToEnd(process.execPath, [slipwayProgram, 'run', ...args, source], { env: cleanEnvironment({ ...reaching(one), ...hidden }) });
  };
  for (const { env = one.env } of one.before) await start(env);
  const ended = await start(one.env);
  const lines = ended.stdout.replace(/\n$/, '').split('\n');
  expect(lines.filter((line) => /Retrying the build, \d+ of/.test(line))).toHaveLength(one.retries);
  expect([ended.code, ended.stderr]).toEqual([one.expect.status === 'SUCCEEDED' ? 0 : 1, '']);
  const timedOut = lines.some((line) => line.includes('Build TIMED_OUT'));
  const told = lines.flatMap((line) => /^\[Container\] \S+ \S+ (Exported variable|Artifact) (.*)$/.exec(line)?.slice(1, 3).join(' ') ?? []);
  const exported = Object.fromEntries(told.flatMap((line) => { const [, name = '', value = ''] = /^Exported variable (\w+)=(.*)$/.exec(line) ?? []; return name === '' ? [] : [[name, JSON.parse(value) as string]]; }));
  const secondary = Object.keys(one.expect.artifacts ?? {}).filter((identifier) => identifier !== 'primary');
  const artifacts = Object.keys(one.expect.artifacts ?? {}).map((identifier) => {
    const line = told.find((text) => new RegExp(`^Artifact ${identifier}[ :]`).test(text)) ?? '';
    const said = (what: string): string | undefined => { const quoted = new RegExp(`${what} ("(?:[^"\\\\]|\\\\.)*")`).exec(line)?.[1]; return quoted === undefined ? undefined : (JSON.parse(quoted) as string); };
    const files = identifier === 'primary' ? treeSeen(out, secondary) : treeSeen(join(out, identifier));
    return [identifier, { files, ...(line === '' ? {} : { name: said('name'), prefix: said('s3-prefix') }) }] as const;
  });
  return { status: timedOut ? 'TIMED_OUT' : ended.code === 0 ? 'SUCCEEDED' : 'FAILED', ...readLog(one, lines), exported, artifacts: Object.fromEntries(artifacts) };
}
