import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import {
  BuildspecError, HOST_KEYS, ImageUnavailable, containerLine, createMasker, diskLimits, findEngineSocket, loadBuildspec, parseBuildspec, provideImage, removeTree, runBuild, runnerOf, sourceFolder,
  type BuildExit, type BuildSink, type BuildSpec, type Buildspec, type CollectedArtifact, type ContainerRequest, type ExportedVariable, type PhaseContext,
} from '@slipway/builder';
import { UsageError } from '../usage.ts';
import { artifactLine, copyArtifact } from './artifacts.ts';
import { openCache, type RunCache } from './cache.ts';
import { HELP, runOptions, type RunOptions } from './options.ts';
import { buildspecFile, commitOf, copySource } from './source.ts';
import { ValueMissing, fetchValues } from './values.ts';

const INTERRUPTED = 130;

/** `slipway run`: the build of a folder, on this machine and without a server. */
export async function run(args: string[]): Promise<void> {
  const options = runOptions(args, process.env);
  if (options === undefined) return console.log(HELP);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    process.exitCode = await runFolder(options, { env: process.env, signal: stop.signal, write: (text) => void process.stdout.write(`${text}\n`) });
  } catch (error) {
    if (error instanceof BuildspecError) throw new UsageError(`${error.statusCode}: ${error.message}`, { cause: error });
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Takes one line of the log. */
  readonly write: (line: string) => void;
}

/** Runs the build, again if its buildspec wants that, and answers the exit code. @throws UsageError, BuildspecError */
async function runFolder(options: RunOptions, around: Surroundings): Promise<number> {
  const container = await usable(options, around.signal);
  const say = (text: string): void => around.write(containerLine(performance.timeOrigin + performance.now(), text));
  for (let retries = 0; ; retries += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-run-'));
    try {
      const exit = await runOnce(options, around, { folder, container, say });
      const count = exit.retry?.count ?? 0;
      if (retries >= count || around.signal.aborted) return exit.status === 'SUCCEEDED' ? 0 : exit.status === 'STOPPED' ? INTERRUPTED : 1;
      say(`Retrying the build, ${retries + 1} of ${count}: the phase ${exit.retry?.phase} failed`);
    } finally {
      await removeTree(folder);
    }
  }
}

async function usable({ runner, image, containerSocket, privileged }: RunOptions, signal: AbortSignal): Promise<ContainerRequest | undefined> {
  const socket = runner === 'container' ? (containerSocket ?? findEngineSocket()) : undefined;
  const reason = await runnerOf(runner).unavailable(socket === undefined ? undefined : { socket });
  if (reason !== undefined) throw new UsageError(`the runner ${runner} does not work here: ${reason}${runner === 'sandbox' ? '; --image IMAGE runs the commands in a container, --runner plain without isolation' : ''}`);
  if (image === undefined || socket === undefined) return undefined;
  try {
    const { id } = await provideImage({ socket, image, signal, pull: 'if-missing' });
    return { image, imageId: id, socket, ...(privileged ? { privileged } : {}) };
  } catch (error) {
    if (error instanceof ImageUnavailable) throw new UsageError(`the image ${image} is not to be had: ${error.message}`, { cause: error });
    throw error;
  }
}

interface Place {
  readonly folder: string;
  readonly container: ContainerRequest | undefined;
  readonly say: (text: string) => void;
}

async function runOnce(options: RunOptions, around: Surroundings, place: Place): Promise<Pick<BuildExit, 'status' | 'retry'>> {
  const prepared = await prepare(options, around, place);
  if (prepared === undefined) return { status: 'FAILED' };
  const { spec, cache, say } = prepared;
  const artifacts: CollectedArtifact[] = [];
  let exported: readonly ExportedVariable[] = [];
  const sink: BuildSink = {
    log: (_, lines) => around.write(lines.map(({ text }) => text).join('\n')),
    phaseStarted: () => undefined,
    phaseEnded: () => undefined,
    exported: (variables) => {
      exported = variables;
    },
    artifact: (artifact) => artifacts.push(artifact),
  };
  const exit = await runBuild(spec, sink, { signal: around.signal });
  if (exit.reason !== undefined) say(`Build ${exit.status}: ${exit.reason}`);
  const problem = await bringArtifacts(artifacts, options.artifacts, say);
  for (const line of await cache.save()) say(line);
  await tellExported(exported, options.exported, say);
  return { ...exit, status: problem !== undefined && exit.status === 'SUCCEEDED' ? 'FAILED' : exit.status };
}

interface Prepared {
  readonly spec: BuildSpec;
  readonly cache: RunCache;
  /** Writes a line of CodeBuild's own, masked. */
  readonly say: (text: string) => void;
}

/** DOWNLOAD_SOURCE; undefined when it has failed and said so. */
async function prepare(options: RunOptions, { env }: Surroundings, { folder, container, say: sayPlainly }: Place): Promise<Prepared | undefined> {
  const source = `src${randomInt(1e8, 1e9)}/src`;
  await copySource(options.folder, sourceFolder(folder, source), [options.artifacts, options.cache, options.exported].filter((path) => path !== undefined));
  const { buildspec, place } = await readBuildspec(options, sourceFolder(folder, source));
  const output = options.runner === 'plain' ? sourceFolder(folder, '') : '/codebuild/output';
  for (const line of ['Phase is DOWNLOAD_SOURCE', `CODEBUILD_SRC_DIR=${join(output, source)}`, `YAML location is ${place}`]) sayPlainly(line);
  let values: Record<string, string>;
  try {
    values = await fetchValues(buildspec, env, Object.keys(options.env));
  } catch (error) {
    if (!(error instanceof ValueMissing)) throw error;
    ended(sayPlainly, 'DOWNLOAD_SOURCE', { statusCode: 'CLIENT_ERROR', message: error.message });
    return undefined;
  }
  const variables = { ...values, ...options.env, ...(await identity(options, env)) };
  const secretVariables = secretsOf(options, buildspec, values);
  const secrets = [...Object.values(secretVariables), ...[env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']].filter((secret) => secret !== undefined)];
  // A cache's key is shown in the log and in the names of files.
  const open = Object.fromEntries(Object.entries({ ...buildspec.variables, ...variables }).filter(([name]) => !(name in secretVariables)));
  const cache = await openCache(options.cache, buildspec, { build: folder, source, env: open });
  const masker = createMasker(secrets);
  const say = (text: string): void => sayPlainly(masker.push(text) + masker.flush());
  for (const line of cache.lines) say(line);
  ended(say, 'DOWNLOAD_SOURCE');
  const spec: BuildSpec = {
    folder, runner: options.runner, buildspec, source, env: { ...aws(env, buildspec), ...variables }, secrets, notExported: options.secrets, timeoutMs: options.timeoutMs,
    network: { mode: options.network, ...(env['AWS_ENDPOINT_URL'] ? { endpoint: env['AWS_ENDPOINT_URL'] } : {}) },
    ...(container === undefined ? {} : { container }),
    ...(cache.spec === undefined ? {} : { cache: cache.spec }),
    ...(options.diskBytes === undefined ? {} : { limits: diskLimits(options.diskBytes) }),
    ...(options.artifacts === undefined ? { artifacts: 'none' } : {}),
  };
  return { spec, cache, say };
}

/** UPLOAD_ARTIFACTS. Answers what went wrong. */
async function bringArtifacts(artifacts: readonly CollectedArtifact[], to: string | undefined, say: (text: string) => void): Promise<PhaseContext | undefined> {
  const problem = artifacts.find(({ error }) => error !== undefined)?.error;
  if (to === undefined || artifacts.length === 0) return problem;
  say('Phase is UPLOAD_ARTIFACTS');
  for (const artifact of artifacts.filter(({ error }) => error === undefined)) {
    await copyArtifact(artifact, to);
    say(artifactLine(artifact, to));
  }
  ended(say, 'UPLOAD_ARTIFACTS', problem);
  return problem;
}

/** In JSON's quotes a value is one line, whatever it holds. */
async function tellExported(variables: readonly ExportedVariable[], file: string | undefined, say: (text: string) => void): Promise<void> {
  for (const { name, value } of variables) say(`Exported variable ${name}=${JSON.stringify(value)}`);
  if (file !== undefined) await writeFile(file, `${JSON.stringify(Object.fromEntries(variables.map(({ name, value }) => [name, value])), null, 2)}\n`);
}

/** By variable: what came from the parameter store or the secrets manager, or was given in its place or by --secret. */
function secretsOf({ env, secrets }: RunOptions, { parameterStore, secretsManager }: Buildspec, values: Readonly<Record<string, string>>): Record<string, string> {
  const given = new Set([...secrets, ...Object.keys(parameterStore), ...Object.keys(secretsManager)]);
  return { ...values, ...Object.fromEntries(Object.entries(env).filter(([name]) => given.has(name))) };
}

function ended(say: (text: string) => void, phase: string, problem?: PhaseContext): void {
  say(`Phase complete: ${phase} State: ${problem === undefined ? 'SUCCEEDED' : 'FAILED'}`);
  say(`Phase context status code: ${problem?.statusCode ?? ''} Message: ${problem?.message ?? ''}`);
}

async function readBuildspec({ folder, buildspec: wanted }: RunOptions, source: string): Promise<{ buildspec: Buildspec; place: string }> {
  const file = buildspecFile(folder, wanted);
  const buildspec = 'inside' in file ? await loadBuildspec(source, file.inside, { honours: HOST_KEYS }) : parseBuildspec(await outside(file.outside), { file: file.outside, honours: HOST_KEYS });
  const unsafe = Object.keys(buildspec.secondaryArtifacts).find((identifier) => !/^\w+$/.test(identifier));
  if (unsafe !== undefined) throw new UsageError(`the secondary artifact '${unsafe}' has no name for a folder; accepted are letters, digits and _`);
  return { buildspec, place: 'inside' in file ? join(folder, file.inside) : file.outside };
}

async function outside(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`the buildspec ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const AWS_NAMES = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** Where AWS is and who asks, as far as the buildspec does not say it itself. */
function aws(env: NodeJS.ProcessEnv, { variables }: Buildspec): Record<string, string> {
  return Object.fromEntries(AWS_NAMES.flatMap((name) => (env[name] === undefined || Object.hasOwn(variables, name) ? [] : [[name, env[name]]])));
}

/** What CodeBuild tells every build of itself. */
async function identity({ folder, image, runner }: RunOptions, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const project = basename(folder).replaceAll(/[^A-Za-z0-9_-]/g, '-') || 'local';
  const id = `${project}:${randomUUID()}`;
  const arn = `arn:aws:codebuild:${region}:000000000000`;
  const commit = await commitOf(folder);
  return {
    CODEBUILD_CI: 'true', CODEBUILD_BUILD_ID: id, CODEBUILD_BUILD_ARN: `${arn}:build/${id}`, CODEBUILD_PROJECT_ARN: `${arn}:project/${project}`,
    CODEBUILD_BUILD_NUMBER: '1', CODEBUILD_BUILD_IMAGE: image ?? runner, CODEBUILD_INITIATOR: userInfo().username, CODEBUILD_START_TIME: String(Date.now()),
    ...(commit === undefined ? {} : { CODEBUILD_RESOLVED_SOURCE_VERSION: commit, CODEBUILD_SOURCE_VERSION: commit }),
  };
}
