import type { Comment, CommentsForComparedCommit } from '@slipway/contracts/codecommit';
import { locationOf } from './location.ts';
import type { CommentRow, ReactionRow } from './store.ts';

/** `THUMBSUP` */
const name = ({ short_code: shortCode }: ReactionRow): string => shortCode.toUpperCase();

/** A comment as the caller sees it. `reactions`: those to this comment, or to several. */
export function commentShape(row: CommentRow, reactions: readonly ReactionRow[], caller: string): Comment {
  const own = reactions.filter(({ comment_id: id }) => id === row.comment_id);
  const counts: Record<string, number> = {};
  for (const reaction of own) counts[name(reaction)] = (counts[name(reaction)] ?? 0) + 1;
  return {
    commentId: row.comment_id,
    ...row.deleted ? {} : { content: row.content },
    ...row.in_reply_to === null ? {} : { inReplyTo: row.in_reply_to },
    creationDate: row.created_at,
    lastModifiedDate: row.modified_at,
    authorArn: row.author_arn,
    deleted: row.deleted !== 0,
    ...row.client_request_token === null ? {} : { clientRequestToken: row.client_request_token },
    callerReactions: own.filter(({ user_arn: user }) => user === caller).map(name),
    reactionCounts: counts,
  };
}

/** What a comment is about, without the comment. */
export function aboutOf(row: CommentRow, repositoryName: string): Omit<CommentsForComparedCommit, 'comments'> {
  return {
    repositoryName,
    ...row.before_commit === null ? {} : { beforeCommitId: row.before_commit },
    afterCommitId: row.after_commit,
    ...row.before_blob === null ? {} : { beforeBlobId: row.before_blob },
    ...row.after_blob === null ? {} : { afterBlobId: row.after_blob },
    ...locationOf(row),
  };
}

/** The comments of each place in each comparison, in the order in which the places were first commented on. */
export function byPlace(rows: readonly CommentRow[]): CommentRow[][] {
  const places = new Map<string, CommentRow[]>();
  for (const row of rows) {
    const place = JSON.stringify([row.before_commit, row.after_commit, row.file_path, row.file_position, row.file_version]);
    places.set(place, [...places.get(place) ?? [], row]);
  }
  return [...places.values()];
}
