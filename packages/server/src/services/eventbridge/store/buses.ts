import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Place } from '../../../kernel/place.ts';
import { endOf, writing } from './tables.ts';
import type { BusRef, BusRow, Query, Slice } from './tables.ts';

export function findBus(query: Query, { account, region, bus }: BusRef): Promise<BusRow | undefined> {
  return query.selectFrom('eventbridge_buses').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', bus).executeTakeFirst();
}

/** First in every transaction that decides about a bus or who may be on it. */
export function lockBus(tx: Transaction, { account, region, bus }: BusRef): Promise<BusRow | undefined> {
  return writing(tx).selectFrom('eventbridge_buses').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', bus).$call(lockRow(tx)).executeTakeFirst();
}

export function listBuses(query: Query, { account, region }: Place, prefix: string, slice: Slice): Promise<BusRow[]> {
  let found = query.selectFrom('eventbridge_buses').selectAll().where('account', '=', account).where('region', '=', region);
  if (prefix !== '') found = found.where('name', '>=', prefix).where('name', '<', endOf(prefix));
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

export async function countBuses(query: Query, { account, region }: Place): Promise<number> {
  const row = await query.selectFrom('eventbridge_buses').select((count) => count.fn.countAll().as('n')).where('account', '=', account).where('region', '=', region).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function insertBus(tx: Transaction, row: BusRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_buses').values(row).execute();
}

/** Makes the default bus's row when it has none yet. */
export async function putBus(tx: Transaction, row: BusRow): Promise<void> {
  const { description, policy, modified } = row;
  await writing(tx).insertInto('eventbridge_buses').values(row).onConflict((known) => known.columns(['account', 'region', 'name']).doUpdateSet({ description, policy, modified })).execute();
}

export async function deleteBus(tx: Transaction, { account, region, bus }: BusRef): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_buses').where('account', '=', account).where('region', '=', region).where('name', '=', bus).execute();
}
