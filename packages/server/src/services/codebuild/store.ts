import { lockRow } from '../../kernel/database/index.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';
import type { QueueState } from './queue.ts';

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

export interface BuildRow extends Place {
  /** `<project>:<uuid>` */
  readonly id: string;
  readonly project: string;
  readonly number: number;
  readonly initiator: string;
  /** JSON of `BuildDefinition`: the project as the overrides of StartBuild made it. */
  readonly definition: string;
  readonly status: string;
  readonly phase: string;
  /** JSON of `BuildPhase[]`. */
  readonly phases: string;
  readonly stop_requested: number;
  readonly resolved_version: string | null;
  /** JSON of `ExportedEnvironmentVariable[]`. */
  readonly exported: string;
  /** JSON of `{ primary?: BuildArtifacts, secondary: BuildArtifacts[] }`. */
  readonly artifacts: string;
  /** The log stream's name, once the log is open. */
  readonly log_stream: string | null;
  /** How far the supervisor's spool has been taken over. */
  readonly spool_offset: number;
  /** Where the build's folder lies, once it has one; see `node.ts`. */
  readonly node: string | null;
  /** The number of the log's next line. */
  readonly log_next: number;
  /** JSON of `LogEntry[]`: lines of CodeBuild's own that the last change brought, to be sent again until the next one. */
  readonly log_pending: string | null;
  /** Where in the spool the collected artifacts begin. */
  readonly artifacts_from: number | null;
  /** What the build's status is once its artifacts are uploaded. */
  readonly outcome: string | null;
  /** A keyed hash of the token by which the build's processes ask for their role's credentials. */
  readonly credentials_token: string | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  /** Counts the events of this build. */
  readonly sequence: number;
  /** Which automatic retry this is; 0 for a build that somebody asked for. */
  readonly retry_number: number;
  /** The ids of the builds before and after this one in a row of automatic retries. */
  readonly previous_retry: string | null;
  readonly next_retry: string | null;
  /** How many retries the buildspec asks for, once a phase with `on-failure: RETRY` has failed. */
  readonly retry_limit: number | null;
  /** JSON of `LogEntry[]`: CodeBuild's own lines, kept for a log in S3. */
  readonly own_lines: string | null;
  /** 1 once the log lies in S3. */
  readonly s3_logged: number;
  /** JSON of `UsageInterval`: the last stretch of what the build's processes have used; null where none ran. */
  readonly usage: string | null;
  /** Under which the build's cache is to be kept; null when it is not. */
  readonly cache_key: string | null;
  /** The container engine's id of the build's image, once it is provisioned; null outside containers. */
  readonly image_id: string | null;
}

type Tables = {
  codebuild_projects: ProjectRow;
  codebuild_builds: BuildRow;
  codebuild_queues: Place;
};

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

export async function findBuild({ read }: Source, { account, region }: Place, id: string): Promise<BuildRow | undefined> {
  return read.withTables<Tables>().selectFrom('codebuild_builds').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).executeTakeFirst();
}

export async function findBuilds({ read }: Source, { account, region }: Place, ids: readonly string[]): Promise<BuildRow[]> {
  return read.withTables<Tables>().selectFrom('codebuild_builds').selectAll().where('account', '=', account).where('region', '=', region).where('id', 'in', ids).execute();
}

/** The row, locked: first in every transaction that decides about a build. */
export async function lockBuild(tx: Transaction, { account, region }: Place, id: string): Promise<BuildRow | undefined> {
  return tx.query.withTables<Tables>().selectFrom('codebuild_builds').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).$call(lockRow(tx)).executeTakeFirst();
}

export async function insertBuild(tx: Transaction, row: BuildRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codebuild_builds').values(row).execute();
}

export async function updateBuild(tx: Transaction, { account, region, id }: Place & { id: string }, change: Partial<Omit<BuildRow, 'account' | 'region' | 'id' | 'project' | 'number'>>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('codebuild_builds').set(change).where('account', '=', account).where('region', '=', region).where('id', '=', id).execute();
}

export async function deleteBuild(tx: Transaction, { account, region }: Place, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.query.withTables<Tables>().deleteFrom('codebuild_builds').where('account', '=', account).where('region', '=', region).where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

export interface BuildPage {
  readonly project?: string;
  readonly descending: boolean;
  readonly after?: { readonly startedAt: number; readonly id: string };
  readonly limit: number;
}

export async function listBuilds({ read }: Source, { account, region }: Place, page: BuildPage): Promise<Pick<BuildRow, 'id' | 'started_at'>[]> {
  const direction = page.descending ? 'desc' : 'asc';
  const beyond = page.descending ? '<' : '>';
  const { after, project } = page;
  let query = read.withTables<Tables>().selectFrom('codebuild_builds').select(['id', 'started_at']).where('account', '=', account).where('region', '=', region);
  if (project !== undefined) query = query.where('project', '=', project);
  if (after) query = query.where((is) => is.or([is('started_at', beyond, after.startedAt), is.and([is('started_at', '=', after.startedAt), is('id', beyond, after.id)])]));
  return query.orderBy('started_at', direction).orderBy('id', direction).limit(page.limit).execute();
}

/** Builds that were under way when this was asked, everywhere. */
export async function unfinishedBuilds({ read }: Source): Promise<(Place & { id: string })[]> {
  return read.withTables<Tables>().selectFrom('codebuild_builds').select(['account', 'region', 'id']).where('status', '=', 'IN_PROGRESS').execute();
}

/** The build under way that was given this token. */
export async function findBuildByToken({ read }: Source, hash: string): Promise<BuildRow | undefined> {
  return read.withTables<Tables>().selectFrom('codebuild_builds').selectAll().where('credentials_token', '=', hash).where('status', '=', 'IN_PROGRESS').executeTakeFirst();
}

/** Decisions about one account's queue wait for each other, also where several servers share the database. */
export async function lockQueue(tx: Transaction, { account, region }: Place): Promise<void> {
  const query = tx.query.withTables<Tables>();
  await query.insertInto('codebuild_queues').values({ account, region }).onConflict((conflict) => conflict.doNothing()).execute();
  await query.selectFrom('codebuild_queues').selectAll().where('account', '=', account).where('region', '=', region).$call(lockRow(tx)).execute();
}

/** Who runs and who waits, and the limits of the projects of those who wait. */
export async function queueState(source: Source | Transaction, { account, region }: Place): Promise<QueueState> {
  const query = ('query' in source ? source.query : source.read).withTables<Tables>();
  const rows = await query.selectFrom('codebuild_builds').select(['id', 'project', 'phase'])
    .where('account', '=', account).where('region', '=', region).where('status', '=', 'IN_PROGRESS').orderBy('started_at').orderBy('number').orderBy('id').execute();
  const waiting = rows.filter(({ phase }) => phase === 'QUEUED').map(({ id, project }) => ({ id, project }));
  const running = new Map<string, number>();
  for (const { project, phase } of rows) if (phase !== 'QUEUED') running.set(project, (running.get(project) ?? 0) + 1);
  const names = [...new Set(waiting.map(({ project }) => project))];
  const projects = names.length === 0 ? [] : await query.selectFrom('codebuild_projects').select(['name', 'definition']).where('account', '=', account).where('region', '=', region).where('name', 'in', names).execute();
  const limits = new Map<string, number>();
  for (const { name, definition } of projects) {
    const { concurrentBuildLimit } = JSON.parse(definition) as { concurrentBuildLimit?: number };
    if (concurrentBuildLimit !== undefined) limits.set(name, concurrentBuildLimit);
  }
  return { waiting, running, limits };
}

/** Builds under way, waiting ones included. */
export async function countUnfinishedBuilds(tx: Transaction, { account, region }: Place): Promise<number> {
  const { count } = await tx.query.withTables<Tables>().selectFrom('codebuild_builds').select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('account', '=', account).where('region', '=', region).where('status', '=', 'IN_PROGRESS').executeTakeFirstOrThrow();
  return Number(count);
}
