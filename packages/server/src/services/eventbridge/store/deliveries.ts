import type { Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import { writing } from './tables.ts';
import type { DeliveryRow, Query } from './tables.ts';

/** True the first time that an event comes. */
export async function noteEvent(tx: Transaction, { account, region }: Place, key: string, times: { now: number; forgetBefore: number }): Promise<boolean> {
  await writing(tx).deleteFrom('eventbridge_seen').where('seen', '<', times.forgetBefore).execute();
  const noted = await writing(tx).insertInto('eventbridge_seen').values({ account, region, event_id: key, seen: times.now }).onConflict((known) => known.doNothing()).executeTakeFirst();
  return (noted.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function insertDelivery(tx: Transaction, row: DeliveryRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_deliveries').values(row).execute();
}

export function findDelivery(query: Query, { account, region }: Place, id: string): Promise<DeliveryRow | undefined> {
  return query.selectFrom('eventbridge_deliveries').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).executeTakeFirst();
}

export async function updateDelivery(tx: Transaction, { account, region, id }: DeliveryRow, change: Partial<Pick<DeliveryRow, 'attempts' | 'turn' | 'letter'>>): Promise<void> {
  await writing(tx).updateTable('eventbridge_deliveries').set(change).where('account', '=', account).where('region', '=', region).where('id', '=', id).execute();
}

export async function deleteDelivery(tx: Transaction, { account, region, id }: DeliveryRow): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_deliveries').where('account', '=', account).where('region', '=', region).where('id', '=', id).execute();
}
