import { lockRow } from '../../../kernel/database/index.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

export interface ProjectRow extends Place {
  readonly name: string;
  /** JSON of `ProjectDefinition`. */
  readonly definition: string;
  readonly last_build_number: number;
  /** How often the cache was invalidated: caches of earlier generations are not looked at. */
  readonly cache_generation: number;
  /** ms UTC */
  readonly created_at: number;
  readonly modified_at: number;
}

type Tables = { codebuild_projects: ProjectRow };

type Source = Pick<Database, 'read'>;

export async function findProject({ read }: Source, { account, region }: Place, name: string): Promise<ProjectRow | undefined> {
  return read.withTables<Tables>().selectFrom('codebuild_projects').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

export async function findProjects({ read }: Source, { account, region }: Place, names: readonly string[]): Promise<ProjectRow[]> {
  return read.withTables<Tables>().selectFrom('codebuild_projects').selectAll().where('account', '=', account).where('region', '=', region).where('name', 'in', names).execute();
}

/** The row, locked: first in every transaction that decides about a project. */
export async function lockProject(tx: Transaction, { account, region }: Place, name: string): Promise<ProjectRow | undefined> {
  return tx.query.withTables<Tables>().selectFrom('codebuild_projects').selectAll().where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export async function insertProject(tx: Transaction, row: ProjectRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codebuild_projects').values(row).execute();
}

export async function updateProject(tx: Transaction, { account, region, name }: Place & { name: string }, change: Partial<Pick<ProjectRow, 'definition' | 'last_build_number' | 'cache_generation' | 'modified_at'>>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('codebuild_projects').set(change).where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export async function deleteProject(tx: Transaction, { account, region }: Place, name: string): Promise<void> {
  await tx.query.withTables<Tables>().deleteFrom('codebuild_projects').where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
}

export interface ProjectPage {
  readonly sortBy: 'name' | 'created_at' | 'modified_at';
  readonly descending: boolean;
  /** The last row of the page before. */
  readonly after?: { readonly name: string; readonly at: number };
  readonly limit: number;
}

export async function listProjects({ read }: Source, { account, region }: Place, page: ProjectPage): Promise<Pick<ProjectRow, 'name' | 'created_at' | 'modified_at'>[]> {
  const direction = page.descending ? 'desc' : 'asc';
  const beyond = page.descending ? '<' : '>';
  const { sortBy, after } = page;
  let query = read.withTables<Tables>().selectFrom('codebuild_projects').select(['name', 'created_at', 'modified_at']).where('account', '=', account).where('region', '=', region);
  if (sortBy === 'name') {
    if (after) query = query.where('name', beyond, after.name);
  } else {
    if (after) query = query.where((is) => is.or([is(sortBy, beyond, after.at), is.and([is(sortBy, '=', after.at), is('name', beyond, after.name)])]));
    query = query.orderBy(sortBy, direction);
  }
  return query.orderBy('name', direction).limit(page.limit).execute();
}
