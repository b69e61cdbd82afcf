import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Place } from '../../../kernel/place.ts';
import { endOf, writing } from './tables.ts';
import type { ApiDestinationRow, ConnectionRow, ConnectionState, Query, Slice } from './tables.ts';

export function findConnection(query: Query, { account, region }: Place, name: string): Promise<ConnectionRow | undefined> {
  return query.selectFrom('eventbridge_connections').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

export function lockConnection(tx: Transaction, { account, region }: Place, name: string): Promise<ConnectionRow | undefined> {
  return writing(tx).selectFrom('eventbridge_connections').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export function listConnections(query: Query, { account, region }: Place, { prefix, state }: { prefix?: string | undefined; state?: ConnectionState | undefined }, slice: Slice): Promise<ConnectionRow[]> {
  let found = query.selectFrom('eventbridge_connections').selectAll().where('account', '=', account).where('region', '=', region);
  if (prefix !== undefined) found = found.where('name', '>=', prefix).where('name', '<', endOf(prefix));
  if (state !== undefined) found = found.where('state', '=', state);
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

export async function countConnections(query: Query, { account, region }: Place): Promise<number> {
  const row = await query.selectFrom('eventbridge_connections').select((count) => count.fn.countAll().as('n')).where('account', '=', account).where('region', '=', region).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function insertConnection(tx: Transaction, row: ConnectionRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_connections').values(row).execute();
}

export async function updateConnection(tx: Transaction, { account, region, name }: ConnectionRow, change: Partial<Omit<ConnectionRow, 'account' | 'region' | 'name' | 'id' | 'created'>>): Promise<void> {
  await writing(tx).updateTable('eventbridge_connections').set(change).where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function deleteConnection(tx: Transaction, { account, region, name }: ConnectionRow): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_connections').where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export function findApiDestination(query: Query, { account, region }: Place, name: string): Promise<ApiDestinationRow | undefined> {
  return query.selectFrom('eventbridge_api_destinations').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

export function lockApiDestination(tx: Transaction, { account, region }: Place, name: string): Promise<ApiDestinationRow | undefined> {
  return writing(tx).selectFrom('eventbridge_api_destinations').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export function listApiDestinations(query: Query, { account, region }: Place, { prefix, connection }: { prefix?: string | undefined; connection?: string | undefined }, slice: Slice): Promise<ApiDestinationRow[]> {
  let found = query.selectFrom('eventbridge_api_destinations').selectAll().where('account', '=', account).where('region', '=', region);
  if (prefix !== undefined) found = found.where('name', '>=', prefix).where('name', '<', endOf(prefix));
  if (connection !== undefined) found = found.where('connection', '=', connection);
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

export async function countApiDestinations(query: Query, { account, region }: Place): Promise<number> {
  const row = await query.selectFrom('eventbridge_api_destinations').select((count) => count.fn.countAll().as('n')).where('account', '=', account).where('region', '=', region).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function insertApiDestination(tx: Transaction, row: ApiDestinationRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_api_destinations').values(row).execute();
}

export async function updateApiDestination(tx: Transaction, { account, region, name }: ApiDestinationRow, change: Partial<Omit<ApiDestinationRow, 'account' | 'region' | 'name' | 'id' | 'created'>>): Promise<void> {
  await writing(tx).updateTable('eventbridge_api_destinations').set(change).where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function deleteApiDestination(tx: Transaction, { account, region, name }: ApiDestinationRow): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_api_destinations').where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}
