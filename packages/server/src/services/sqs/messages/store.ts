import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { lockFreeRows, lockRow } from '../../../kernel/database/index.ts';

export type MessageRow = {
  account: string;
  region: string;
  box: string;
  /** ms UTC; with the id its key, so that the oldest come first. */
  sent: number;
  id: string;
  /** JSON of `Content`, sealed or not. */
  content: string;
  sealed: number;
  /** ms UTC. In the future: in flight when it was received before, delayed otherwise. */
  visible_at: number;
  /** How often it was received; the receipt handle of any but the last receive is stale. */
  receives: number;
  /** The last receive. */
  received: number | null;
  first_received: number | null;
  message_group: string | null;
  /** FIFO queues': its place in the order. */
  sequence: number | null;
  /** The ARN of the queue it was a dead letter of. */
  dead_letter_source: string | null;
};

export type MessageTables = {
  sqs_messages: MessageRow;
  sqs_sequences: { account: string; region: string; queue: string; sequence: number };
  /** FIFO queues' groups that have messages: the first one's sequence, and from when on the group gives some. */
  sqs_groups: { account: string; region: string; box: string; message_group: string; head: number; available_at: number };
  sqs_deduplications: { account: string; region: string; queue: string; scope: string; token: string; message_id: string; sequence: number; expires: number };
  sqs_attempts: { account: string; region: string; queue: string; attempt: string; received: string; expires: number };
};

/** Where a queue's messages are. */
export interface Box {
  readonly account: string;
  readonly region: string;
  readonly box: string;
}

type Key = Pick<MessageRow, 'sent' | 'id'>;

export const messages = (tx: Transaction): Kysely<MessageTables> => tx.query.withTables<MessageTables>();

const inBox = ({ account, region, box }: Box) => (eb: ExpressionBuilder<MessageTables, 'sqs_messages'>) =>
  eb.and([eb('account', '=', account), eb('region', '=', region), eb('box', '=', box)]);

export async function insertMessages(tx: Transaction, rows: readonly MessageRow[]): Promise<void> {
  if (rows.length > 0) await messages(tx).insertInto('sqs_messages').values(rows).execute();
}

/** Messages that may be received, past those that another server is just taking. `since`: what was sent earlier has expired. */
export function takeVisible(tx: Transaction, box: Box, options: { now: number; since: number; limit: number }): Promise<MessageRow[]> {
  return messages(tx).selectFrom('sqs_messages').selectAll().where(inBox(box)).where('visible_at', '<=', options.now).where('sent', '>', options.since)
    .orderBy('visible_at').limit(options.limit).$call(lockFreeRows(tx)).execute();
}

/** When the next message that is in flight or delayed becomes visible. */
export async function nextVisible(tx: Transaction, box: Box, now: number): Promise<number | undefined> {
  const row = await messages(tx).selectFrom('sqs_messages').select('visible_at').where(inBox(box)).where('visible_at', '>', now).orderBy('visible_at').limit(1).executeTakeFirst();
  return row?.visible_at;
}

/** Hides what was received, and counts the receive. */
export async function markReceived(tx: Transaction, box: Box, rows: readonly Key[], times: { now: number; visibleAt: number }): Promise<void> {
  if (rows.length === 0) return;
  await messages(tx).updateTable('sqs_messages')
    .set(({ eb, fn, val }) => ({ visible_at: times.visibleAt, received: times.now, receives: eb('receives', '+', 1), first_received: fn.coalesce('first_received', val(times.now)) }))
    .where(inBox(box)).where('sent', 'in', rows.map(({ sent }) => sent)).where('id', 'in', rows.map(({ id }) => id)).execute();
}

export function lockMessage(tx: Transaction, box: Box, { sent, id }: Key): Promise<MessageRow | undefined> {
  return messages(tx).selectFrom('sqs_messages').selectAll().where(inBox(box)).where('sent', '=', sent).where('id', '=', id).$call(lockRow(tx)).executeTakeFirst();
}

export async function setVisibleAt(tx: Transaction, box: Box, { sent, id }: Key, visibleAt: number): Promise<void> {
  await messages(tx).updateTable('sqs_messages').set({ visible_at: visibleAt }).where(inBox(box)).where('sent', '=', sent).where('id', '=', id).execute();
}

/** Deletes the message when `receives` is still its last receive. */
export async function deleteReceived(tx: Transaction, box: Box, { sent, id, receives }: Key & { receives: number }): Promise<void> {
  await messages(tx).deleteFrom('sqs_messages').where(inBox(box)).where('sent', '=', sent).where('id', '=', id).where('receives', '=', receives).execute();
}

export async function deleteMessage(tx: Transaction, box: Box, { sent, id }: Key): Promise<void> {
  await messages(tx).deleteFrom('sqs_messages').where(inBox(box)).where('sent', '=', sent).where('id', '=', id).execute();
}

/** The message leaves its box for another, with what changes on the way. */
export async function moveMessage(tx: Transaction, from: Box, { sent, id }: Key, changes: Partial<MessageRow>): Promise<void> {
  await messages(tx).updateTable('sqs_messages').set(changes).where(inBox(from)).where('sent', '=', sent).where('id', '=', id).execute();
}

export interface Counts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** A count is never null, but a query within a query may be, as far as its type says. */
const difference = (there: number | null, expired: number | null): number => Number(there) - Number(expired);

/**
 * An index alone answers how many there are, hidden and in flight. What has expired but is not removed yet is not in it:
 * it is little, looked up and taken off.
 */
export async function countMessages(db: Database, box: Box, { now, since }: { now: number; since: number }): Promise<Counts> {
  const row = await db.read.withTables<MessageTables>().selectNoFrom((eb) => {
    const all = eb.selectFrom('sqs_messages').select(({ fn }) => fn.countAll<number>().as('count')).where(inBox(box));
    const hidden = all.where('visible_at', '>', now);
    const inFlight = hidden.where('receives', '>', 0);
    return [
      all.as('all'), hidden.as('hidden'), inFlight.as('inFlight'),
      all.where('sent', '<=', since).as('allExpired'), hidden.where('sent', '<=', since).as('hiddenExpired'), inFlight.where('sent', '<=', since).as('inFlightExpired'),
    ];
  }).executeTakeFirstOrThrow();
  const hidden = difference(row.hidden, row.hiddenExpired);
  const inFlight = difference(row.inFlight, row.inFlightExpired);
  return { visible: difference(row.all, row.allExpired) - hidden, inFlight, delayed: hidden - inFlight };
}

/** How many are in flight, counted no further than `most`. */
export async function countInFlight(db: Database, box: Box, now: number, most: number): Promise<number> {
  const row = await db.read.withTables<MessageTables>()
    .selectFrom((eb) => eb.selectFrom('sqs_messages').select('visible_at').where(inBox(box)).where('visible_at', '>', now).where('receives', '>', 0).limit(most).as('flying'))
    .select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  return row.count;
}

/** Removes about a thousand of the oldest that were sent no later than `until`; answers whether there may be more. */
export async function removeOldest(tx: Transaction, box: Box, until: number): Promise<{ groups: string[]; more: boolean }> {
  const old = messages(tx).selectFrom('sqs_messages').where(inBox(box)).where('sent', '<=', until);
  const last = await old.select('sent').orderBy('sent').offset(CHUNK - 1).limit(1).executeTakeFirst();
  const upTo = last?.sent ?? until;
  const groups = await messages(tx).selectFrom('sqs_messages').select('message_group').distinct().where(inBox(box)).where('sent', '<=', upTo).where('sequence', 'is not', null).execute();
  await messages(tx).deleteFrom('sqs_messages').where(inBox(box)).where('sent', '<=', upTo).execute();
  return { groups: groups.map(({ message_group }) => message_group ?? ''), more: last !== undefined };
}

const CHUNK = 1_000;
