import { RE2JS } from 're2js';
import { PHASES } from '../buildspec/types.ts';
import type { Buildspec, PhaseKey, PhaseSpec } from '../buildspec/types.ts';
import { CannotBecome, SessionLost } from '../runners/runner.ts';
import type { Session } from '../runners/runner.ts';
import type { LineWriter } from './lines.ts';

export type PhaseName = 'INSTALL' | 'PRE_BUILD' | 'BUILD' | 'POST_BUILD';

export interface PhaseContext {
  readonly statusCode: string;
  readonly message: string;
}

export type PhaseStatus = 'SUCCEEDED' | 'FAILED' | 'STOPPED';

export interface PhaseSink {
  phaseStarted(phase: PhaseName, time: number): void;
  phaseEnded(phase: PhaseName, status: PhaseStatus, contexts: readonly PhaseContext[], time: number): void;
}

/** A phase failed whose `on-failure` wants the whole build to be tried again: whoever runs it starts a further one, `count` times at most. */
export interface RetryAsked {
  readonly phase: PhaseName;
  readonly count: number;
}

export interface PhasesResult {
  readonly status: PhaseStatus;
  /** POST_BUILD has run, so AWS attempts UPLOAD_ARTIFACTS, even after a failed BUILD. */
  readonly complete: boolean;
  readonly retry?: RetryAsked;
}

export interface PhaseRun {
  readonly buildspec: Buildspec;
  readonly session: Session;
  readonly lines: LineWriter;
  readonly sink: PhaseSink;
  /** True once somebody has asked the build to stop. */
  readonly stopping: () => boolean;
  /** Why processes of the build have been killed since this was asked last, where the machine says so; or why a command ended with this status. */
  readonly killed: (status?: number) => Promise<string | undefined>;
  /** True once nothing more can run although nobody has asked for it. */
  readonly ended: () => boolean;
  /** ms UTC */
  readonly now: () => number;
}

/**
 * Runs INSTALL, PRE_BUILD, BUILD and POST_BUILD by AWS's transitions: a failed INSTALL or PRE_BUILD ends the build, a
 * failed BUILD is followed by POST_BUILD with CODEBUILD_BUILD_SUCCEEDING=0. `on-failure` overrides: ABORT ends the
 * build, CONTINUE goes on, and so does RETRY where its pattern does not match; where it does, the build ends. The failed
 * phase fails the build in any case.
 */
export async function runPhases(run: PhaseRun): Promise<PhasesResult> {
  let status: PhaseStatus = 'SUCCEEDED';
  for (const key of PHASES) {
    const ended = await runPhase(run, key, status === 'SUCCEEDED');
    if (ended.status === 'STOPPED') return { status: 'STOPPED', complete: false };
    if (ended.status === 'SUCCEEDED') continue;
    status = 'FAILED';
    if (ended.retry !== undefined) return { status, complete: false, retry: ended.retry };
    if (run.ended()) return { status, complete: false };
    if (!goesOn(key, run.buildspec.phases[key])) return { status, complete: key === 'post_build' };
  }
  return { status, complete: true };
}

const EMPTY: PhaseSpec = { commands: [], finally: [] };

function goesOn(key: PhaseKey, phase: PhaseSpec | undefined): boolean {
  if (phase?.onFailure === 'ABORT' || phase?.onFailure === 'CONTINUE') return phase.onFailure === 'CONTINUE';
  return key === 'build';
}

interface PhaseEnd {
  readonly status: PhaseStatus;
  readonly retry?: RetryAsked;
}

async function runPhase(run: PhaseRun, key: PhaseKey, succeeding: boolean): Promise<PhaseEnd> {
  const name = key.toUpperCase() as PhaseName;
  const { buildspec, lines, sink } = run;
  const phase = buildspec.phases[key];
  lines.container(`Entering phase ${name}`);
  sink.phaseStarted(name, run.now());
  const { contexts, said } = await runCommands(run, phase ?? EMPTY, succeeding);
  lines.flush();
  if (run.stopping()) {
    lines.container(`Phase complete: ${name} State: STOPPED`);
    sink.phaseEnded(name, 'STOPPED', [], run.now());
    return { status: 'STOPPED' };
  }
  const status = contexts.length === 0 ? 'SUCCEEDED' : 'FAILED';
  if (phase !== undefined && !run.ended()) await sayKilled(run);
  lines.container(`Phase complete: ${name} State: ${status}`);
  for (const { statusCode, message } of contexts.length === 0 ? [{ statusCode: '', message: '' }] : contexts) {
    lines.container(`Phase context status code: ${statusCode} Message: ${message}`);
  }
  sink.phaseEnded(name, status, contexts, run.now());
  const onFailure = phase?.onFailure;
  if (status === 'SUCCEEDED' || typeof onFailure !== 'object') return { status };
  const pattern = RE2JS.compile(onFailure.pattern);
  const matches = [...contexts.map(({ message }) => message), ...said].some((text) => pattern.matcher(text).find());
  return matches ? { status, retry: { phase: name, count: onFailure.count } } : { status };
}

/** Processes may be killed whose commands take no notice. */
async function sayKilled({ killed, lines }: PhaseRun): Promise<void> {
  const cause = await killed();
  if (cause !== undefined) lines.container(`Processes of the build were killed: ${cause}`);
}

interface Ran {
  readonly contexts: readonly PhaseContext[];
  /** The last lines of commands that failed. */
  readonly said: readonly string[];
}

/** The commands of a phase, and its `finally`, which comes in any case; each may fail once. */
async function runCommands(run: PhaseRun, phase: PhaseSpec, succeeding: boolean): Promise<Ran> {
  const { buildspec, session } = run;
  const contexts: PhaseContext[] = [];
  const said: string[] = [];
  const fresh = buildspec.version === '0.1';
  try {
    await session.become(phase.runAs ?? buildspec.runAs);
    if (phase.commands.length + phase.finally.length === 0) return { contexts, said };
    for (const block of [phase.commands, phase.finally]) {
      const value = succeeding && contexts.length === 0 ? '1' : '0';
      if (!fresh) await session.set('CODEBUILD_BUILD_SUCCEEDING', value);
      const failed = await runBlock(run, block, { fresh, prefix: fresh ? `export CODEBUILD_BUILD_SUCCEEDING=${value}\n` : '' });
      if (failed === undefined) continue;
      contexts.push(failed.context);
      said.push(...failed.said);
    }
  } catch (error) {
    if (error instanceof CannotBecome) contexts.push({ statusCode: 'YAML_FILE_ERROR', message: error.message });
    else if (!(error instanceof SessionLost)) throw error;
    else if (!run.stopping()) contexts.push({ statusCode: 'COMMAND_EXECUTION_ERROR', message: error.reason ?? `The processes of the build were killed${withCause(await run.killed()) || ' from outside'}` });
  }
  return { contexts, said };
}

/** Runs commands until one fails; answers the context of the failure. */
async function runBlock(run: PhaseRun, commands: readonly string[], shell: { fresh: boolean; prefix: string }): Promise<{ context: PhaseContext; said: readonly string[] } | undefined> {
  for (const command of commands) {
    if (run.stopping()) return undefined;
    const text = command.replace(/\n$/, '');
    run.lines.container(`Running command ${text}`);
    const { status } = await run.session.run(shell.prefix + command, { fresh: shell.fresh });
    run.lines.flush();
    if (run.stopping()) return undefined;
    // A shell that ended by `exit 0` took nothing wrong with it: the next command gets a fresh one.
    if (status === 0) continue;
    // What fails while the build's processes are being ended, as a shell that may start no more, does not fail by itself.
    if (run.ended()) throw new SessionLost('The processes of the build are being ended');
    const said = run.lines.recent();
    run.lines.container(`Command did not exit successfully ${text} exit status ${status}`);
    return { context: { statusCode: 'COMMAND_EXECUTION_ERROR', message: run.lines.masked(`Error while executing command: ${text}. Reason: exit status ${status}${withCause(await run.killed(status))}`) }, said };
  }
  return undefined;
}

const withCause = (cause: string | undefined): string => (cause === undefined ? '' : `, ${cause}`);
