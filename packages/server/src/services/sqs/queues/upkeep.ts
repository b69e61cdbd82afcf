import type { JobKey, JobRun, Jobs } from '../../../engine/jobs.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { QueueName } from '../arns.ts';
import { attributesOf } from './attributes.ts';
import type { SqsDeps } from '../deps.ts';
import { forgetExpired, lockOrder, refreshGroup, removeGroups } from '../messages/fifo-store.ts';
import { MINUTE_MS } from '../limits.ts';
import { removeOldest } from '../messages/store.ts';
import type { Box } from '../messages/store.ts';
import { allQueues, reading, removeQueueRow } from './store.ts';
import type { QueueRow } from './store.ts';

const TRASH = 'sqs/trash';
const UPKEEP: JobKey = { kind: 'sqs/upkeep', account: '', region: '', id: 'queues' };
const HOUR_MS = 60 * MINUTE_MS;
const QUEUES_AT_A_TIME = 500;

/**
 * Empties a box that its queue no longer has, and once more after a minute: a message may still have been on its way
 * into it. Part of the transaction that takes the box from its queue.
 */
export async function throwAway(jobs: Jobs, tx: Transaction, { account, region, box }: Box, now: number): Promise<void> {
  await jobs.wake(tx, { kind: TRASH, account, region, id: `${box}/${now + MINUTE_MS}` });
}

/** Background work: what purges and deletions left, and hourly what is older than its queue keeps messages. Answers how to begin. */
export function handleUpkeep({ db, clock, jobs }: Pick<SqsDeps, 'db' | 'clock' | 'jobs'>): () => Promise<void> {
  jobs.handle(TRASH, async (run) => {
    const { account, region, id } = run.key;
    const [box = '', until] = id.split('/');
    const at: Box = { account, region, box };
    await empty(run, at);
    if (clock.now() < Number(until)) run.again(Number(until));
  });

  async function empty(run: JobRun, box: Box): Promise<void> {
    for (let more = true; more && !run.signal.aborted;) {
      ({ more } = await db.transaction(async (tx) => {
        await run.fence(tx);
        return removeOldest(tx, box, Number.MAX_SAFE_INTEGER);
      }));
    }
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await removeGroups(tx, box);
    });
  }

  async function expire(run: JobRun, queue: QueueRow): Promise<void> {
    const until = clock.now() - attributesOf(queue).MessageRetentionPeriod * 1000;
    for (let more = true; more && !run.signal.aborted;) {
      more = await db.transaction(async (tx) => {
        await run.fence(tx);
        if (queue.fifo === 1) await lockOrder(tx, queue);
        const removed = await removeOldest(tx, queue, until);
        for (const group of removed.groups) await refreshGroup(tx, queue, group);
        return removed.more;
      });
    }
  }

  jobs.handle(UPKEEP.kind, async (run) => {
    let after: QueueName = { account: '', region: '', name: '' };
    for (let page: QueueRow[] = []; !run.signal.aborted;) {
      page = await allQueues(reading(db), after, QUEUES_AT_A_TIME);
      for (const queue of page) {
        if (queue.deleted === null) await expire(run, queue);
        else if (clock.now() >= queue.deleted + MINUTE_MS) await db.transaction((tx) => removeQueueRow(tx, queue));
      }
      if (page.length < QUEUES_AT_A_TIME) break;
      after = page.at(-1)!;
    }
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await forgetExpired(tx, clock.now());
    });
    run.again(clock.now() + HOUR_MS);
  });

  return () => db.transaction((tx) => jobs.wake(tx, UPKEEP));
}
