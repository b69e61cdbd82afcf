import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildspecError, isLaunched, launch, launchInProcess, OutOfDisk, revoke, sourceFolder, withinDisk, type BuildSpec, type Buildspec, type Runtimes } from '@slipway/builder';
import type { PhaseContext } from '@slipway/contracts/codebuild';
import type { JobRun } from '../../../engine/jobs.ts';
import type { Caller } from '../../../kernel/caller.ts';
import { wantsArtifacts } from '../artifacts/destinations.ts';
import { hasLog, type StoredBuild } from '../builds/build.ts';
import { buildspecPlace, readBuildspec } from '../environment/buildspec.ts';
import { keptGit, restoreCache, type RestoredCache } from '../cache/index.ts';
import { readCertificate } from '../environment/certificate.ts';
import { cleanUp } from './cleanup.ts';
import { phaseLines } from './commit.ts';
import { deadlineOf, endHere, enter, leave } from './decide.ts';
import { tokenPurpose } from '../environment/credentials-door.ts';
import { buildEnvironment, unseenVariables } from '../environment/environment.ts';
import { becomeRole } from './held.ts';
import { unlessInterrupted } from './interrupting.ts';
import { limitsOf, placeOf, placeSpec } from '../runner/runner.ts';
import { SourceError, type FetchedSources } from '../sources/index.ts';
import type { StepDeps, StepRunner } from './step.ts';
import { givenVariables, VariableError, type GivenVariables } from '../environment/variables.ts';

/**
 * DOWNLOAD_SOURCE: everything that the build needs is put into its folder, and its supervisor started. A crash on the
 * way begins it anew in an empty folder, but never when a supervisor has claimed it: a build runs once.
 */
export const download: StepRunner = async (deps, run, build) => {
  const { clock, commit } = deps;
  const folder = deps.folderOf(build);
  // One that a server before us launched may be about to take the build: either it has, or it never will.
  if (!(await isLaunched(folder)) && (await revoke(folder))) {
    const prepared = await unlessInterrupted(deps, run, build, (signal) => prepare(deps, signal, build, folder));
    if (!prepared) return 'on';
    if ('problem' in prepared) {
      const { statusCode, message } = prepared.problem;
      await commit(run, build, endHere(build, clock.now(), { status: 'FAILED', context: prepared.problem }), { lines: phaseLines('DOWNLOAD_SOURCE', 'FAILED', { statusCode, message }) });
      return 'on';
    }
    return begin(deps, run, build, folder, prepared);
  }
  return running(deps, run, build);
};

interface Prepared {
  readonly sources: FetchedSources;
  readonly buildspec: Buildspec;
  readonly variables: GivenVariables;
  readonly certificate?: string;
  readonly cache: RestoredCache;
}

/** What an image has is known only when the build runs in it. */
async function runtimesOf({ runner, runtimes }: StepDeps, { definition }: StoredBuild): Promise<Runtimes | undefined> {
  const place = placeOf(runner, definition.environment);
  return 'kind' in place && place.kind === 'container' ? undefined : runtimes();
}

async function prepare(deps: StepDeps, signal: AbortSignal, build: StoredBuild, folder: string): Promise<Prepared | { problem: Required<PhaseContext> }> {
  try {
    await cleanUp(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const become = await becomeRole(deps.held, build);
    if ('problem' in become) return become;
    const place = placeOf(deps.runner, build.definition.environment);
    const limits = 'kind' in place ? limitsOf(deps.runner, place.kind, build.definition.environment.computeType) : undefined;
    return await withinDisk({ folder, limits, signal }, (until) => gather(deps, { role: become.role, folder, signal: until }, build));
  } catch (error) {
    if (error instanceof SourceError || error instanceof BuildspecError || error instanceof VariableError) return { problem: { statusCode: error.statusCode, message: error.message } };
    if (error instanceof OutOfDisk) return { problem: { statusCode: 'CLIENT_ERROR', message: error.message } };
    throw error;
  }
}

async function gather(deps: StepDeps, { role, folder, signal }: { role: Caller; folder: string; signal: AbortSignal }, build: StoredBuild): Promise<Prepared> {
  const said: string[] = [];
  const sources = await deps.sources.fetch(build, { role, folder, keptGit: await keptGit(deps, { build, folder, signal }, (line) => said.push(line)), signal });
  const buildspec = await readBuildspec(deps, { build, role, folder: sourceFolder(folder, sources.primary.path), runtimes: await runtimesOf(deps, build), signal });
  const certificate = await readCertificate(deps.peers, { build, role, signal });
  const variables = await givenVariables(deps, { build, role, buildspec, signal });
  // A cache's key is shown in the log and in names of objects.
  const cacheEnv = Object.fromEntries(Object.entries({ ...buildspec.variables, ...variables.values }).filter(([name]) => !variables.secretNames.includes(name)));
  const cache = await restoreCache(deps, { build, role, folder, signal }, { buildspec, source: sources.primary.path, env: { ...cacheEnv, ...(sources.primary.resolvedVersion === undefined ? {} : { CODEBUILD_RESOLVED_SOURCE_VERSION: sources.primary.resolvedVersion }) } });
  return { sources, buildspec, variables, cache: { ...cache, lines: [...said, ...cache.lines] }, ...(certificate === undefined ? {} : { certificate }) };
}

/** The row knows the token's hash and the first line's number before the supervisor has them. */
async function begin(deps: StepDeps, run: JobRun, build: StoredBuild, folder: string, { sources, buildspec, variables, certificate, cache }: Prepared): Promise<'on'> {
  const place = placeOf(deps.runner, build.definition.environment);
  if ('problem' in place) throw new Error(`a build was provisioned without a runner: ${place.problem}`);
  const { kind } = place;
  const token = randomBytes(32).toString('base64url');
  const path = kind === 'sandbox' || kind === 'container' ? join('/codebuild/output', sources.primary.path) : sourceFolder(folder, sources.primary.path);
  const written = buildspecPlace(build.definition.source.buildspec);
  // The token is committed with the lines: a server that died before the build was claimed has said them already.
  const lines = build.credentials_token !== null ? [] : [
    'Phase is DOWNLOAD_SOURCE',
    `CODEBUILD_SRC_DIR=${path}`,
    `YAML location is ${'file' in written ? join(path, written.file) : 's3' in written ? written.s3 : "the project's buildspec"}`,
    ...unseenVariables(build, sources, variables),
    ...cache.lines,
    ...phaseLines('DOWNLOAD_SOURCE', 'SUCCEEDED'),
  ];
  const prepared = { ...build, resolved_version: sources.primary.resolvedVersion ?? null, credentials_token: deps.hash(token, tokenPurpose), cache_key: cache.saveKey };
  if (!(await deps.commit(run, build, prepared, { lines }))) return 'on';
  const firstLine = !hasLog(build) ? 0 : build.log_next + lines.length;
  const spec: Omit<BuildSpec, 'folder'> = {
    ...placeSpec(deps.runner, place, { computeType: build.definition.environment.computeType, imageId: build.image_id, endpoint: deps.endpoint() }),
    ...(certificate === undefined ? {} : { certificates: [certificate, deps.runner.certificates ?? ''].join('\n') }),
    ...(cache.spec === undefined ? {} : { cache: cache.spec }),
    buildspec,
    source: sources.primary.path,
    secondarySources: Object.fromEntries(Object.entries(sources.secondary).map(([identifier, source]) => [identifier, source.path])),
    env: buildEnvironment({ build, sources, buildspec, variables, endpoint: deps.endpoint(), token }),
    notExported: variables.secretNames,
    secrets: [token, ...variables.secrets],
    hide: deps.hide,
    firstLine,
    // Ends the build in time also while no server runs.
    timeoutMs: Math.max(0, deadlineOf(build) - deps.clock.now()),
    ...(wantsArtifacts(build) ? {} : { artifacts: 'none' as const }),
  };
  try {
    if (kind === 'dummy') await launchInProcess(folder, spec, (error) => deps.log.error('The dummy build broke down', { build: build.id, error }));
    else await launch(folder, spec, deps);
  } catch (error) {
    // Its words are about this machine, so they are the operator's.
    const message = 'The build cannot be started on this server, whose own log says why';
    deps.log.error('A build cannot be started', { build: build.id, error });
    await deps.commit(run, prepared, endHere({ ...prepared, log_next: firstLine }, deps.clock.now(), { status: 'FAULT', context: { statusCode: 'INTERNAL_SERVICE_ERROR', message } }));
  }
  // What was committed is read again before anything follows.
  return 'on';
}

async function running({ clock, commit }: StepDeps, run: JobRun, build: StoredBuild): Promise<'on'> {
  const now = clock.now();
  await commit(run, build, enter(leave(build, now, 'SUCCEEDED'), 'INSTALL', now));
  return 'on';
}
