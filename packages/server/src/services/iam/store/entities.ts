import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import { keyOf, writing } from './tables.ts';
import type { EntityKey, EntityKind, EntityRow, IamQuery } from './tables.ts';

/** Rows of one listing, in the order of their keys, after `after`. */
export interface Slice {
  readonly after: string | undefined;
  readonly limit: number;
}

export function findEntity(query: IamQuery, account: string, kind: EntityKind, name: string): Promise<EntityRow | undefined> {
  return query.selectFrom('iam_entities').selectAll().where('account', '=', account).where('kind', '=', kind).where('name_key', '=', keyOf(name)).executeTakeFirst();
}

/** First in every transaction that decides about an entity: its policies, keys and memberships change under this lock. */
export function lockEntity(tx: Transaction, account: string, kind: EntityKind, name: string): Promise<EntityRow | undefined> {
  return writing(tx).selectFrom('iam_entities').selectAll().where('account', '=', account).where('kind', '=', kind).where('name_key', '=', keyOf(name))
    .$call(lockRow(tx)).executeTakeFirst();
}

export function listEntities(query: IamQuery, account: string, kind: EntityKind, pathPrefix: string, slice: Slice): Promise<EntityRow[]> {
  let found = query.selectFrom('iam_entities').selectAll().where('account', '=', account).where('kind', '=', kind);
  if (pathPrefix !== '/') found = found.where('path', '>=', pathPrefix).where('path', '<', `${pathPrefix}\u{10FFFF}`);
  if (slice.after !== undefined) found = found.where('name_key', '>', slice.after);
  return found.orderBy('name_key').limit(slice.limit).execute();
}

export async function countEntities(query: IamQuery, account: string, kind: EntityKind): Promise<number> {
  const row = await query.selectFrom('iam_entities').select((count) => count.fn.countAll().as('n')).where('account', '=', account).where('kind', '=', kind).executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function insertEntity(tx: Transaction, row: EntityRow): Promise<void> {
  await writing(tx).insertInto('iam_entities').values(row).execute();
}

export async function updateEntity(tx: Transaction, key: EntityKey, change: Partial<Pick<EntityRow, 'boundary' | 'trust' | 'description' | 'max_session'>>): Promise<void> {
  if (Object.keys(change).length === 0) return;
  await writing(tx).updateTable('iam_entities').set(change).where('account', '=', key.account).where('kind', '=', key.kind).where('name_key', '=', key.name_key).execute();
}

export async function deleteEntity(tx: Transaction, key: EntityKey): Promise<void> {
  await writing(tx).deleteFrom('iam_entities').where('account', '=', key.account).where('kind', '=', key.kind).where('name_key', '=', key.name_key).execute();
}

export async function addMember(tx: Transaction, member: { account: string; group_key: string; user_key: string }): Promise<void> {
  await writing(tx).insertInto('iam_memberships').values(member).onConflict((known) => known.doNothing()).execute();
}

export async function removeMember(tx: Transaction, member: { account: string; group_key: string; user_key: string }): Promise<boolean> {
  const gone = await writing(tx).deleteFrom('iam_memberships').where('account', '=', member.account).where('group_key', '=', member.group_key)
    .where('user_key', '=', member.user_key).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** The users of a group. */
export function listMembers(query: IamQuery, account: string, groupKey: string, slice: Slice): Promise<EntityRow[]> {
  let found = query.selectFrom('iam_entities').selectAll('iam_entities')
    .innerJoin('iam_memberships', (join) => join.onRef('iam_memberships.account', '=', 'iam_entities.account').onRef('iam_memberships.user_key', '=', 'iam_entities.name_key'))
    .where('iam_entities.account', '=', account).where('iam_entities.kind', '=', 'user').where('iam_memberships.group_key', '=', groupKey);
  if (slice.after !== undefined) found = found.where('iam_entities.name_key', '>', slice.after);
  return found.orderBy('iam_entities.name_key').limit(slice.limit).execute();
}

/** The groups of a user. */
export function listGroupsOf(query: IamQuery, account: string, userKey: string, slice: Slice): Promise<EntityRow[]> {
  let found = query.selectFrom('iam_entities').selectAll('iam_entities')
    .innerJoin('iam_memberships', (join) => join.onRef('iam_memberships.account', '=', 'iam_entities.account').onRef('iam_memberships.group_key', '=', 'iam_entities.name_key'))
    .where('iam_entities.account', '=', account).where('iam_entities.kind', '=', 'group').where('iam_memberships.user_key', '=', userKey);
  if (slice.after !== undefined) found = found.where('iam_entities.name_key', '>', slice.after);
  return found.orderBy('iam_entities.name_key').limit(slice.limit).execute();
}
