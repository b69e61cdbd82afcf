import type { Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Seal } from '../../../kernel/seal.ts';
import { queueOfArn } from '../arns.ts';
import { attributesOf } from '../queues/attributes.ts';
import { carry } from '../messages/dead-letters.ts';
import { lockOrder, refreshGroup } from '../messages/fifo-store.ts';
import { takeVisible } from '../messages/store.ts';
import type { MessageRow } from '../messages/store.ts';
import { lockTask, updateTask } from './store.ts';
import type { TaskKey } from './store.ts';
import { findQueue, writing } from '../queues/store.ts';
import type { MoveTaskRow, QueueRow } from '../queues/store.ts';
import type { Waiting } from '../messages/waiting.ts';

/** The job of one message move task. */
export const MOVE = 'sqs/move';

const SECOND_MS = 1_000;
const AT_A_TIME = 100;

interface MovingDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly seal: Seal;
  readonly waiting: Waiting;
}

/** Moves dead letters back, a portion per run: as many as a second may have where the task says so. */
export function handleMoves(deps: MovingDeps): void {
  const { db, clock, jobs } = deps;
  jobs.handle(MOVE, async (run) => {
    const { account, region, id } = run.key;
    const goOn = await db.transaction(async (tx) => {
      await run.fence(tx);
      return step(deps, tx, { account, region, id });
    });
    if (goOn !== undefined) run.again(clock.now() + goOn);
  });
}

/** Answers after how long (ms) there is more to do; undefined when the task is over. */
async function step(deps: MovingDeps, tx: Transaction, key: TaskKey): Promise<number | undefined> {
  const task = await lockTask(tx, key);
  if (task?.status !== 'RUNNING') return undefined;
  const source = await findQueue(writing(tx), { account: task.account, region: task.region, name: task.queue });
  if (source === undefined) return end(tx, task, { status: 'FAILED', failure: 'AWS.SimpleQueueService.NonExistentQueue' });
  const now = deps.clock.now();
  if (source.fifo === 1) await lockOrder(tx, source);
  const limit = Math.min(task.rate ?? AT_A_TIME, LARGEST_STEP);
  const rows = await takeVisible(tx, source, { now, since: now - attributesOf(source).MessageRetentionPeriod * SECOND_MS, limit });
  if (rows.length === 0) return end(tx, task, { status: 'COMPLETED' });
  let moved = 0;
  for (const row of source.fifo === 1 ? rows.toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0)) : rows) {
    const target = await targetOf(tx, task, row);
    if (typeof target === 'string') return end(tx, task, { status: 'FAILED', failure: target, moved: task.moved + moved });
    await redrive(deps, tx, source, target, row);
    moved += 1;
  }
  await updateTask(tx, task, { moved: task.moved + moved });
  return task.rate === null ? 0 : SECOND_MS;
}

/** The largest rate: one step moves a second's worth. */
const LARGEST_STEP = 500;

async function end(tx: Transaction, task: MoveTaskRow, changes: Partial<MoveTaskRow>): Promise<undefined> {
  await updateTask(tx, task, changes);
}

/** The task's destination, or else the queue that the message came from; a text says why there is none. */
async function targetOf(tx: Transaction, task: MoveTaskRow, row: MessageRow): Promise<QueueRow | string> {
  const arn = task.destination_arn ?? row.dead_letter_source;
  const at = arn === null ? undefined : queueOfArn(arn);
  if (at === undefined) return 'CouldNotDetermineMessageSource';
  return (await findQueue(writing(tx), at)) ?? 'AWS.SimpleQueueService.NonExistentQueue';
}

/** A message that is moved back is a new one: new id, new age, never received. */
async function redrive({ clock, seal, waiting }: MovingDeps, tx: Transaction, source: QueueRow, target: QueueRow, row: MessageRow): Promise<void> {
  const now = clock.now();
  await carry(tx, source, target, row, { id: uuid(), sent: now, receives: 0, first_received: null, dead_letter_source: null }, { seal, now });
  if (source.fifo === 1) await refreshGroup(tx, source, row.message_group ?? '');
  tx.afterCommit(() => waiting.wake(target.id, 1));
}
