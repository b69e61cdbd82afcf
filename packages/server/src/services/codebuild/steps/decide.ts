import type { SpoolFrame } from '@slipway/builder';
import type { BuildPhaseType, PhaseContext, StatusType } from '@slipway/contracts/codebuild';
import { wasProvisioned, type StoredBuild } from '../builds/build.ts';
import { queuedTimeout, timeout } from '../limits.ts';
import { phaseEnded, phaseStarted } from '../builds/phases.ts';

/** Pure rules: what follows from what a build's row says and what its supervisor has told. */

export type Step = 'over' | 'queue' | 'provision' | 'download' | 'run' | 'upload';

export function stepOf(build: StoredBuild): Step {
  if (build.status !== 'IN_PROGRESS') return 'over';
  if (build.phase === 'QUEUED') return 'queue';
  if (build.phase === 'PROVISIONING') return 'provision';
  if (build.phase === 'DOWNLOAD_SOURCE') return 'download';
  return build.phase === 'UPLOAD_ARTIFACTS' ? 'upload' : 'run';
}

const MINUTE = 60_000;

/** ms UTC at which the build times out: in the queue, or since it was provisioned. */
export function deadlineOf(build: StoredBuild): number {
  const { queuedTimeoutInMinutes = queuedTimeout.default, timeoutInMinutes = timeout.default } = build.definition;
  const provisioned = build.phases.find(({ phaseType }) => phaseType === 'PROVISIONING')?.startTime;
  return provisioned === undefined ? build.started_at + queuedTimeoutInMinutes * MINUTE : provisioned + timeoutInMinutes * MINUTE;
}

export interface Ending {
  readonly status: StatusType;
  readonly context?: PhaseContext;
}

/** Why the build must end although nothing is wrong with it. */
export function interruption(build: StoredBuild, now: number): Ending | undefined {
  if (build.stop_requested === 1) return { status: 'STOPPED' };
  if (now >= deadlineOf(build)) return { status: 'TIMED_OUT', context: { statusCode: 'BUILD_TIMED_OUT', message: 'Build has timed out. ' } };
  return undefined;
}

/** How long after its time a build is given up that lies with another server. ms */
const PATIENCE = 60_000;

/** A build that lies with another server is that one's to advance; when it has not by the end of its time, it never will. */
export function elsewhere(build: StoredBuild, node: string, now: number): 'no' | 'wait' | 'lost' {
  if (build.node === null || build.node === node) return 'no';
  return now < deadlineOf(build) + PATIENCE ? 'wait' : 'lost';
}

export function enter(build: StoredBuild, phase: BuildPhaseType, at: number): StoredBuild {
  return { ...build, phase, phases: phaseStarted(build.phases, phase, at) };
}

export function leave(build: StoredBuild, at: number, status: StatusType, contexts: readonly PhaseContext[] = []): StoredBuild {
  return { ...build, phases: phaseEnded(build.phases, at, status, contexts) };
}

/** Nothing follows: FINALIZING, which a build has that was provisioned, and COMPLETED. */
export function complete(build: StoredBuild, at: number, status: StatusType): StoredBuild {
  const finalized = wasProvisioned(build) ? leave(enter(build, 'FINALIZING', at), at, 'SUCCEEDED') : build;
  return { ...enter(finalized, 'COMPLETED', at), status, ended_at: at, credentials_token: null };
}

/** The current phase ends like this, and the build with it. */
export function endHere(build: StoredBuild, at: number, { status, context }: Ending): StoredBuild {
  return complete(leave(openPhase(build, at), at, status, context ? [context] : []), at, status);
}

const order: readonly BuildPhaseType[] = ['INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD', 'UPLOAD_ARTIFACTS'];

/** Between two phases the cause of an end belongs to the one that would have come. */
function openPhase(build: StoredBuild, at: number): StoredBuild {
  const last = build.phases.at(-1);
  if (last?.endTime === undefined) return build;
  const next = order[order.indexOf(build.phase) + 1];
  return next === undefined ? build : enter(build, next, at);
}

/** What the supervisor has told changes the build. `now`: for ends that carry no time of their own. */
export function withFrames(build: StoredBuild, frames: readonly SpoolFrame[], now: number): StoredBuild {
  const interrupted = interruption(build, now);
  return frames.reduce((state, attached) => ({ ...withFrame(state, attached, now, interrupted), spool_offset: attached.next }), build);
}

function withFrame(build: StoredBuild, { frame }: SpoolFrame, now: number, interrupted: Ending | undefined): StoredBuild {
  switch (frame.type) {
    case 'log':
      return { ...build, log_next: frame.first + frame.lines.length };
    case 'phase-started': {
      const last = build.phases.at(-1);
      return last?.phaseType === frame.phase && last.endTime === undefined ? build : enter(build, frame.phase, frame.time);
    }
    case 'phase-ended': {
      if (frame.status !== 'STOPPED') return leave(build, frame.time, frame.status, frame.contexts);
      return leave(build, frame.time, interrupted?.status ?? 'STOPPED', interrupted?.context ? [interrupted.context] : []);
    }
    case 'exported':
      return { ...build, exported: frame.variables };
    case 'artifact':
      // The offset is still the one before this frame.
      return { ...build, artifacts_from: build.artifacts_from ?? build.spool_offset };
    case 'usage':
      // Goes to CloudWatch as it comes.
      return build;
    case 'exit':
      return exited(build, frame, interrupted);
    case 'supervisor-died':
      return endHere(build, now, { status: interrupted?.status ?? 'FAULT', context: { statusCode: 'INTERNAL_SERVICE_ERROR', message: frame.reason } });
  }
}

type Exit = Extract<SpoolFrame['frame'], { type: 'exit' }>;

function exited(before: StoredBuild, { status, reason, retry, usage, time }: Exit, interrupted: Ending | undefined): StoredBuild {
  const build = { ...before, usage: usage === undefined ? null : JSON.stringify(usage), ...(retry === undefined ? {} : { retry_limit: retry.count }) };
  const ranThrough = build.phase === 'POST_BUILD' && build.phases.at(-1)?.endTime !== undefined;
  if (status === 'SUCCEEDED' || status === 'FAILED') {
    if (ranThrough) return { ...enter(build, 'UPLOAD_ARTIFACTS', time), outcome: status };
    return complete(leave(build, time, status), time, status);
  }
  const known = status === 'STOPPED' || status === 'TIMED_OUT' ? interrupted : undefined;
  const ending = known ?? { status, ...(reason === undefined ? {} : { context: { statusCode: status === 'TIMED_OUT' ? 'BUILD_TIMED_OUT' : 'INTERNAL_SERVICE_ERROR', message: reason } }) };
  const wasOpen = build.phases.at(-1)?.endTime === undefined;
  return wasOpen || (status === 'FAULT') ? endHere(build, time, ending) : complete(build, time, ending.status);
}
