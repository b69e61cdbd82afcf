import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import { messages } from './store.ts';
import type { Box, MessageRow } from './store.ts';
import type { QueueRow } from '../queues/store.ts';

/** As many as one receive takes of a group, so that all of its messages in flight are among the first so many. */
const MOST_IN_FLIGHT_PER_GROUP = 10;

const ofQueue = ({ account, region, id }: QueueRow) => ({ account, region, queue: id });
const ofGroup = ({ account, region, box }: Box, group: string) => ({ account, region, box, message_group: group });

export async function beginOrder(tx: Transaction, queue: QueueRow): Promise<void> {
  await messages(tx).insertInto('sqs_sequences').values({ ...ofQueue(queue), sequence: 0 }).execute();
}

/** Everything that changes a FIFO queue's messages does so one after the other: first in each such transaction. */
export async function lockOrder(tx: Transaction, queue: QueueRow): Promise<void> {
  await messages(tx).selectFrom('sqs_sequences').select('sequence').where((eb) => eb.and(ofQueue(queue))).$call(lockRow(tx)).execute();
}

/** The first of `count` sequence numbers; the order stays locked until the transaction ends, so that they are given in the order of commits. */
export async function takeSequence(tx: Transaction, queue: QueueRow, count: number): Promise<number> {
  const row = await messages(tx).updateTable('sqs_sequences').set(({ eb }) => ({ sequence: eb('sequence', '+', count) }))
    .where((eb) => eb.and(ofQueue(queue))).returning('sequence').executeTakeFirst();
  // A queue that was deleted since it was found has none; what is sent to it is thrown away with it.
  return row === undefined ? 1 : row.sequence - count + 1;
}

/** Groups that give messages now, in the order of their first ones. */
export async function availableGroups(tx: Transaction, box: Box, now: number, limit: number): Promise<string[]> {
  const rows = await messages(tx).selectFrom('sqs_groups').select('message_group').where('account', '=', box.account).where('region', '=', box.region).where('box', '=', box.box)
    .where('available_at', '<=', now).orderBy('head').limit(limit).execute();
  return rows.map(({ message_group }) => message_group);
}

export async function nextAvailable(tx: Transaction, box: Box, now: number): Promise<number | undefined> {
  const row = await messages(tx).selectFrom('sqs_groups').select('available_at').where('account', '=', box.account).where('region', '=', box.region).where('box', '=', box.box)
    .where('available_at', '>', now).orderBy('available_at').limit(1).executeTakeFirst();
  return row?.available_at;
}

export function firstOfGroup(tx: Transaction, box: Box, group: string, limit: number): Promise<MessageRow[]> {
  return messages(tx).selectFrom('sqs_messages').selectAll().where((eb) => eb.and(ofGroup(box, group))).where('sequence', 'is not', null).orderBy('sequence').limit(limit).execute();
}

/** A group that had no message before has this one first. */
export async function joinGroup(tx: Transaction, box: Box, group: string, message: { sequence: number; visibleAt: number }): Promise<void> {
  await messages(tx).insertInto('sqs_groups').values({ ...ofGroup(box, group), head: message.sequence, available_at: message.visibleAt })
    .onConflict((conflict) => conflict.doNothing()).execute();
}

/** Makes the group's row true again after its messages changed: a group with messages in flight gives none. */
export async function refreshGroup(tx: Transaction, box: Box, group: string): Promise<void> {
  const first = await messages(tx).selectFrom('sqs_messages').select(['sequence', 'visible_at', 'receives']).where((eb) => eb.and(ofGroup(box, group)))
    .where('sequence', 'is not', null).orderBy('sequence').limit(MOST_IN_FLIGHT_PER_GROUP).execute();
  const [head] = first;
  if (head === undefined) {
    await messages(tx).deleteFrom('sqs_groups').where((eb) => eb.and(ofGroup(box, group))).execute();
    return;
  }
  const inFlight = first.filter(({ receives }) => receives > 0).map(({ visible_at }) => visible_at);
  const row = { head: head.sequence ?? 0, available_at: Math.max(head.visible_at, ...inFlight) };
  await messages(tx).insertInto('sqs_groups').values({ ...ofGroup(box, group), ...row })
    .onConflict((conflict) => conflict.columns(['account', 'region', 'box', 'message_group']).doUpdateSet(row)).execute();
}

export async function removeGroups(tx: Transaction, box: Box): Promise<void> {
  await messages(tx).deleteFrom('sqs_groups').where('account', '=', box.account).where('region', '=', box.region).where('box', '=', box.box).execute();
}

export interface Deduplication {
  /** The group, where the queue deduplicates per group; else empty. */
  readonly scope: string;
  readonly token: string;
}

/** What was sent under this id within the deduplication interval. */
export function findDuplicate(tx: Transaction, queue: QueueRow, { scope, token }: Deduplication, now: number) {
  return messages(tx).selectFrom('sqs_deduplications').select(['message_id', 'sequence']).where((eb) => eb.and({ ...ofQueue(queue), scope, token })).where('expires', '>', now).executeTakeFirst();
}

export async function rememberSent(tx: Transaction, queue: QueueRow, { scope, token }: Deduplication, sent: { message_id: string; sequence: number; expires: number }): Promise<void> {
  await messages(tx).insertInto('sqs_deduplications').values({ ...ofQueue(queue), scope, token, ...sent })
    .onConflict((conflict) => conflict.columns(['account', 'region', 'queue', 'scope', 'token']).doUpdateSet(sent)).execute();
}

export async function findAttempt(tx: Transaction, queue: QueueRow, attempt: string, now: number): Promise<string | undefined> {
  const row = await messages(tx).selectFrom('sqs_attempts').select('received').where((eb) => eb.and({ ...ofQueue(queue), attempt })).where('expires', '>', now).executeTakeFirst();
  return row?.received;
}

export async function rememberAttempt(tx: Transaction, queue: QueueRow, attempt: string, row: { received: string; expires: number }): Promise<void> {
  await messages(tx).insertInto('sqs_attempts').values({ ...ofQueue(queue), attempt, ...row })
    .onConflict((conflict) => conflict.columns(['account', 'region', 'queue', 'attempt']).doUpdateSet(row)).execute();
}

/** What the queue keeps beside its messages. */
export async function removeOrder(tx: Transaction, queue: QueueRow): Promise<void> {
  for (const table of ['sqs_sequences', 'sqs_deduplications', 'sqs_attempts'] as const) {
    await messages(tx).deleteFrom(table).where('account', '=', queue.account).where('region', '=', queue.region).where('queue', '=', queue.id).execute();
  }
}

export async function forgetExpired(tx: Transaction, now: number): Promise<void> {
  await messages(tx).deleteFrom('sqs_deduplications').where('expires', '<=', now).execute();
  await messages(tx).deleteFrom('sqs_attempts').where('expires', '<=', now).execute();
}
