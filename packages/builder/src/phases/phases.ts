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

export interface PhasesResult {
  readonly status: PhaseStatus;
  /** POST_BUILD has run, so AWS attempts UPLOAD_ARTIFACTS, even after a failed BUILD. */
  readonly complete: boolean;
}

export interface PhaseRun {
  readonly buildspec: Buildspec;
  readonly session: Session;
  readonly lines: LineWriter;
  readonly sink: PhaseSink;
  /** True once somebody has asked the build to stop. */
  readonly stopping: () => boolean;
  /** ms UTC */
  readonly now: () => number;
}

/**
 * Runs INSTALL, PRE_BUILD, BUILD and POST_BUILD by AWS's transitions: a failed INSTALL or PRE_BUILD ends the build, a
 * failed BUILD is followed by POST_BUILD with CODEBUILD_BUILD_SUCCEEDING=0. `on-failure` overrides: ABORT ends the
 * build, CONTINUE goes on; the failed phase fails the build either way.
 */
export async function runPhases(run: PhaseRun): Promise<PhasesResult> {
  let status: PhaseStatus = 'SUCCEEDED';
  for (const key of PHASES) {
    const ended = await runPhase(run, key, status === 'SUCCEEDED');
    if (ended === 'STOPPED') return { status: 'STOPPED', complete: false };
    if (ended === 'SUCCEEDED') continue;
    status = 'FAILED';
    if (!goesOn(key, run.buildspec.phases[key])) return { status, complete: key === 'post_build' };
  }
  return { status, complete: true };
}

function goesOn(key: PhaseKey, phase: PhaseSpec | undefined): boolean {
  if (phase?.onFailure !== undefined) return phase.onFailure === 'CONTINUE';
  return key === 'build';
}

async function runPhase(run: PhaseRun, key: PhaseKey, succeeding: boolean): Promise<PhaseStatus> {
  const name = key.toUpperCase() as PhaseName;
  const { buildspec, session, lines, sink } = run;
  const phase = buildspec.phases[key];
  lines.container(`Entering phase ${name}`);
  sink.phaseStarted(name, run.now());
  const contexts: PhaseContext[] = [];
  try {
    await session.become(phase?.runAs ?? buildspec.runAs);
    if (phase !== undefined && phase.commands.length + phase.finally.length > 0) {
      const fresh = buildspec.version === '0.1';
      if (!fresh) await session.set('CODEBUILD_BUILD_SUCCEEDING', succeeding ? '1' : '0');
      const prefix = fresh ? `export CODEBUILD_BUILD_SUCCEEDING=${succeeding ? '1' : '0'}\n` : '';
      for (const block of [phase.commands, phase.finally]) {
        const failed = await runBlock(run, block, { fresh, prefix });
        if (failed !== undefined) contexts.push(failed);
      }
    }
  } catch (error) {
    if (error instanceof CannotBecome) contexts.push({ statusCode: 'YAML_FILE_ERROR', message: error.message });
    else if (!(error instanceof SessionLost)) throw error;
    else if (!run.stopping()) contexts.push({ statusCode: 'COMMAND_EXECUTION_ERROR', message: 'The processes of the build were killed from outside' });
  }
  lines.flush();
  if (run.stopping()) {
    lines.container(`Phase complete: ${name} State: STOPPED`);
    sink.phaseEnded(name, 'STOPPED', [], run.now());
    return 'STOPPED';
  }
  const status = contexts.length === 0 ? 'SUCCEEDED' : 'FAILED';
  lines.container(`Phase complete: ${name} State: ${status}`);
  for (const { statusCode, message } of contexts.length === 0 ? [{ statusCode: '', message: '' }] : contexts) {
    lines.container(`Phase context status code: ${statusCode} Message: ${message}`);
  }
  sink.phaseEnded(name, status, contexts, run.now());
  return status;
}

/** Runs commands until one fails; answers the context of the failure. */
async function runBlock(run: PhaseRun, commands: readonly string[], shell: { fresh: boolean; prefix: string }): Promise<PhaseContext | undefined> {
  for (const command of commands) {
    if (run.stopping()) return undefined;
    const text = command.replace(/\n$/, '');
    run.lines.container(`Running command ${text}`);
    const { status } = await run.session.run(shell.prefix + command, { fresh: shell.fresh });
    run.lines.flush();
    if (run.stopping()) return undefined;
    // A shell that ended by `exit 0` took nothing wrong with it: the next command gets a fresh one.
    if (status === 0) continue;
    run.lines.container(`Command did not exit successfully ${text} exit status ${status}`);
    return { statusCode: 'COMMAND_EXECUTION_ERROR', message: `Error while executing command: ${text}. Reason: exit status ${status}` };
  }
  return undefined;
}
