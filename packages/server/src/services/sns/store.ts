import type { Transaction } from '../../kernel/database.ts';
import { lockRow } from '../../kernel/database/index.ts';
import type { Place } from '../../kernel/place.ts';
import type { SubscriptionKey, TopicKey } from './arns.ts';
import type { Slice } from './pages.ts';
import { writing } from './tables.ts';
import type { Query, SubscriptionRow, TopicRow } from './tables.ts';

export function findTopic(query: Query, { account, region, topic }: TopicKey): Promise<TopicRow | undefined> {
  return query.selectFrom('sns_topics').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '=', topic).executeTakeFirst();
}

/** First in every transaction that decides about a topic or its subscriptions. */
export function lockTopic(tx: Transaction, { account, region, topic }: TopicKey): Promise<TopicRow | undefined> {
  return writing(tx).selectFrom('sns_topics').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '=', topic).$call(lockRow(tx)).executeTakeFirst();
}

export async function countTopics(query: Query, { account, region }: Place, kind: { fifo: boolean }): Promise<number> {
  const row = await query.selectFrom('sns_topics').select((eb) => eb.fn.countAll().as('n')).where('account', '=', account).where('region', '=', region)
    .where('topic', kind.fifo ? 'like' : 'not like', '%.fifo').executeTakeFirstOrThrow();
  return Number(row.n);
}

export function listTopics(query: Query, { account, region }: Place, { after = '', limit }: Slice): Promise<TopicRow[]> {
  return query.selectFrom('sns_topics').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '>', after).orderBy('topic').limit(limit).execute();
}

export async function insertTopic(tx: Transaction, row: TopicRow): Promise<void> {
  await writing(tx).insertInto('sns_topics').values(row).execute();
}

export async function updateTopic(tx: Transaction, { account, region, topic }: TopicKey, change: Partial<Pick<TopicRow, 'attributes' | 'sequence' | 'deleted'>>): Promise<void> {
  await writing(tx).updateTable('sns_topics').set(change).where('account', '=', account).where('region', '=', region).where('topic', '=', topic).execute();
}

/** With its subscriptions and what it remembers; deliveries end by themselves when their subscription is gone. */
export async function deleteTopic(tx: Transaction, { account, region, topic }: TopicKey): Promise<void> {
  for (const table of ['sns_subscriptions', 'sns_deduplications', 'sns_topics'] as const) {
    await writing(tx).deleteFrom(table).where('account', '=', account).where('region', '=', region).where('topic', '=', topic).execute();
  }
}

export async function countSubscriptions(query: Query, { account, region, topic }: TopicKey): Promise<{ pending: number; confirmed: number }> {
  const rows = await query.selectFrom('sns_subscriptions').select((eb) => ['status', eb.fn.countAll().as('n')]).where('account', '=', account).where('region', '=', region).where('topic', '=', topic).groupBy('status').execute();
  const of = (status: SubscriptionRow['status']): number => Number(rows.find((row) => row.status === status)?.n ?? 0);
  return { pending: of('pending'), confirmed: of('confirmed') };
}

export function findSubscription(query: Query, { account, region, topic, id }: SubscriptionKey): Promise<SubscriptionRow | undefined> {
  return query.selectFrom('sns_subscriptions').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '=', topic).where('id', '=', id).executeTakeFirst();
}

export function findByEndpoint(query: Query, { account, region, topic }: TopicKey, protocol: string, endpoint: string): Promise<SubscriptionRow | undefined> {
  return query.selectFrom('sns_subscriptions').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '=', topic)
    .where('protocol', '=', protocol).where('endpoint', '=', endpoint).executeTakeFirst();
}

export function listByTopic(query: Query, { account, region, topic }: TopicKey, { after = '', limit }: Slice): Promise<SubscriptionRow[]> {
  return query.selectFrom('sns_subscriptions').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '=', topic).where('id', '>', after).orderBy('id').limit(limit).execute();
}

/** Those that messages go to, by id. */
export function listConfirmed(query: Query, { account, region, topic }: TopicKey, { after = '', limit }: Slice): Promise<SubscriptionRow[]> {
  return query.selectFrom('sns_subscriptions').selectAll().where('account', '=', account).where('region', '=', region).where('topic', '=', topic)
    .where('status', '=', 'confirmed').where('id', '>', after).orderBy('id').limit(limit).execute();
}

export function listByOwner(query: Query, { account, region }: Place, { after = '', limit }: Slice): Promise<SubscriptionRow[]> {
  return query.selectFrom('sns_subscriptions').selectAll().where('owner', '=', account).where('region', '=', region).where('arn', '>', after).orderBy('arn').limit(limit).execute();
}

export async function insertSubscription(tx: Transaction, row: SubscriptionRow): Promise<void> {
  await writing(tx).insertInto('sns_subscriptions').values(row).execute();
}

export async function updateSubscription(tx: Transaction, { account, region, topic, id }: SubscriptionKey, change: Partial<SubscriptionRow>): Promise<void> {
  await writing(tx).updateTable('sns_subscriptions').set(change).where('account', '=', account).where('region', '=', region).where('topic', '=', topic).where('id', '=', id).execute();
}

export async function deleteSubscription(tx: Transaction, { account, region, topic, id }: SubscriptionKey): Promise<void> {
  await writing(tx).deleteFrom('sns_subscriptions').where('account', '=', account).where('region', '=', region).where('topic', '=', topic).where('id', '=', id).execute();
}
