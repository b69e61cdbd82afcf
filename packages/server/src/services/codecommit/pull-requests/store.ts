import type { MergeOptionTypeEnum, PullRequestEventType, PullRequestStatusEnum } from '@slipway/contracts/codecommit';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

export interface PullRequestRow {
  readonly account: string;
  readonly region: string;
  /** What AWS calls its id: counted per account and region. */
  readonly number: number;
  readonly repository_id: string;
  readonly title: string;
  readonly description: string | null;
  readonly status: PullRequestStatusEnum;
  readonly author_arn: string;
  /** Full reference names. */
  readonly source_reference: string;
  readonly destination_reference: string;
  readonly source_commit: string;
  /** The destination's tip when the pull request was created, and again when it was closed; an open one's is git's. */
  readonly destination_commit: string;
  readonly merge_base: string | null;
  /** Another one with every movement of the source: approvals hang on it. */
  readonly revision_id: string;
  readonly client_request_token: string | null;
  readonly merged_by: string | null;
  readonly merge_commit: string | null;
  readonly merge_option: MergeOptionTypeEnum | null;
  /** How many events its history has. */
  readonly events: number;
  /** ms UTC */
  readonly created_at: number;
  readonly active_at: number;
}

export interface PullRequestEventRow {
  readonly account: string;
  readonly region: string;
  readonly number: number;
  readonly sequence: number;
  readonly type: PullRequestEventType;
  readonly actor_arn: string;
  /** JSON of the event's own members. */
  readonly metadata: string;
  readonly created_at: number;
}

type Tables = {
  codecommit_pull_requests: PullRequestRow;
  codecommit_pull_request_events: PullRequestEventRow;
};

type Key = Pick<PullRequestRow, 'account' | 'region' | 'number'>;
type Source = Pick<Database, 'read'>;

export async function insertPullRequest(tx: Transaction, row: PullRequestRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_pull_requests').values(row).execute();
}

export async function findPullRequest({ read }: Source, { account, region }: Place, number: number): Promise<PullRequestRow | undefined> {
  return read.withTables<Tables>().selectFrom('codecommit_pull_requests').selectAll()
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).executeTakeFirst();
}

/** The row, locked: first in every transaction that decides about a pull request. */
export async function lockPullRequest(tx: Transaction, { account, region }: Place, number: number): Promise<PullRequestRow | undefined> {
  return tx.query.withTables<Tables>().selectFrom('codecommit_pull_requests').selectAll()
    .where('account', '=', account).where('region', '=', region).where('number', '=', number)
    .$call(lockRow(tx)).executeTakeFirst();
}

export async function updatePullRequest(tx: Transaction, { account, region, number }: Key, change: Partial<Omit<PullRequestRow, keyof Key>>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('codecommit_pull_requests').set(change)
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).execute();
}

export interface PullRequestFilter {
  readonly author?: string | undefined;
  readonly status?: PullRequestStatusEnum | undefined;
  /** Only those with a smaller number. */
  readonly below?: number | undefined;
  readonly limit: number;
}

/** The newest first. */
export async function listPullRequests({ read }: Source, { account, region, repository_id: repository }: Place & Pick<PullRequestRow, 'repository_id'>, filter: PullRequestFilter): Promise<PullRequestRow[]> {
  let query = read.withTables<Tables>().selectFrom('codecommit_pull_requests').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository);
  if (filter.author !== undefined) query = query.where('author_arn', '=', filter.author);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.below !== undefined) query = query.where('number', '<', filter.below);
  return query.orderBy('number', 'desc').limit(filter.limit).execute();
}

/** Open pull requests that one of the references belongs to, as source or destination. */
export async function openPullRequestsAt({ read }: Source, { account, region, repository_id: repository }: Place & Pick<PullRequestRow, 'repository_id'>, refs: readonly string[]): Promise<PullRequestRow[]> {
  if (refs.length === 0) return [];
  return read.withTables<Tables>().selectFrom('codecommit_pull_requests').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).where('status', '=', 'OPEN')
    .where((is) => is.or([is('source_reference', 'in', refs), is('destination_reference', 'in', refs)])).orderBy('number').execute();
}

export async function countOpenPullRequests(tx: Transaction, { account, region, repository_id: repository }: Place & Pick<PullRequestRow, 'repository_id'>): Promise<number> {
  const { count } = await tx.query.withTables<Tables>().selectFrom('codecommit_pull_requests').select((is) => is.fn.countAll().as('count'))
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).where('status', '=', 'OPEN').executeTakeFirstOrThrow();
  return Number(count);
}

export async function insertPullRequestEvent(tx: Transaction, row: PullRequestEventRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_pull_request_events').values(row).execute();
}

export interface EventFilter {
  readonly type?: PullRequestEventType | undefined;
  readonly actor?: string | undefined;
  readonly after: number;
  readonly limit: number;
}

/** The oldest first. */
export async function listPullRequestEvents({ read }: Source, { account, region, number }: Key, { type, actor, after, limit }: EventFilter): Promise<PullRequestEventRow[]> {
  let query = read.withTables<Tables>().selectFrom('codecommit_pull_request_events').selectAll()
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).where('sequence', '>', after);
  if (type !== undefined) query = query.where('type', '=', type);
  if (actor !== undefined) query = query.where('actor_arn', '=', actor);
  return query.orderBy('sequence').limit(limit).execute();
}

/** Removes a repository's pull requests with all that hangs on them. */
export async function deletePullRequestsOf(tx: Transaction, { account, region, repository_id: repository }: Place & Pick<PullRequestRow, 'repository_id'>): Promise<void> {
  const numbers = tx.query.withTables<Tables>().selectFrom('codecommit_pull_requests').select('number')
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository);
  for (const table of ['codecommit_pull_request_events', 'codecommit_approval_rules', 'codecommit_approvals', 'codecommit_approval_overrides'] as const) {
    await tx.query.withTables<Record<typeof table, Key>>().deleteFrom(table)
      .where('account', '=', account).where('region', '=', region).where('number', 'in', numbers).execute();
  }
  await tx.query.withTables<Tables>().deleteFrom('codecommit_pull_requests')
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).execute();
}
