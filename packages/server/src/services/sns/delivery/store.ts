import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import type { SubscriptionKey, TopicKey } from '../arns.ts';
import { reading, writing } from '../tables.ts';
import type { DeliveryRow, MessageRow, Query, Tables } from '../tables.ts';

/** A delivery with its message; a confirmation has none. */
export type Pending = DeliveryRow & { content: string | null; created: number | null };

type Waiting = Pick<SubscriptionKey, 'account' | 'region' | 'id'>;

export async function insertMessage(tx: Transaction, row: MessageRow): Promise<void> {
  await writing(tx).insertInto('sns_messages').values(row).execute();
}

export async function insertDeliveries(tx: Transaction, rows: readonly DeliveryRow[]): Promise<void> {
  if (rows.length > 0) await writing(tx).insertInto('sns_deliveries').values([...rows]).onConflict((known) => known.doNothing()).execute();
}

export function findMessage(query: Query, { account, region }: Place, id: string): Promise<MessageRow | undefined> {
  return query.selectFrom('sns_messages').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).executeTakeFirst();
}

export async function setFanOut(tx: Transaction, { account, region, id }: Pick<MessageRow, 'account' | 'region' | 'id'>, fan_out: string | null): Promise<void> {
  await writing(tx).updateTable('sns_messages').set({ fan_out }).where('account', '=', account).where('region', '=', region).where('id', '=', id).execute();
}

function waiting(query: Query, { account, region, id }: Waiting) {
  return query.selectFrom('sns_deliveries as d')
    .leftJoin('sns_messages as m', (join) => join.onRef('m.account', '=', 'd.account').onRef('m.region', '=', 'd.region').onRef('m.id', '=', 'd.message'))
    .selectAll('d').select(['m.content', 'm.created'])
    .where('d.account', '=', account).where('d.region', '=', region).where('d.subscription', '=', id);
}

/** By when they are due, soonest first. */
export function listByDue(db: Database, key: Waiting, limit: number): Promise<Pending[]> {
  return waiting(reading(db), key).orderBy('d.due').limit(limit).execute();
}

/** In the messages' order. `butGroups` are left out. */
export function listInOrder(db: Database, key: Waiting, butGroups: readonly string[], limit: number): Promise<Pending[]> {
  const all = waiting(reading(db), key);
  return (butGroups.length === 0 ? all : all.where('d.group_id', 'not in', butGroups)).orderBy('d.sequence').limit(limit).execute();
}

const same = ({ account, region, subscription, sequence, message }: DeliveryRow) => ({ account, region, subscription, sequence, message });

export async function updateDelivery(tx: Transaction, row: DeliveryRow, change: Partial<Pick<DeliveryRow, 'attempts' | 'due' | 'kind'>>): Promise<void> {
  await writing(tx).updateTable('sns_deliveries').set(change).where((eb) => eb.and(same(row))).execute();
}

/** With the message, when this was its last delivery. */
export async function deleteDelivery(tx: Transaction, row: DeliveryRow): Promise<void> {
  await writing(tx).deleteFrom('sns_deliveries').where((eb) => eb.and(same(row))).execute();
  if (row.message !== '') await deleteIfDone(tx, row);
}

async function deleteIfDone(tx: Transaction, { account, region, message }: DeliveryRow): Promise<void> {
  await writing(tx).deleteFrom('sns_messages').where('account', '=', account).where('region', '=', region).where('id', '=', message).where('fan_out', 'is', null)
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('sns_deliveries').select('message').where('account', '=', account).where('region', '=', region).where('message', '=', message)))).execute();
}

/** What a subscription that is gone would have got. */
export async function deleteDeliveriesOf(tx: Transaction, { account, region, id }: Waiting): Promise<void> {
  await writing(tx).deleteFrom('sns_deliveries').where('account', '=', account).where('region', '=', region).where('subscription', '=', id).execute();
}

/** Messages that nothing is delivered from any more, as two last deliveries that end at the same time leave behind. */
export async function sweepMessages(tx: Transaction, times: { now: number; before: number }): Promise<void> {
  const query = writing(tx);
  await query.deleteFrom('sns_messages').where('created', '<', times.before).where('fan_out', 'is', null)
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('sns_deliveries').select('sns_deliveries.message')
      .whereRef('sns_deliveries.account', '=', 'sns_messages.account').whereRef('sns_deliveries.region', '=', 'sns_messages.region').whereRef('sns_deliveries.message', '=', 'sns_messages.id')))).execute();
  await query.deleteFrom('sns_deduplications').where('expires', '<=', times.now).execute();
}

type Deduplication = Tables['sns_deduplications'];

/** What the same id was answered within its time. */
export function findDeduplication(tx: Transaction, { account, region, topic }: TopicKey, scope: string, id: string, now: number): Promise<Deduplication | undefined> {
  return writing(tx).selectFrom('sns_deduplications').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '=', topic)
    .where('scope', '=', scope).where('id', '=', id).where('expires', '>', now).executeTakeFirst();
}

export async function putDeduplication(tx: Transaction, row: Deduplication): Promise<void> {
  const { message, sequence, expires } = row;
  await writing(tx).insertInto('sns_deduplications').values(row).onConflict((known) => known.columns(['account', 'region', 'topic', 'scope', 'id']).doUpdateSet({ message, sequence, expires })).execute();
}
