import { lockRow } from '../../../kernel/database/index.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

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
  /** Where the build's folder lies, once it has one; see `steps/node.ts`. */
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

type Tables = { codebuild_builds: BuildRow };

type Source = Pick<Database, 'read'>;

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
