import type { BuildPhase, BuildPhaseType, PhaseContext, StatusType } from '@slipway/contracts/codebuild';

/** A build's phases so far; the last one without an end is the current one. */
export type Phases = readonly BuildPhase[];

export function phaseStarted(phases: Phases, phaseType: BuildPhaseType, at: number): Phases {
  return [...phases, { phaseType, startTime: at }];
}

/** Ends the current phase; nothing changes when none is open, which is so when the same step is taken again. */
export function phaseEnded(phases: Phases, at: number, phaseStatus: StatusType, contexts: readonly PhaseContext[] = []): Phases {
  const open = phases.at(-1);
  if (!open || open.endTime !== undefined) return phases;
  const startTime = open.startTime ?? at;
  const ended = { ...open, endTime: at, durationInSeconds: Math.max(0, Math.floor((at - startTime) / 1000)), phaseStatus, contexts: contexts.length > 0 ? [...contexts] : [{ statusCode: '', message: '' }] };
  return [...phases.slice(0, -1), ended];
}
