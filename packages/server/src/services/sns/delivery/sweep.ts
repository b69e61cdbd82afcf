import { sweepMessages } from './store.ts';
import type { SnsDeps } from '../deps.ts';

const SWEEP = 'sns/sweep';
const KEY = { kind: SWEEP, account: '', region: '', id: 'all' } as const;
const HOUR_MS = 60 * 60 * 1000;

/** Once an hour: messages that nothing is delivered from any more, and deduplication ids whose time is over. */
export function keepTidy({ db, clock, jobs }: Pick<SnsDeps, 'db' | 'clock' | 'jobs'>): { start(): Promise<void> } {
  jobs.handle(SWEEP, async (run) => {
    await db.transaction((tx) => sweepMessages(tx, { now: clock.now(), before: clock.now() - HOUR_MS }));
    run.again(clock.now() + HOUR_MS);
  });
  return { start: () => db.transaction((tx) => jobs.wake(tx, KEY, clock.now() + HOUR_MS)) };
}
