import { mkdir } from 'node:fs/promises';
import type { Advance, JobRun } from '../../../engine/jobs.ts';
import type { LogEntry } from '../../../logs/ports.ts';
import { readBuild, s3LogPlace, wasProvisioned, type StoredBuild } from '../builds/build.ts';
import { cleanUp } from './cleanup.ts';
import { deadlineOf, elsewhere, endHere, stepOf, type Step } from './decide.ts';
import { download } from './downloading.ts';
import { safetyTick } from '../limits.ts';
import { leaveQueue, provision } from './provisioning.ts';
import { takeOver } from './running.ts';
import { uploadS3Log } from './s3-log.ts';
import type { StepDeps, StepRunner } from './step.ts';
import { findBuild, updateBuild } from '../builds/store.ts';
import { upload } from './uploading.ts';

/** Until the server takes it where the build lies. ms */
const ELSEWHERE_TICK = 1_000;

const steps: Readonly<Record<Exclude<Step, 'over'>, StepRunner>> = { queue: leaveQueue, provision, download, run: takeOver, upload };

/**
 * A build's job. Each run takes the steps that can be taken now and returns; the row is read again before each, so that
 * a request to stop is seen between any two. While the commands run, a follower wakes the job when there is news.
 */
export function advanceBuild(deps: StepDeps): Advance {
  const { db, clock, held, followers, folderOf } = deps;

  async function over(build: Pick<StoredBuild, 'id'>): Promise<void> {
    followers.end(build.id);
    held.forget(build);
    await cleanUp(folderOf(build));
  }

  /** The last that is done for a build: its spool goes with its folder. */
  async function finish(run: JobRun, build: StoredBuild): Promise<void> {
    if (wasProvisioned(build) && build.s3_logged === 0 && s3LogPlace(build) !== undefined) {
      await mkdir(folderOf(build), { recursive: true, mode: 0o700 });
      await uploadS3Log(deps, build, folderOf(build), run.signal);
      await db.transaction(async (tx) => {
        await run.fence(tx);
        await updateBuild(tx, build, { s3_logged: 1 });
      });
    }
    await over(build);
  }

  async function giveUp(run: JobRun, build: StoredBuild): Promise<void> {
    if (stepOf(build) === 'over') return;
    const context = { statusCode: 'INTERNAL_SERVICE_ERROR', message: 'The server that ran the build has not come back' };
    await deps.commit(run, build, endHere(build, clock.now(), { status: 'FAULT', context }));
  }

  return async (run: JobRun) => {
    for (;;) {
      const row = await findBuild(db, run.key, run.key.id);
      if (!row) return over(run.key);
      const build = readBuild(row);
      const place = elsewhere(build, deps.node, clock.now());
      if (place === 'wait') return run.again(clock.now() + ELSEWHERE_TICK);
      if (place === 'lost') return giveUp(run, build);
      await held.append(build, JSON.parse(build.log_pending ?? '[]') as LogEntry[]);
      const step = stepOf(build);
      if (step === 'over') return finish(run, build);
      if ((await steps[step](deps, run, build)) === 'wait') return run.again(Math.min(Math.max(deadlineOf(build), clock.now() + 1_000), clock.now() + safetyTick));
      // The next server, or the next run, goes on from the row.
      if (run.signal.aborted) return run.again(clock.now());
    }
  };
}
