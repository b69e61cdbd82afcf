import type { Kysely } from 'kysely';
import type { ConflictDetailLevelTypeEnum, ConflictResolutionStrategyTypeEnum, MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import { lockRow, prepared } from '../../kernel/database/index.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';
import type { RefCommand } from '../../git/index.ts';
import { deleteMirror } from './mirroring/store.ts';

export interface RepositoryRow {
  readonly account: string;
  readonly region: string;
  readonly repository_id: string;
  readonly name: string;
  readonly description: string | null;
  /** The branch's name; null until the first branch exists. */
  readonly default_branch: string | null;
  /** ms UTC */
  readonly created_at: number;
  readonly updated_at: number;
}

/** A movement of references that git may have made, or may yet make, and whose consequences are not written yet. */
export interface RefChangeRow {
  readonly account: string;
  readonly region: string;
  readonly change_id: string;
  readonly repository_id: string;
  /** JSON of `RefCommand[]`. */
  readonly commands: string;
  readonly caller_arn: string;
  /** The git process that moves the references, as `processIdentity` names it. */
  readonly process: string;
  readonly created_at: number;
  /** The server that began it, as `makeOwner` names it, and how long it is believed to be at it. */
  readonly owner: string;
  readonly lease_until: number;
  /** JSON of `RefChangeCause`; null for a plain movement. */
  readonly cause: string | null;
}

/** Why references move, where that is more than a push or a commit. */
export interface RefChangeCause {
  /** The members that AWS adds to "referenceUpdated" when a merge moved it. */
  readonly merge?: MergeFacts;
  /** The pull request that the movement merges. */
  readonly pullRequestId?: string;
}

/** A merge as AWS's events tell it. */
export interface MergeFacts {
  readonly baseCommitId?: string;
  readonly sourceCommitId: string;
  readonly destinationCommitId: string;
  readonly mergeOption: MergeOptionTypeEnum;
  readonly conflictDetailsLevel?: ConflictDetailLevelTypeEnum;
  readonly conflictResolutionStrategy?: ConflictResolutionStrategyTypeEnum;
}

type Tables = {
  codecommit_repositories: RepositoryRow;
  codecommit_ref_changes: RefChangeRow;
};

export interface RefChange extends Omit<RefChangeRow, 'commands' | 'cause'> {
  readonly commands: readonly RefCommand[];
  readonly cause?: RefChangeCause;
}

type Source = Pick<Database, 'read'>;

const byName = prepared((db: Kysely<Tables>, given: Place & { readonly name: string }) => db.selectFrom('codecommit_repositories').selectAll()
  .where('account', '=', given.account).where('region', '=', given.region).where('name', '=', given.name));

export async function findRepository({ read }: Source, { account, region }: Place, name: string): Promise<RepositoryRow | undefined> {
  const [row] = await byName(read, { account, region, name });
  return row;
}

export async function findRepositoryById({ read }: Source, { account, region, repository_id: id }: Pick<RepositoryRow, 'account' | 'region' | 'repository_id'>): Promise<RepositoryRow | undefined> {
  return read.withTables<Tables>().selectFrom('codecommit_repositories').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).executeTakeFirst();
}

export async function findRepositories({ read }: Source, place: Place, names: readonly string[]): Promise<RepositoryRow[]> {
  if (names.length === 0) return [];
  return read.withTables<Tables>().selectFrom('codecommit_repositories').selectAll()
    .where('account', '=', place.account).where('region', '=', place.region).where('name', 'in', names).execute();
}

/** The regions in which an account has a repository of this name. */
export async function regionsOf({ read }: Source, account: string, name: string): Promise<string[]> {
  const rows = await read.withTables<Tables>().selectFrom('codecommit_repositories').select('region')
    .where('account', '=', account).where('name', '=', name).orderBy('region').execute();
  return rows.map(({ region }) => region);
}

export interface RepositoryPage {
  readonly sortBy: 'name' | 'updated_at';
  readonly descending: boolean;
  readonly after?: Pick<RepositoryRow, 'name' | 'updated_at'>;
  readonly limit: number;
}

export async function listRepositories({ read }: Source, place: Place, { sortBy, descending, after, limit }: RepositoryPage): Promise<RepositoryRow[]> {
  const direction = descending ? 'desc' : 'asc';
  const beyond = descending ? '<' : '>';
  let query = read.withTables<Tables>().selectFrom('codecommit_repositories').selectAll()
    .where('account', '=', place.account).where('region', '=', place.region);
  if (after && sortBy === 'name') query = query.where('name', beyond, after.name);
  if (after && sortBy === 'updated_at') {
    query = query.where((is) => is.or([
      is('updated_at', beyond, after.updated_at),
      is.and([is('updated_at', '=', after.updated_at), is('name', beyond, after.name)]),
    ]));
  }
  if (sortBy === 'updated_at') query = query.orderBy('updated_at', direction);
  return query.orderBy('name', direction).limit(limit).execute();
}

export async function insertRepository(tx: Transaction, row: RepositoryRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_repositories').values(row).execute();
}

/** The row, locked: first in every transaction that decides about a repository. */
export async function lockRepository(tx: Transaction, { account, region }: Place, repositoryId: string): Promise<RepositoryRow | undefined> {
  return tx.query.withTables<Tables>().selectFrom('codecommit_repositories').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repositoryId)
    .$call(lockRow(tx)).executeTakeFirst();
}

type RepositoryChange = Partial<Pick<RepositoryRow, 'name' | 'description' | 'default_branch'>> & Pick<RepositoryRow, 'updated_at'>;

/** Answers whether there was such a repository. */
export async function updateRepository(tx: Transaction, { account, region, repository_id: id }: Pick<RepositoryRow, 'account' | 'region' | 'repository_id'>, change: RepositoryChange): Promise<boolean> {
  const { numUpdatedRows } = await tx.query.withTables<Tables>().updateTable('codecommit_repositories').set(change)
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Removes the row and the changes that nobody will ask about again; answers whether there was one. */
export async function deleteRepository(tx: Transaction, { account, region, repository_id: id }: Pick<RepositoryRow, 'account' | 'region' | 'repository_id'>): Promise<boolean> {
  const { numDeletedRows } = await tx.query.withTables<Tables>().deleteFrom('codecommit_repositories')
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).executeTakeFirst();
  await tx.query.withTables<Tables>().deleteFrom('codecommit_ref_changes')
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).execute();
  await deleteMirror(tx, { account, region, repository_id: id });
  return numDeletedRows > 0n;
}

export async function insertRefChange(tx: Transaction, { commands, cause, ...change }: RefChange): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_ref_changes').values({ ...change, commands: JSON.stringify(commands), cause: cause === undefined ? null : JSON.stringify(cause) }).execute();
}

export async function findRefChange({ read }: Source, { account, region }: Place, changeId: string): Promise<RefChange | undefined> {
  const row = await read.withTables<Tables>().selectFrom('codecommit_ref_changes').selectAll()
    .where('account', '=', account).where('region', '=', region).where('change_id', '=', changeId).executeTakeFirst();
  return row && parsed(row);
}

export async function refChangesOf({ read }: Source, { account, region, repository_id: id }: Pick<RepositoryRow, 'account' | 'region' | 'repository_id'>): Promise<RefChange[]> {
  const rows = await read.withTables<Tables>().selectFrom('codecommit_ref_changes').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).orderBy('created_at').execute();
  return rows.map(parsed);
}

/** The same within a transaction that holds the repository's row. */
export async function refChangesIn(tx: Transaction, { account, region, repository_id: id }: Pick<RepositoryRow, 'account' | 'region' | 'repository_id'>): Promise<RefChange[]> {
  const rows = await tx.query.withTables<Tables>().selectFrom('codecommit_ref_changes').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).execute();
  return rows.map(parsed);
}

export async function renewRefChanges(tx: Transaction, changes: readonly RefChange[], until: number): Promise<void> {
  for (const { account, region, change_id: id } of changes) {
    await tx.query.withTables<Tables>().updateTable('codecommit_ref_changes').set({ lease_until: until })
      .where('account', '=', account).where('region', '=', region).where('change_id', '=', id).execute();
  }
}

/** Answers whether this call removed it: whoever does, writes its consequences. */
export async function deleteRefChange(tx: Transaction, { account, region, change_id: id }: RefChange): Promise<boolean> {
  const { numDeletedRows } = await tx.query.withTables<Tables>().deleteFrom('codecommit_ref_changes')
    .where('account', '=', account).where('region', '=', region).where('change_id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

const parsed = ({ commands, cause, ...row }: RefChangeRow): RefChange => ({
  ...row,
  commands: JSON.parse(commands) as RefCommand[],
  ...cause ? { cause: JSON.parse(cause) as RefChangeCause } : {},
});
