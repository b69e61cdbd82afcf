import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import {
  BuildspecError, HOST_KEYS, containerLine, findEngineSocket, loadBuildspec, parseBuildspec, runBuild, runnerOf, sourceFolder,
  type BuildExit, type BuildSink, type BuildSpec, type Buildspec, type CollectedArtifact, type ContainerRequest, type PhaseContext,
} from '@slipway/builder';
import { UsageError } from '../usage.ts';
import { copyArtifact } from './artifacts.ts';
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
  const container = await usable(options);
  const say = (text: string): void => around.write(containerLine(performance.timeOrigin + performance.now(), text));
  for (let retries = 0; ; retries += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-run-'));
    try {
      const exit = await runOnce(options, around, { folder, container, say });
      const count = exit.retry?.count ?? 0;
      if (retries >= count || around.signal.aborted) return exit.status === 'SUCCEEDED' ? 0 : exit.status === 'STOPPED' ? INTERRUPTED : 1;
      say(`Retrying the build, ${retries + 1} of ${count}: the phase ${exit.retry?.phase} failed`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function usable({ runner, image }: RunOptions): Promise<ContainerRequest | undefined> {
  const reason = await runnerOf(runner).unavailable();
  if (reason !== undefined) throw new UsageError(`the runner ${runner} does not work here: ${reason}${runner === 'sandbox' ? '; --runner plain runs the commands without isolation' : ''}`);
  const socket = findEngineSocket();
  return runner === 'container' && image !== undefined && socket !== undefined ? { image, socket } : undefined;
}

interface Place {
  readonly folder: string;
  readonly container: ContainerRequest | undefined;
  readonly say: (text: string) => void;
}

async function runOnce(options: RunOptions, { env, signal, write }: Surroundings, { folder, container, say }: Place): Promise<Pick<BuildExit, 'status' | 'retry'>> {
  const source = `src${randomInt(1e8, 1e9)}/src`;
  await copySource(options.folder, sourceFolder(folder, source), options.artifacts);
  const { buildspec, place } = await readBuildspec(options, sourceFolder(folder, source));
  const output = options.runner === 'plain' ? sourceFolder(folder, '') : '/codebuild/output';
  for (const line of ['Phase is DOWNLOAD_SOURCE', `CODEBUILD_SRC_DIR=${join(output, source)}`, `YAML location is ${place}`]) say(line);
  let values: Record<string, string>;
  try {
    values = await fetchValues(buildspec, env);
  } catch (error) {
    if (!(error instanceof ValueMissing)) throw error;
    ended(say, 'DOWNLOAD_SOURCE', { statusCode: 'CLIENT_ERROR', message: error.message });
    return { status: 'FAILED' };
  }
  if (buildspec.cache !== undefined) say('Cache is not configured for this build: the paths of the buildspec are neither restored nor saved');
  ended(say, 'DOWNLOAD_SOURCE');
  const artifacts: CollectedArtifact[] = [];
  const sink: BuildSink = {
    log: (_, lines) => write(lines.map(({ text }) => text).join('\n')),
    phaseStarted: () => undefined,
    phaseEnded: () => undefined,
    exported: () => undefined,
    artifact: (artifact) => artifacts.push(artifact),
  };
  const given = { ...aws(env, buildspec), ...values, ...options.env, ...(await identity(options, env)) };
  const spec: BuildSpec = {
    folder, runner: options.runner, buildspec, source, env: given,
    secrets: [...Object.values(values), ...[env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']].filter((secret) => secret !== undefined)],
    timeoutMs: options.timeoutMs,
    ...(container === undefined ? {} : { container }),
    ...(options.artifacts === undefined ? { artifacts: 'none' } : {}),
  };
  const exit = await runBuild(spec, sink, { signal });
  if (exit.reason !== undefined) say(`Build ${exit.status}: ${exit.reason}`);
  const problem = artifacts.find(({ error }) => error !== undefined)?.error;
  if (options.artifacts !== undefined && artifacts.length > 0) {
    say('Phase is UPLOAD_ARTIFACTS');
    for (const artifact of artifacts) await copyArtifact(artifact, options.artifacts);
    ended(say, 'UPLOAD_ARTIFACTS', problem);
  }
  return { ...exit, status: problem !== undefined && exit.status === 'SUCCEEDED' ? 'FAILED' : exit.status };
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
