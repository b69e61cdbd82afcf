import type { Transaction } from '../../../kernel/database.ts';
import type { Seal } from '../../../kernel/seal.ts';
import { queueArn, queueOfArn } from '../arns.ts';
import { attributesOf } from '../queues/attributes.ts';
import { joinGroup, takeSequence } from './fifo-store.ts';
import { pack, unpack } from './message.ts';
import { moveMessage } from './store.ts';
import type { MessageRow } from './store.ts';
import { findQueue, writing } from '../queues/store.ts';
import type { QueueRow } from '../queues/store.ts';

export interface DeadLetters {
  readonly queue: QueueRow;
  /** A message that was received so often goes there instead of being received again. */
  readonly most: number;
}

/** Where a queue's dead letters go; undefined where none go, or when that queue is gone: then messages stay. */
export async function deadLettersOf(tx: Transaction, source: QueueRow): Promise<DeadLetters | undefined> {
  const policy = attributesOf(source).RedrivePolicy;
  const target = policy && queueOfArn(policy.deadLetterTargetArn);
  const queue = target && (await findQueue(writing(tx), target));
  return policy && queue && { queue, most: policy.maxReceiveCount };
}

/** A dead letter keeps its id, and in a standard queue its age: it expires as if it had never moved. */
export async function bury(tx: Transaction, from: QueueRow, row: MessageRow, { queue }: DeadLetters, context: { seal: Seal; now: number }): Promise<void> {
  await carry(tx, from, queue, row, { dead_letter_source: queueArn(from), ...(queue.fifo === 1 && { sent: context.now }) }, context);
}

/** Takes a message into another queue, visible at once, encrypted as that queue asks. */
export async function carry(tx: Transaction, from: QueueRow, to: QueueRow, row: MessageRow, changes: Partial<MessageRow>, { seal, now }: { seal: Seal; now: number }): Promise<void> {
  const id = changes.id ?? row.id;
  const alike = id === row.id && attributesOf(to).SqsManagedSseEnabled === (row.sealed === 1);
  const packed = alike ? {} : pack(seal, to, id, unpack(seal, row));
  const sequence = to.fifo === 1 ? await takeSequence(tx, to, 1) : null;
  await moveMessage(tx, from, row, { account: to.account, region: to.region, box: to.box, visible_at: now, received: null, sequence, ...packed, ...changes });
  if (sequence !== null) await joinGroup(tx, to, row.message_group ?? '', { sequence, visibleAt: now });
}
