import type { Target } from '@slipway/contracts/eventbridge';
import type { Kysely } from 'kysely';
import type { Database, Transaction } from '../../kernel/database.ts';
import { lockRow } from '../../kernel/database/index.ts';
import type { Place } from '../../kernel/place.ts';

export type RuleRow = {
  account: string;
  region: string;
  name: string;
  pattern: string;
  state: 'ENABLED' | 'DISABLED';
  description: string | null;
  created: number;
};

export type DeliveryRow = {
  account: string;
  region: string;
  /** `<event>/<rule>/<target>`, the key under which the target is called once. */
  id: string;
  rule: string;
  /** JSON of the target as it was when the event came. */
  target: string;
  /** JSON of the event as targets see it. */
  event: string;
  created: number;
  attempts: number;
};

type Tables = {
  eventbridge_rules: RuleRow;
  eventbridge_targets: { account: string; region: string; rule: string; id: string; arn: string; target: string };
  eventbridge_seen: { account: string; region: string; event_id: string; seen: number };
  eventbridge_deliveries: DeliveryRow;
};

export interface Slice {
  readonly after: string | undefined;
  readonly limit: number;
}

type Query = Kysely<Tables>;
export const reading = (db: Database): Query => db.read.withTables<Tables>();
export const writing = (tx: Transaction): Query => tx.query.withTables<Tables>();

export function findRule(query: Query, { account, region }: Place, name: string): Promise<RuleRow | undefined> {
  return query.selectFrom('eventbridge_rules').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

/** First in every transaction that decides about a rule or its targets. */
export function lockRule(tx: Transaction, { account, region }: Place, name: string): Promise<RuleRow | undefined> {
  return writing(tx).selectFrom('eventbridge_rules').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export function listRules(query: Query, { account, region }: Place, prefix: string, slice: Slice): Promise<RuleRow[]> {
  let found = query.selectFrom('eventbridge_rules').selectAll().where('account', '=', account).where('region', '=', region);
  if (prefix !== '') found = found.where('name', '>=', prefix).where('name', '<', `${prefix}\u{10FFFF}`);
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

export function listEnabledRules(query: Query, { account, region }: Place): Promise<RuleRow[]> {
  return query.selectFrom('eventbridge_rules').selectAll().where('account', '=', account).where('region', '=', region).where('state', '=', 'ENABLED').orderBy('name').execute();
}

export async function countRules(query: Query, { account, region }: Place): Promise<number> {
  const row = await query.selectFrom('eventbridge_rules').select((count) => count.fn.countAll().as('n')).where('account', '=', account).where('region', '=', region).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function putRule(tx: Transaction, row: RuleRow): Promise<void> {
  const { pattern, state, description } = row;
  await writing(tx).insertInto('eventbridge_rules').values(row).onConflict((known) => known.columns(['account', 'region', 'name']).doUpdateSet({ pattern, state, description })).execute();
}

export async function deleteRule(tx: Transaction, { account, region }: Place, name: string): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_rules').where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function listTargets(query: Query, { account, region }: Place, rule: string, slice: Slice): Promise<Target[]> {
  let found = query.selectFrom('eventbridge_targets').select('target').where('account', '=', account).where('region', '=', region).where('rule', '=', rule);
  if (slice.after !== undefined) found = found.where('id', '>', slice.after);
  return (await found.orderBy('id').limit(slice.limit).execute()).map((row) => JSON.parse(row.target) as Target);
}

export async function listRuleNamesOf(query: Query, { account, region }: Place, arn: string, slice: Slice): Promise<string[]> {
  let found = query.selectFrom('eventbridge_targets').select('rule').distinct().where('account', '=', account).where('region', '=', region).where('arn', '=', arn);
  if (slice.after !== undefined) found = found.where('rule', '>', slice.after);
  return (await found.orderBy('rule').limit(slice.limit).execute()).map((row) => row.rule);
}

export async function putTarget(tx: Transaction, { account, region }: Place, rule: string, target: Target): Promise<void> {
  const text = JSON.stringify(target);
  await writing(tx).insertInto('eventbridge_targets').values({ account, region, rule, id: target.Id, arn: target.Arn, target: text })
    .onConflict((known) => known.columns(['account', 'region', 'rule', 'id']).doUpdateSet({ arn: target.Arn, target: text })).execute();
}

export async function removeTarget(tx: Transaction, { account, region }: Place, rule: string, id: string): Promise<boolean> {
  const gone = await writing(tx).deleteFrom('eventbridge_targets').where('account', '=', account).where('region', '=', region).where('rule', '=', rule).where('id', '=', id).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** True the first time that an event comes. */
export async function noteEvent(tx: Transaction, { account, region }: Place, eventId: string, times: { now: number; forgetBefore: number }): Promise<boolean> {
  await writing(tx).deleteFrom('eventbridge_seen').where('seen', '<', times.forgetBefore).execute();
  const noted = await writing(tx).insertInto('eventbridge_seen').values({ account, region, event_id: eventId, seen: times.now }).onConflict((known) => known.doNothing()).executeTakeFirst();
  return (noted.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function insertDelivery(tx: Transaction, row: DeliveryRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_deliveries').values(row).execute();
}

export function findDelivery(query: Query, { account, region }: Place, id: string): Promise<DeliveryRow | undefined> {
  return query.selectFrom('eventbridge_deliveries').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).executeTakeFirst();
}

export async function setAttempts(tx: Transaction, row: DeliveryRow, attempts: number): Promise<void> {
  await writing(tx).updateTable('eventbridge_deliveries').set({ attempts }).where('account', '=', row.account).where('region', '=', row.region).where('id', '=', row.id).execute();
}

export async function deleteDelivery(tx: Transaction, row: DeliveryRow): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_deliveries').where('account', '=', row.account).where('region', '=', row.region).where('id', '=', row.id).execute();
}
