import type { CodeCommitApi } from '@slipway/contracts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Operations } from '../../../kernel/service.ts';
import { fail } from '../fail.ts';
import { identityFault } from '../identities.ts';
import { limits } from '../limits.ts';
import { pageSize, pagesOf } from '../pages.ts';
import type { ReviewDeps } from '../deps.ts';
import { formatsOf, rank, reactionOf } from './emoji.ts';
import { reactionEvent } from './events.ts';
import { existingComment, noComment, notDeleted } from './find.ts';
import { deleteReaction, lockComment, putReaction, reactionsTo } from './store.ts';

/** Reactions to comments, one of each user. */
export function commentReactions({ db, clock, outbox, paging }: ReviewDeps & { readonly paging: Paging }) {
  return {
    /** A blank value or `none` takes the caller's reaction away. */
    async PutCommentReaction(input, call) {
      const { row, repository } = await existingComment(db, call, input.commentId);
      const removes = ['', 'none'].includes(input.reactionValue.trim().toLowerCase());
      const reaction = reactionOf(input.reactionValue.trim());
      if (!removes && reaction === undefined) throw fail('InvalidReactionValueException', `The value of the reaction is not valid: ${input.reactionValue}`);
      await db.transaction(async (tx) => {
        const locked = await lockComment(tx, row);
        if (!locked) throw noComment(input.commentId);
        notDeleted(locked);
        const key = { account: row.account, region: row.region, comment_id: row.comment_id, user_arn: call.caller.arn };
        if (reaction === undefined) return deleteReaction(tx, key);
        const before = (await reactionsTo(tx.query, call, [row.comment_id])).find(({ user_arn: user }) => user === call.caller.arn);
        if (before?.short_code === reaction) return;
        await putReaction(tx, { ...key, short_code: reaction, created_at: clock.now() });
        await outbox.emit(tx, reactionEvent(repository, row.comment_id, call.caller.arn, reaction, before ? 'Updated' : 'Created'));
      });
      return {};
    },

    async GetCommentReactions(input, call) {
      const { row } = await existingComment(db, call, input.commentId);
      notDeleted(row);
      const { reactionUserArn: only } = input;
      if (only !== undefined && identityFault(only, call) === 'invalid') throw fail('InvalidReactionUserArnException', `The user's ARN is not valid: ${only}`);
      const limit = pageSize(input.maxResults, { most: limits.reactionsPerPage });
      const listing = pagesOf(paging, call, 'GetCommentReactions', [row.comment_id, only]);
      const reactions = (await reactionsTo(db.read, call, [row.comment_id])).filter(({ user_arn: user }) => only === undefined || user === only);
      const kinds = [...new Set(reactions.map(({ short_code: shortCode }) => shortCode))].toSorted((one, other) => rank(one) - rank(other));
      const behind = listing.read(input.nextToken || undefined)?.[0];
      const rest = behind === undefined ? kinds : kinds.filter((kind) => rank(kind) > Number(behind));
      const { page, next } = listing.cut(rest, limit, (kind) => [rank(kind)]);
      return {
        reactionsForComment: page.map((kind) => ({
          reaction: formatsOf(kind),
          reactionUsers: reactions.filter(({ short_code: shortCode }) => shortCode === kind).map(({ user_arn: user }) => user),
        })),
        nextToken: next,
      };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}
