import type { StateValue } from '@slipway/contracts/cloudwatch';
import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Place } from '../../../kernel/place.ts';
import type { ActionRow, AlarmRow, HistoryRow, Query } from './tables.ts';
import { writing } from './tables.ts';

export function findAlarm(query: Query, { account, region }: Place, name: string): Promise<AlarmRow | undefined> {
  return query.selectFrom('cloudwatch_alarms').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

/** First in every transaction that decides about an alarm. */
export function lockAlarm(tx: Transaction, { account, region }: Place, name: string): Promise<AlarmRow | undefined> {
  return writing(tx).selectFrom('cloudwatch_alarms').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export function findAlarms(query: Query, { account, region }: Place, names: readonly string[]): Promise<AlarmRow[]> {
  if (names.length === 0) return Promise.resolve([]);
  return query.selectFrom('cloudwatch_alarms').selectAll().where('account', '=', account).where('region', '=', region).where('name', 'in', names).orderBy('name').execute();
}

export interface AlarmFilter {
  readonly names?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
  readonly kinds: readonly AlarmRow['kind'][];
  readonly state?: StateValue | undefined;
}

export async function listAlarms(query: Query, { account, region }: Place, filter: AlarmFilter, slice: { after: string | undefined; limit: number }): Promise<AlarmRow[]> {
  if (filter.kinds.length === 0) return [];
  let rows = query.selectFrom('cloudwatch_alarms').selectAll().where('account', '=', account).where('region', '=', region).where('kind', 'in', filter.kinds);
  if (filter.names !== undefined) rows = rows.where('name', 'in', filter.names);
  if (filter.prefix !== undefined) rows = rows.where('name', '>=', filter.prefix).where('name', '<', `${filter.prefix}\u{10FFFF}`);
  if (filter.state !== undefined) rows = rows.where('state', '=', filter.state);
  if (slice.after !== undefined) rows = rows.where('name', '>', slice.after);
  return rows.orderBy('name').limit(slice.limit).execute();
}

export function alarmsOnMetric(query: Query, { account, region }: Place, metric: string): Promise<AlarmRow[]> {
  return query.selectFrom('cloudwatch_alarms').selectAll().where('account', '=', account).where('region', '=', region).where('metric', '=', metric).orderBy('name').execute();
}

export async function countAlarms(query: Query, { account, region }: Place): Promise<number> {
  const row = await query.selectFrom('cloudwatch_alarms').select((count) => count.fn.countAll().as('n')).where('account', '=', account).where('region', '=', region).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function putAlarm(tx: Transaction, row: AlarmRow): Promise<void> {
  const { account: _account, region: _region, name: _name, ...rest } = row;
  await writing(tx).insertInto('cloudwatch_alarms').values(row).onConflict((known) => known.columns(['account', 'region', 'name']).doUpdateSet(rest)).execute();
}

export async function updateAlarm(tx: Transaction, { account, region, name }: AlarmRow, changes: Partial<AlarmRow>): Promise<void> {
  await writing(tx).updateTable('cloudwatch_alarms').set(changes).where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function deleteAlarm(tx: Transaction, { account, region, name }: AlarmRow): Promise<void> {
  await writing(tx).deleteFrom('cloudwatch_alarm_links').where('account', '=', account).where('region', '=', region).where('parent', '=', name).execute();
  await writing(tx).deleteFrom('cloudwatch_alarms').where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export interface Link {
  readonly child: string;
  readonly relation: 'rule' | 'suppressor';
}

export async function replaceLinks(tx: Transaction, { account, region }: Place, parent: string, links: readonly Link[]): Promise<void> {
  await writing(tx).deleteFrom('cloudwatch_alarm_links').where('account', '=', account).where('region', '=', region).where('parent', '=', parent).execute();
  if (links.length > 0) await writing(tx).insertInto('cloudwatch_alarm_links').values(links.map((link) => ({ account, region, parent, ...link }))).execute();
}

export function linksFrom(query: Query, { account, region }: Place, parent: string): Promise<Link[]> {
  return query.selectFrom('cloudwatch_alarm_links').select(['child', 'relation']).where('account', '=', account).where('region', '=', region).where('parent', '=', parent).orderBy('child').execute();
}

export async function parentsOf(query: Query, { account, region }: Place, children: readonly string[], relation?: Link['relation']): Promise<string[]> {
  let rows = query.selectFrom('cloudwatch_alarm_links').select('parent').distinct().where('account', '=', account).where('region', '=', region).where('child', 'in', children);
  if (relation !== undefined) rows = rows.where('relation', '=', relation);
  return (await rows.orderBy('parent').execute()).map((row) => row.parent);
}

export async function addHistory(tx: Transaction, row: HistoryRow): Promise<void> {
  await writing(tx).insertInto('cloudwatch_alarm_history').values(row).execute();
}

export interface HistoryFilter {
  readonly alarm?: string | undefined;
  readonly kinds: readonly HistoryRow['kind'][];
  readonly type?: HistoryRow['type'] | undefined;
  readonly from: number;
  readonly to: number;
}

export function listHistory(query: Query, { account, region }: Place, filter: HistoryFilter, slice: { after: readonly [number, string] | undefined; limit: number; ascending: boolean }): Promise<HistoryRow[]> {
  let rows = query.selectFrom('cloudwatch_alarm_history').selectAll().where('account', '=', account).where('region', '=', region)
    .where('at', '>=', filter.from).where('at', '<=', filter.to).where('kind', 'in', filter.kinds);
  if (filter.alarm !== undefined) rows = rows.where('alarm', '=', filter.alarm);
  if (filter.type !== undefined) rows = rows.where('type', '=', filter.type);
  const { after, ascending } = slice;
  if (after !== undefined) {
    const beyond = ascending ? '>' : '<';
    rows = rows.where((is) => is.or([is('at', beyond, after[0]), is.and([is('at', '=', after[0]), is('id', beyond, after[1])])]));
  }
  const direction = ascending ? 'asc' : 'desc';
  return rows.orderBy('at', direction).orderBy('id', direction).limit(slice.limit).execute();
}

export async function forgetHistory(tx: Transaction, before: number): Promise<void> {
  await writing(tx).deleteFrom('cloudwatch_alarm_history').where('at', '<', before).execute();
}

export async function insertAction(tx: Transaction, row: ActionRow): Promise<void> {
  await writing(tx).insertInto('cloudwatch_actions').values(row).execute();
}

export function findAction(query: Query, { account, region }: Place, id: string): Promise<ActionRow | undefined> {
  return query.selectFrom('cloudwatch_actions').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).executeTakeFirst();
}

export async function setAttempts(tx: Transaction, { account, region, id }: ActionRow, attempts: number): Promise<void> {
  await writing(tx).updateTable('cloudwatch_actions').set({ attempts }).where('account', '=', account).where('region', '=', region).where('id', '=', id).execute();
}

export async function deleteAction(tx: Transaction, { account, region, id }: ActionRow): Promise<void> {
  await writing(tx).deleteFrom('cloudwatch_actions').where('account', '=', account).where('region', '=', region).where('id', '=', id).execute();
}
