import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join, posix } from 'node:path';
import type { BuildExit, BuildOptions, BuildSink, BuildSpec, BuildStatus } from './build-spec.ts';
import { guardDisk } from './disk-guard.ts';
import type { DiskGuard } from './disk-guard.ts';
import { openCache } from './environment/cache.ts';
import { furnish } from './environment/furnish.ts';
import type { Furniture } from './environment/furnish.ts';
import { trustFor } from './environment/trust.ts';
import { createMasker } from './masks/masker.ts';
import { collect, readOut } from './outputs.ts';
import { LineWriter } from './phases/lines.ts';
import type { LogLine } from './phases/lines.ts';
import { runPhases } from './phases/phases.ts';
import type { PhaseContext } from './phases/phases.ts';
import { runnerOf } from './runners/index.ts';
import { outputFolder } from './runners/layout.ts';
import { outOfMemory } from './runners/limits/compute.ts';
import { openCredentials } from './runners/network/credentials.ts';
import type { OpenCredentials } from './runners/network/credentials.ts';
import { CannotOpen } from './runners/runner.ts';
import type { Workspace, WorkspaceRequest } from './runners/runner.ts';
import { Meter } from './runners/usage/meter.ts';
import type { Granted, UsageInterval } from './runners/usage/meter.ts';

export type { BuildExit, BuildOptions, BuildSink, BuildSpec, BuildStatus, CollectedArtifact, ExportedVariable } from './build-spec.ts';

/** AWS's own grace is not documented. It lets a shell's traps run, and leaves time to end and remove the rest within five seconds. */
const GRACE_MS = 1_500;

/** The host's side of a source's folder: `provide` the source there before the build runs. */
export const sourceFolder = (folder: string, source: string): string => join(outputFolder(folder), source);

/** Runs a build in this process from INSTALL to the collected artifacts. Never throws for what a build does wrong. */
export async function runBuild(spec: BuildSpec, sink: BuildSink, options: BuildOptions = {}): Promise<BuildExit> {
  const lines = makeLines(spec, sink);
  const refused = await refusal(spec);
  if (refused !== undefined) return exit('FAULT', { reason: refused });
  const runner = runnerOf(spec.runner);
  const mark = options.mark ?? randomUUID();
  let disk: DiskGuard;
  let workspace: Workspace;
  try {
    disk = await guardDisk(spec, mark);
    workspace = await runner.prepare(workspaceRequest({ ...spec, limits: disk.limits }, { ...options, mark }));
  } catch (error) {
    if (error instanceof CannotOpen) return failBefore(sink, lines, error);
    throw error;
  }
  const stopper = watchStop(workspace, options.signal, spec.timeoutMs);
  const { stopping } = stopper;
  let furniture: Furniture | undefined;
  let meter: Meter | undefined;
  let credentials: OpenCredentials | undefined;
  try {
    for (const notice of [...workspace.notices, ...disk.notices]) lines.container(notice);
    const source = posix.join(workspace.output, spec.source);
    await mkdir(sourceFolder(spec.folder, spec.source), { recursive: true });
    credentials = spec.network?.mode === 'host' ? await openCredentials(spec.network.credentials) : undefined;
    const trust = await trustFor(spec, workspace.output);
    const env = { ...credentials?.environment, ...trust.environment, ...environment(spec, workspace) };
    const cache = await openCache(spec, workspace, (line) => lines.container(line));
    furniture = await furnish(spec, workspace, (line) => lines.container(line));
    const session = await workspace.open({ shell: spec.buildspec.shell, cwd: source, env: { ...env, ...furniture.environment }, onOutput: (bytes) => lines.output(bytes) });
    await disk.begin(workspace);
    meter = new Meter({ measure: () => workspace.measure(), granted: granted(spec), onInterval: (interval) => sink.usage?.(interval) });
    await trust.arrange(session);
    await furniture.arrange(session);
    await cache.restore(session);
    const result = await runPhases({ buildspec: spec.buildspec, session, lines, sink, stopping, killed: killWatch(spec, workspace, disk), ended: () => disk.exceeded(), now: Date.now });
    const declared = await readOut(spec, session, { sink, lines, source }, result.status);
    if (result.complete && result.status === 'SUCCEEDED' && !stopping()) await cache.pack(session);
    await disk.check();
    const usage = await meter.end(!stopping() && !disk.exceeded());
    await session.close();
    lines.flush();
    // From here on nothing can change a file between the check of its path and its use.
    await workspace.stop(0);
    if (disk.exceeded() && !stopping()) return outOfDisk(spec, { lines, sink, complete: result.complete, usage, cause: disk.cause() ?? '' });
    await cache.hand();
    if (result.complete && spec.artifacts !== 'none' && !stopping()) await collect(spec, declared, lines, sink);
    if (stopping()) return stopped(spec, stopper, usage);
    return { ...exit(result.status, { usage }), ...(result.retry === undefined ? {} : { retry: result.retry }) };
  } catch (error) {
    if (stopping()) return stopped(spec, stopper, await meter?.end(false));
    if (error instanceof CannotOpen) return failBefore(sink, lines, error);
    throw error;
  } finally {
    stopper.done();
    meter?.stop();
    await workspace.destroy();
    await furniture?.remove();
    credentials?.close();
    await disk.end();
  }
}

function stopped(spec: BuildSpec, { timedOut }: Stopper, usage: UsageInterval | undefined): BuildExit {
  return timedOut() ? exit('TIMED_OUT', { usage, reason: `Build timed out after ${Math.round((spec.timeoutMs ?? 0) / 1000)} seconds` }) : exit('STOPPED', { usage });
}

/** A build whose last commands used too much of the disk has phases that succeeded: the one that would have come fails. */
function outOfDisk(spec: BuildSpec, { lines, sink, complete, usage, cause }: { lines: LineWriter; sink: BuildSink; complete: boolean; usage: UsageInterval; cause: string }): BuildExit {
  if (complete) {
    lines.container(`The build was ended, ${cause}`);
    if (spec.artifacts !== 'none') sink.artifact({ identifier: null, error: { statusCode: 'CLIENT_ERROR', message: `The build was ended, ${cause}` } });
  }
  return exit('FAILED', { usage });
}

function exit(status: BuildStatus, { usage, reason }: { usage?: UsageInterval | undefined; reason?: string } = {}): BuildExit {
  return { status, time: Date.now(), ...(usage === undefined ? {} : { usage }), ...(reason === undefined ? {} : { reason }) };
}

/** Plain processes may use all that the machine has. */
function granted({ limits = {} }: Pick<BuildSpec, 'limits'>): Granted {
  return { cpus: Math.min(limits.cpus ?? Infinity, availableParallelism()), memoryBytes: Math.min(limits.memoryBytes ?? Infinity, totalmem()) };
}

function killWatch({ limits = {} }: BuildSpec, workspace: Workspace, disk: DiskGuard): (status?: number) => Promise<string | undefined> {
  let known = 0;
  return async (status) => {
    const cause = disk.cause(status);
    if (cause !== undefined) return cause;
    const before = known;
    known = await workspace.memoryKills();
    return known > before ? outOfMemory({ ...limits, memoryBytes: granted({ limits }).memoryBytes }) : undefined;
  };
}

function makeLines(spec: BuildSpec, sink: BuildSink): LineWriter {
  let next = spec.firstLine ?? 0;
  const write = (batch: readonly LogLine[]): void => {
    const first = next;
    next += batch.length;
    sink.log(first, batch);
  };
  return new LineWriter(createMasker(spec.secrets ?? []), write, () => performance.timeOrigin + performance.now());
}

async function refusal(spec: BuildSpec): Promise<string | undefined> {
  for (const path of [spec.source, ...Object.values(spec.secondarySources ?? {})]) {
    if (path.startsWith('/') || path.split('/').includes('..')) return `The source path ${path} must lie below /codebuild/output`;
  }
  const bad = Object.entries({ ...spec.buildspec.variables, ...spec.env }).find(([name, value]) => name === '' || /[=\0]/.test(name) || value.includes('\0'));
  if (bad !== undefined) return `The environment variable ${JSON.stringify(bad[0])} cannot be passed to a process`;
  return runnerOf(spec.runner).unavailable(spec.container);
}

function environment(spec: BuildSpec, workspace: Workspace): Record<string, string> {
  const at = (path: string): string => posix.join(workspace.output, path);
  return {
    ...workspace.environment, ...spec.buildspec.variables, ...spec.env,
    CODEBUILD_SRC_DIR: at(spec.source),
    ...Object.fromEntries(Object.entries(spec.secondarySources ?? {}).map(([id, path]) => [`CODEBUILD_SRC_DIR_${id}`, at(path)])),
  };
}

function workspaceRequest({ folder, hide, container, limits, network, buildspec }: BuildSpec, { mark = randomUUID(), ahead }: BuildOptions): WorkspaceRequest {
  const otherUsers = buildspec.runAs !== undefined || Object.values(buildspec.phases).some((phase) => phase?.runAs !== undefined);
  return {
    folder, mark, otherUsers, ...(ahead === undefined ? {} : { ahead }),
    ...(hide === undefined ? {} : { hide }), ...(container === undefined ? {} : { container }), ...(limits === undefined ? {} : { limits }), ...(network === undefined ? {} : { network }),
  };
}

/** The environment is not what the build asks for: no command runs. */
function failBefore(sink: BuildSink, lines: LineWriter, { statusCode, message }: CannotOpen): BuildExit {
  const context: PhaseContext = { statusCode, message: lines.masked(message) };
  sink.phaseStarted('INSTALL', Date.now());
  lines.container('Phase complete: INSTALL State: FAILED');
  lines.container(`Phase context status code: ${context.statusCode} Message: ${context.message}`);
  sink.phaseEnded('INSTALL', 'FAILED', [context], Date.now());
  return exit('FAILED');
}

interface Stopper {
  stopping(): boolean;
  timedOut(): boolean;
  done(): void;
}

function watchStop(workspace: Workspace, signal: AbortSignal | undefined, timeoutMs: number | undefined): Stopper {
  let timedOut = false;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // Survivors are tried again by destroy, which reports them.
    workspace.stop(GRACE_MS).catch(() => undefined);
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => {
    timedOut = true;
    stop();
  }, timeoutMs);
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return {
    stopping: () => stopping,
    timedOut: () => timedOut,
    done: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  };
}
