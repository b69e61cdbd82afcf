import type { Target } from '@slipway/contracts/eventbridge';
import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import { endOf, writing } from './tables.ts';
import type { BusRef, Query, RuleRef, RuleRow, Slice, TargetRow } from './tables.ts';

export function findRule(query: Query, { account, region, bus, rule }: RuleRef): Promise<RuleRow | undefined> {
  return query.selectFrom('eventbridge_bus_rules').selectAll()
    .where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('name', '=', rule).executeTakeFirst();
}

/** First in every transaction that decides about a rule or its targets. */
export function lockRule(tx: Transaction, { account, region, bus, rule }: RuleRef): Promise<RuleRow | undefined> {
  return writing(tx).selectFrom('eventbridge_bus_rules').selectAll()
    .where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('name', '=', rule).$call(lockRow(tx)).executeTakeFirst();
}

export function listRules(query: Query, { account, region, bus }: BusRef, prefix: string, slice: Slice): Promise<RuleRow[]> {
  let found = query.selectFrom('eventbridge_bus_rules').selectAll().where('account', '=', account).where('region', '=', region).where('bus', '=', bus);
  if (prefix !== '') found = found.where('name', '>=', prefix).where('name', '<', endOf(prefix));
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

/** Rules that events can match: enabled and with a pattern. */
export function listMatchingRules(query: Query, { account, region, bus }: BusRef): Promise<RuleRow[]> {
  return query.selectFrom('eventbridge_bus_rules').selectAll()
    .where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('state', '=', 'ENABLED').where('pattern', 'is not', null).orderBy('name').execute();
}

/** Those that users made. */
export async function countRules(query: Query, { account, region, bus }: BusRef): Promise<number> {
  const row = await query.selectFrom('eventbridge_bus_rules').select((count) => count.fn.countAll().as('n'))
    .where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('managed_by', 'is', null).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function putRule(tx: Transaction, row: RuleRow): Promise<void> {
  const { pattern, schedule, state, description, scheduled, fires_at } = row;
  await writing(tx).insertInto('eventbridge_bus_rules').values(row)
    .onConflict((known) => known.columns(['account', 'region', 'bus', 'name']).doUpdateSet({ pattern, schedule, state, description, scheduled, fires_at })).execute();
}

export async function setFiresAt(tx: Transaction, { account, region, bus, name }: RuleRow, firesAt: number | null): Promise<void> {
  await writing(tx).updateTable('eventbridge_bus_rules').set({ fires_at: firesAt })
    .where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('name', '=', name).execute();
}

export async function deleteRule(tx: Transaction, { account, region, bus, rule }: RuleRef): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_bus_rules').where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('name', '=', rule).execute();
}

export async function listTargets(query: Query, { account, region, bus, rule }: RuleRef, slice: Slice): Promise<Target[]> {
  let found = query.selectFrom('eventbridge_rule_targets').select('target')
    .where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('rule', '=', rule);
  if (slice.after !== undefined) found = found.where('id', '>', slice.after);
  return (await found.orderBy('id').limit(slice.limit).execute()).map((row) => JSON.parse(row.target) as Target);
}

export function listBusTargets(query: Query, { account, region, bus }: BusRef): Promise<TargetRow[]> {
  return query.selectFrom('eventbridge_rule_targets').selectAll().where('account', '=', account).where('region', '=', region).where('bus', '=', bus).orderBy('rule').orderBy('id').execute();
}

export async function listRuleNamesOf(query: Query, { account, region, bus }: BusRef, arn: string, slice: Slice): Promise<string[]> {
  let found = query.selectFrom('eventbridge_rule_targets').select('rule').distinct()
    .where('account', '=', account).where('region', '=', region).where('arn', '=', arn).where('bus', '=', bus);
  if (slice.after !== undefined) found = found.where('rule', '>', slice.after);
  return (await found.orderBy('rule').limit(slice.limit).execute()).map((row) => row.rule);
}

export async function putTarget(tx: Transaction, { account, region, bus, rule }: RuleRef, target: Target): Promise<void> {
  const text = JSON.stringify(target);
  await writing(tx).insertInto('eventbridge_rule_targets').values({ account, region, bus, rule, id: target.Id, arn: target.Arn, target: text })
    .onConflict((known) => known.columns(['account', 'region', 'bus', 'rule', 'id']).doUpdateSet({ arn: target.Arn, target: text })).execute();
}

export async function removeTarget(tx: Transaction, { account, region, bus, rule }: RuleRef, id: string): Promise<boolean> {
  const gone = await writing(tx).deleteFrom('eventbridge_rule_targets')
    .where('account', '=', account).where('region', '=', region).where('bus', '=', bus).where('rule', '=', rule).where('id', '=', id).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}
