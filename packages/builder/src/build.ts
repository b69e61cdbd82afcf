import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ArtifactError, collectArtifact } from './artifacts/collect.ts';
import type { Manifest } from './artifacts/collect.ts';
import type { ArtifactSpec, Buildspec } from './buildspec/types.ts';
import { createMasker } from './masks/masker.ts';
import { LineWriter } from './phases/lines.ts';
import type { LogLine } from './phases/lines.ts';
import { runPhases } from './phases/phases.ts';
import type { PhaseContext, PhaseSink, PhaseStatus } from './phases/phases.ts';
import { runnerOf } from './runners/index.ts';
import { outputFolder } from './runners/layout.ts';
import { trustFor } from './runners/certificates.ts';
import type { Limits } from './runners/limits/compute.ts';
import type { NetworkRequest } from './runners/network/network.ts';
import type { ContainerRequest, RunnerKind, Session, Workspace, WorkspaceRequest } from './runners/runner.ts';
import { CannotOpen, SessionLost } from './runners/runner.ts';

/** Everything a build needs to know. Plain JSON: it reaches the supervisor in a file that only its owner reads. */
export interface BuildSpec {
  /** The build's own folder, absolute. The sources lie in it already, see `sourceFolder`. */
  readonly folder: string;
  readonly runner: RunnerKind;
  readonly buildspec: Buildspec;
  /** Where the primary source lies below `/codebuild/output`: `src123/src/git-codecommit.us-east-1.amazonaws.com/v1/repos/site`. */
  readonly source: string;
  /** Secondary sources by identifier, likewise. */
  readonly secondarySources?: Readonly<Record<string, string>>;
  /** The environment that the server gives: project and StartBuild variables, `CODEBUILD_*`, AWS_ENDPOINT_URL, credentials. Wins over the buildspec's. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not appear in the log (six characters and more). */
  readonly secrets?: readonly string[];
  /** Host folders to keep from the build's sight, such as the server's data folder. */
  readonly hide?: readonly string[];
  /** The number of the first log line; the server may have written lines before. */
  readonly firstLine?: number;
  /** Which artifacts to collect when the phases are through. Default: all that the buildspec declares. */
  readonly artifacts?: 'none';
  /** After this long the build is stopped and ends TIMED_OUT. */
  readonly timeoutMs?: number;
  /** The image and the engine, for the runner `container`. */
  readonly container?: ContainerRequest;
  /** What the build may use of the machine; see `computeLimits`. */
  readonly limits?: Limits;
  /** What the build may reach; the machine's own network when absent. */
  readonly network?: NetworkRequest;
  /** Certificates (PEM) of authorities that the build's programs trust beside the well-known ones: the server's own. */
  readonly certificates?: string;
}

export interface ExportedVariable {
  readonly name: string;
  readonly value: string;
}

/** One artifact's files, or why there are none (UPLOAD_ARTIFACTS fails with that context). */
export interface CollectedArtifact {
  /** The identifier of a secondary artifact; null for the primary one. */
  readonly identifier: string | null;
  /** `artifacts.name` with the shell's expansions done. */
  readonly name?: string;
  readonly manifest?: Manifest;
  readonly error?: PhaseContext;
}

export type BuildStatus = 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT' | 'FAULT';

export interface BuildExit {
  readonly status: BuildStatus;
  /** Why, where no phase's context says it (FAULT, TIMED_OUT). */
  readonly reason?: string;
  readonly cpuMs: number;
  readonly time: number;
}

export interface BuildSink extends PhaseSink {
  /** Lines carry consecutive numbers from `spec.firstLine`; `first` is the number of the first one here. */
  log(first: number, lines: readonly LogLine[]): void;
  exported(variables: readonly ExportedVariable[]): void;
  artifact(artifact: CollectedArtifact): void;
}

export interface BuildOptions {
  /** Aborting stops the build: TERM, 5 s, KILL. */
  readonly signal?: AbortSignal;
  /** Marks the build's processes; see `WorkspaceRequest.mark`. */
  readonly mark?: string;
}

/** AWS's own grace is not documented; five seconds let a shell's traps run. */
const GRACE_MS = 5_000;

/** The host's side of a source's folder: `provide` the source there before the build runs. */
export const sourceFolder = (folder: string, source: string): string => join(outputFolder(folder), source);

/** Runs a build in this process from INSTALL to the collected artifacts. Never throws for what a build does wrong. */
export async function runBuild(spec: BuildSpec, sink: BuildSink, options: BuildOptions = {}): Promise<BuildExit> {
  const lines = makeLines(spec, sink);
  const refused = await refusal(spec);
  if (refused !== undefined) return exit('FAULT', 0, refused);
  const runner = runnerOf(spec.runner);
  let workspace: Workspace;
  try {
    workspace = await runner.prepare(workspaceRequest(spec, options.mark ?? randomUUID()));
  } catch (error) {
    if (error instanceof CannotOpen) return failBefore(sink, lines, error.message);
    throw error;
  }
  const stopper = watchStop(workspace, options.signal, spec.timeoutMs);
  try {
    for (const notice of workspace.notices) lines.container(notice);
    await mkdir(sourceFolder(spec.folder, spec.source), { recursive: true });
    const session = await workspace.open({
      shell: spec.buildspec.shell, cwd: posix.join(workspace.output, spec.source), env: { ...environment(spec, workspace), ...(await trustFor(spec.folder, workspace.output, spec.certificates)) }, onOutput: (bytes) => lines.output(bytes),
    });
    const result = await runPhases({ buildspec: spec.buildspec, session, lines, sink, stopping: stopper.stopping, now: Date.now });
    const names = await readOut(spec, session, sink, result.status);
    const { cpuMs } = await workspace.measure();
    await session.close();
    lines.flush();
    // From here on nothing can change a file between the check of its path and its use.
    await workspace.stop(0);
    if (result.complete && spec.artifacts !== 'none' && !stopper.stopping()) await collect(spec, names, lines, sink);
    if (stopper.stopping()) return exit(stopper.timedOut() ? 'TIMED_OUT' : 'STOPPED', cpuMs, stopper.timedOut() ? `Build timed out after ${Math.round((spec.timeoutMs ?? 0) / 1000)} seconds` : undefined);
    return exit(result.status, cpuMs);
  } catch (error) {
    if (stopper.stopping()) return exit(stopper.timedOut() ? 'TIMED_OUT' : 'STOPPED', 0);
    if (error instanceof CannotOpen) return failBefore(sink, lines, error.message);
    throw error;
  } finally {
    stopper.done();
    await workspace.destroy();
  }
}

function exit(status: BuildStatus, cpuMs: number, reason?: string): BuildExit {
  return { status, cpuMs, time: Date.now(), ...(reason === undefined ? {} : { reason }) };
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
  return runnerOf(spec.runner).unavailable();
}

function environment(spec: BuildSpec, workspace: Workspace): Record<string, string> {
  const at = (path: string): string => posix.join(workspace.output, path);
  return {
    ...workspace.environment, ...spec.buildspec.variables, ...spec.env,
    CODEBUILD_SRC_DIR: at(spec.source),
    ...Object.fromEntries(Object.entries(spec.secondarySources ?? {}).map(([id, path]) => [`CODEBUILD_SRC_DIR_${id}`, at(path)])),
  };
}

function workspaceRequest({ folder, hide, container, limits, network, buildspec }: BuildSpec, mark: string): WorkspaceRequest {
  const otherUsers = buildspec.runAs !== undefined || Object.values(buildspec.phases).some((phase) => phase?.runAs !== undefined);
  return {
    folder, mark, otherUsers,
    ...(hide === undefined ? {} : { hide }), ...(container === undefined ? {} : { container }), ...(limits === undefined ? {} : { limits }), ...(network === undefined ? {} : { network }),
  };
}

function failBefore(sink: BuildSink, lines: LineWriter, message: string): BuildExit {
  const context = { statusCode: 'YAML_FILE_ERROR', message };
  sink.phaseStarted('INSTALL', Date.now());
  lines.container('Phase complete: INSTALL State: FAILED');
  lines.container(`Phase context status code: ${context.statusCode} Message: ${message}`);
  sink.phaseEnded('INSTALL', 'FAILED', [context], Date.now());
  return exit('FAILED', 0);
}

/** What only the build's shell can tell: exported variables and the names of artifacts. */
async function readOut(spec: BuildSpec, session: Session, sink: BuildSink, status: PhaseStatus): Promise<Map<string | null, string>> {
  const names = new Map<string | null, string>();
  if (status === 'STOPPED') return names;
  try {
    const wanted = spec.buildspec.exportedVariables;
    const values = await session.read(wanted);
    if (wanted.length > 0) sink.exported(wanted.map((name) => ({ name, value: values[name] ?? '' })));
    for (const [identifier, artifact] of declared(spec.buildspec)) {
      if (artifact.name !== undefined) names.set(identifier, await session.expand(artifact.name));
    }
  } catch (error) {
    // Killed from outside after the last phase, or stopped: what was not read stays unset, the phases have told the rest.
    if (!(error instanceof SessionLost)) throw error;
  }
  return names;
}

function declared({ artifacts, secondaryArtifacts }: Buildspec): [string | null, ArtifactSpec][] {
  return [...(artifacts === undefined ? [] : [[null, artifacts] satisfies [null, ArtifactSpec]]), ...Object.entries(secondaryArtifacts)];
}

async function collect(spec: BuildSpec, names: Map<string | null, string>, lines: LineWriter, sink: BuildSink): Promise<void> {
  for (const [identifier, artifact] of declared(spec.buildspec)) {
    const name = names.get(identifier);
    const named = { identifier, ...(name === undefined ? {} : { name }) };
    try {
      sink.artifact({ ...named, manifest: await collectArtifact(sourceFolder(spec.folder, spec.source), artifact, (line) => lines.container(line)) });
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      sink.artifact({ ...named, error: { statusCode: error.statusCode, message: error.message } });
    }
  }
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
