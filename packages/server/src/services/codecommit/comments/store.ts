import type { RelativeFileVersionEnum } from '@slipway/contracts/codecommit';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

export interface CommentRow {
  readonly account: string;
  readonly region: string;
  readonly comment_id: string;
  /** Counts comments of an account and region: the order in which they are shown. */
  readonly sequence: number;
  readonly repository_id: string;
  /** The pull request's number; null for a comment on commits. */
  readonly pull_request: number | null;
  /** Null for a comment on a repository's first commit. */
  readonly before_commit: string | null;
  readonly after_commit: string;
  readonly before_blob: string | null;
  readonly after_blob: string | null;
  readonly file_path: string | null;
  readonly file_position: number | null;
  readonly file_version: RelativeFileVersionEnum | null;
  readonly in_reply_to: string | null;
  /** Empty once deleted. */
  readonly content: string;
  /** 0 or 1 */
  readonly deleted: number;
  readonly author_arn: string;
  readonly client_request_token: string | null;
  /** ms UTC */
  readonly created_at: number;
  readonly modified_at: number;
}

export interface ReactionRow {
  readonly account: string;
  readonly region: string;
  readonly comment_id: string;
  readonly user_arn: string;
  readonly short_code: string;
  readonly created_at: number;
}

type Tables = {
  codecommit_comments: CommentRow;
  codecommit_comment_reactions: ReactionRow;
};

type Key = Pick<CommentRow, 'account' | 'region' | 'comment_id'>;
type Source = Pick<Database, 'read'>;

export async function insertComment(tx: Transaction, row: CommentRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_comments').values(row).execute();
}

export async function findComment({ read }: Source, { account, region }: Place, id: string): Promise<CommentRow | undefined> {
  return read.withTables<Tables>().selectFrom('codecommit_comments').selectAll()
    .where('account', '=', account).where('region', '=', region).where('comment_id', '=', id).executeTakeFirst();
}

export async function lockComment(tx: Transaction, { account, region, comment_id: id }: Key): Promise<CommentRow | undefined> {
  return tx.query.withTables<Tables>().selectFrom('codecommit_comments').selectAll()
    .where('account', '=', account).where('region', '=', region).where('comment_id', '=', id).$call(lockRow(tx)).executeTakeFirst();
}

export async function updateComment(tx: Transaction, { account, region, comment_id: id }: Key, change: Pick<CommentRow, 'content' | 'deleted' | 'modified_at'>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('codecommit_comments').set(change)
    .where('account', '=', account).where('region', '=', region).where('comment_id', '=', id).execute();
}

/** On two commits, or of one pull request, or of both. */
export interface CommentFilter {
  readonly pullRequest?: number | undefined;
  readonly repository: string;
  /** Null: comments on a first commit alone; undefined: on any comparison. */
  readonly before?: string | null | undefined;
  readonly after?: string | undefined;
  readonly behind: number;
  readonly limit: number;
}

/** The oldest first. */
export async function listComments({ read }: Source, { account, region }: Place, { pullRequest, repository, before, after, behind, limit }: CommentFilter): Promise<CommentRow[]> {
  let query = read.withTables<Tables>().selectFrom('codecommit_comments').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).where('sequence', '>', behind);
  query = pullRequest === undefined ? query.where('pull_request', 'is', null) : query.where('pull_request', '=', pullRequest);
  if (before !== undefined) query = before === null ? query.where('before_commit', 'is', null) : query.where('before_commit', '=', before);
  if (after !== undefined) query = query.where('after_commit', '=', after);
  return query.orderBy('sequence').limit(limit).execute();
}

export async function reactionsTo(source: Database['read'], { account, region }: Place, ids: readonly string[]): Promise<ReactionRow[]> {
  if (ids.length === 0) return [];
  return source.withTables<Tables>().selectFrom('codecommit_comment_reactions').selectAll()
    .where('account', '=', account).where('region', '=', region).where('comment_id', 'in', ids).orderBy('created_at').orderBy('user_arn').execute();
}

/** One of each user: another takes the place of the one before. */
export async function putReaction(tx: Transaction, row: ReactionRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_comment_reactions').values(row)
    .onConflict((conflict) => conflict.columns(['account', 'region', 'comment_id', 'user_arn']).doUpdateSet({ short_code: row.short_code, created_at: row.created_at })).execute();
}

export async function deleteReaction(tx: Transaction, { account, region, comment_id: id, user_arn: user }: Omit<ReactionRow, 'short_code' | 'created_at'>): Promise<void> {
  await tx.query.withTables<Tables>().deleteFrom('codecommit_comment_reactions')
    .where('account', '=', account).where('region', '=', region).where('comment_id', '=', id).where('user_arn', '=', user).execute();
}

export async function deleteCommentsOf(tx: Transaction, { account, region, repository_id: repository }: Place & { repository_id: string }): Promise<void> {
  const query = tx.query.withTables<Tables>();
  const ids = query.selectFrom('codecommit_comments').select('comment_id')
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository);
  await query.deleteFrom('codecommit_comment_reactions').where('account', '=', account).where('region', '=', region).where('comment_id', 'in', ids).execute();
  await query.deleteFrom('codecommit_comments').where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).execute();
}
