import type { Transaction } from '../../../kernel/database.ts';
import type { Query } from './tables.ts';
import { writing } from './tables.ts';

export interface DashboardRow {
  readonly account: string;
  readonly name: string;
  readonly body: string;
  readonly modified: number;
}

export function findDashboard(query: Query, account: string, name: string): Promise<DashboardRow | undefined> {
  return query.selectFrom('cloudwatch_dashboards').selectAll().where('account', '=', account).where('name', '=', name).executeTakeFirst();
}

export function listDashboards(query: Query, account: string, prefix: string, slice: { after: string | undefined; limit: number }): Promise<DashboardRow[]> {
  let rows = query.selectFrom('cloudwatch_dashboards').selectAll().where('account', '=', account);
  if (prefix !== '') rows = rows.where('name', '>=', prefix).where('name', '<', `${prefix}\u{10FFFF}`);
  if (slice.after !== undefined) rows = rows.where('name', '>', slice.after);
  return rows.orderBy('name').limit(slice.limit).execute();
}

export async function putDashboard(tx: Transaction, row: DashboardRow): Promise<void> {
  const { body, modified } = row;
  await writing(tx).insertInto('cloudwatch_dashboards').values(row).onConflict((known) => known.columns(['account', 'name']).doUpdateSet({ body, modified })).execute();
}

export async function deleteDashboard(tx: Transaction, account: string, name: string): Promise<void> {
  await writing(tx).deleteFrom('cloudwatch_dashboards').where('account', '=', account).where('name', '=', name).execute();
}
