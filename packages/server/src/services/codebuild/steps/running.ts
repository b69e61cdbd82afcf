import { readSpool, requestStop, supervisorErrors } from '@slipway/builder';
import { phaseLines } from './commit.ts';
import { interruption, withFrames } from './decide.ts';
import { usageReport } from '../builds/metrics.ts';
import type { StepRunner } from './step.ts';

/**
 * INSTALL to POST_BUILD: takes over what the supervisor has told since, and returns. Lines go into the log before the row
 * says so, and measures go to CloudWatch: after a crash in between they are sent again under their own numbers and dropped.
 */
export const takeOver: StepRunner = async ({ clock, commit, followers, folderOf, held, log, metrics }, run, build) => {
  const folder = folderOf(build);
  const interrupted = interruption(build, clock.now());
  if (interrupted) await requestStop(folder);
  const { frames } = await readSpool(folder, { from: build.spool_offset });
  if (frames.length === 0) {
    followers.follow(build, folder);
    return 'wait';
  }
  const entries = frames.flatMap(({ frame }) => (frame.type === 'log' ? frame.lines.map(({ time, text }, index) => ({ seq: frame.first + index, timestamp: time, message: text })) : []));
  await held.append(build, entries);
  for (const { frame, next } of frames) if (frame.type === 'usage') await metrics.record(usageReport(build, frame, next));
  const after = withFrames(build, frames, clock.now());
  const last = frames.at(-1)?.frame;
  if (last?.type === 'supervisor-died') log.error(last.reason, { build: build.id, said: await supervisorErrors(folder) });
  // The supervisor itself can no longer say it.
  const lines = last?.type === 'supervisor-died' ? phaseLines(build.phase, after.status, { statusCode: 'INTERNAL_SERVICE_ERROR', message: last.reason }) : [];
  await commit(run, build, after, { lines });
  return 'on';
};
