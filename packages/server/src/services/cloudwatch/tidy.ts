import type { JobKey, Jobs } from '../../engine/jobs.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { LIMITS } from './limits.ts';
import { forgetHistory } from './store/alarms.ts';
import { forgetReports } from './store/reports.ts';

const HOUR = 3_600_000;
/** A room that reports again after a crash does so within minutes; a week forgives an installation that was switched off. */
const REMEMBER_REPORTS = 7 * 24 * HOUR;

const key: JobKey = { kind: 'cloudwatch/tidy', account: '', region: '', id: 'history' };

/** Forgets, hourly, old history and reports. Answers how to begin. */
export function tidyInJobs({ db, clock, jobs }: { db: Database; clock: Clock; jobs: Jobs }): () => Promise<void> {
  jobs.handle(key.kind, async (run) => {
    const now = clock.now();
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await forgetHistory(tx, now - LIMITS.historyKept);
      await forgetReports(tx, now - REMEMBER_REPORTS);
    });
    run.again(now + HOUR);
  });
  return () => db.transaction((tx) => jobs.wake(tx, key));
}
