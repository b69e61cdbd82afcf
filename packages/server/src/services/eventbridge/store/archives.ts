import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Place } from '../../../kernel/place.ts';
import { endOf, writing } from './tables.ts';
import type { ArchivedRow, ArchiveRow, Query, ReplayRow, Slice } from './tables.ts';

export function findArchive(query: Query, { account, region }: Place, name: string): Promise<ArchiveRow | undefined> {
  return query.selectFrom('eventbridge_archives').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

export function lockArchive(tx: Transaction, { account, region }: Place, name: string): Promise<ArchiveRow | undefined> {
  return writing(tx).selectFrom('eventbridge_archives').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export function listArchives(query: Query, { account, region }: Place, { prefix, bus }: { prefix?: string | undefined; bus?: string | undefined }, slice: Slice): Promise<ArchiveRow[]> {
  let found = query.selectFrom('eventbridge_archives').selectAll().where('account', '=', account).where('region', '=', region);
  if (prefix !== undefined) found = found.where('name', '>=', prefix).where('name', '<', endOf(prefix));
  if (bus !== undefined) found = found.where('bus', '=', bus);
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

export async function insertArchive(tx: Transaction, row: ArchiveRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_archives').values(row).execute();
}

export async function updateArchive(tx: Transaction, { account, region, name, pattern, description, retention_days }: ArchiveRow): Promise<void> {
  await writing(tx).updateTable('eventbridge_archives').set({ pattern, description, retention_days }).where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function deleteArchive(tx: Transaction, { account, region, name }: ArchiveRow): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_archives').where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function findArchiveById(query: Query, { account, region }: Place, id: string): Promise<ArchiveRow | undefined> {
  return query.selectFrom('eventbridge_archives').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).executeTakeFirst();
}

/** The same event once. */
export async function insertArchived(tx: Transaction, row: ArchivedRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_archived').values(row).onConflict((known) => known.doNothing()).execute();
}

export async function sizeOfArchive(query: Query, { account, region, id }: ArchiveRow): Promise<{ events: number; bytes: number }> {
  const row = await query.selectFrom('eventbridge_archived').select((fn) => [fn.fn.countAll().as('events'), fn.fn.sum('size').as('bytes')])
    .where('account', '=', account).where('region', '=', region).where('archive', '=', id).executeTakeFirstOrThrow();
  return { events: Number(row.events), bytes: Number(row.bytes ?? 0) };
}

/** Removes up to `limit` events that were stored before; answers how many went. */
export async function removeArchived(tx: Transaction, { account, region }: Place, archive: string, storedBefore: number, limit: number): Promise<number> {
  const query = writing(tx);
  const old = await query.selectFrom('eventbridge_archived').select(['time', 'event_id'])
    .where('account', '=', account).where('region', '=', region).where('archive', '=', archive).where('stored', '<', storedBefore).limit(limit).execute();
  for (const { time, event_id } of old) {
    await query.deleteFrom('eventbridge_archived').where('account', '=', account).where('region', '=', region).where('archive', '=', archive)
      .where('time', '=', time).where('event_id', '=', event_id).execute();
  }
  return old.length;
}

/** What is to be replayed next, oldest first. */
export function nextArchived(query: Query, replay: ReplayRow, limit: number): Promise<ArchivedRow[]> {
  const { cursor_time: time, cursor_id: id } = replay;
  let found = query.selectFrom('eventbridge_archived').selectAll()
    .where('account', '=', replay.account).where('region', '=', replay.region).where('archive', '=', replay.archive).where('time', '>=', replay.first).where('time', '<', replay.last);
  if (time !== null && id !== null) found = found.where((is) => is.or([is('time', '>', time), is.and([is('time', '=', time), is('event_id', '>', id)])]));
  return found.orderBy('time').orderBy('event_id').limit(limit).execute();
}

export function findReplay(query: Query, { account, region }: Place, name: string): Promise<ReplayRow | undefined> {
  return query.selectFrom('eventbridge_replays').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

export function lockReplay(tx: Transaction, { account, region }: Place, name: string): Promise<ReplayRow | undefined> {
  return writing(tx).selectFrom('eventbridge_replays').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export interface ReplayFilter {
  readonly prefix?: string | undefined;
  readonly state?: ReplayRow['state'] | undefined;
  readonly archive?: string | undefined;
}

export function listReplays(query: Query, { account, region }: Place, { prefix, state, archive }: ReplayFilter, slice: Slice): Promise<ReplayRow[]> {
  let found = query.selectFrom('eventbridge_replays').selectAll().where('account', '=', account).where('region', '=', region);
  if (prefix !== undefined) found = found.where('name', '>=', prefix).where('name', '<', endOf(prefix));
  if (state !== undefined) found = found.where('state', '=', state);
  if (archive !== undefined) found = found.where('archive_name', '=', archive);
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

export async function countRunningReplays(query: Query, { account, region }: Place): Promise<number> {
  const row = await query.selectFrom('eventbridge_replays').select((count) => count.fn.countAll().as('n'))
    .where('account', '=', account).where('region', '=', region).where('state', 'in', ['STARTING', 'RUNNING', 'CANCELLING']).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function insertReplay(tx: Transaction, row: ReplayRow): Promise<void> {
  await writing(tx).insertInto('eventbridge_replays').values(row).execute();
}

export async function updateReplay(tx: Transaction, { account, region, name }: ReplayRow, change: Partial<Pick<ReplayRow, 'state' | 'reason' | 'cursor_time' | 'cursor_id' | 'ended'>>): Promise<void> {
  await writing(tx).updateTable('eventbridge_replays').set(change).where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function removeReplays(tx: Transaction, { account, region }: Place, endedBefore: number): Promise<void> {
  await writing(tx).deleteFrom('eventbridge_replays').where('account', '=', account).where('region', '=', region).where('ended', '<', endedBefore).execute();
}
