import type { JobKey, Jobs } from '../engine/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Database } from '../kernel/database.ts';
import { pruneReplays } from '../kernel/replay.ts';

const HOUR = 60 * 60_000;

/** A room that asks again after a crash does so within minutes; a week forgives an installation that was switched off. */
const ONCE_LIFETIME = 7 * 24 * HOUR;

const key: JobKey = { kind: 'main/housekeeping', account: '', region: '', id: 'replays' };

/** Removes, hourly, what nobody can ask for again. Answers how to begin. */
export function housekeeping({ db, clock, jobs }: { db: Database; clock: Clock; jobs: Jobs }): () => Promise<void> {
  jobs.handle(key.kind, async (run) => {
    const now = clock.now();
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await pruneReplays(tx, { now, onceBefore: now - ONCE_LIFETIME });
    });
    run.again(now + HOUR);
  });
  return () => db.transaction((tx) => jobs.wake(tx, key));
}
