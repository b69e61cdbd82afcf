import type { CodeCommitApi } from '@slipway/contracts';
import type { Git } from '../../../git/index.ts';
import type { Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import { replay } from '../../../kernel/replay.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { clientToken } from '../client-tokens.ts';
import { nextNumber } from '../counters.ts';
import { existing } from '../lookup.ts';
import { displayedUser } from '../event-words.ts';
import { fail } from '../fail.ts';
import { associated, existingPullRequest } from '../pull-requests/find.ts';
import { updatePullRequest } from '../pull-requests/store.ts';
import type { ReviewDeps } from '../deps.ts';
import { lockRepository } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { commentEvent } from './events.ts';
import type { Commenter } from './events.ts';
import { commentContent, existingComment, noComment, notDeleted } from './find.ts';
import { comparison, locate } from './location.ts';
import { aboutOf, commentShape } from './shape.ts';
import { insertComment, lockComment, reactionsTo, updateComment } from './store.ts';
import type { CommentRow } from './store.ts';

/** Where a new comment belongs and what it says. */
type NewComment = Omit<CommentRow, 'account' | 'region' | 'comment_id' | 'sequence' | 'repository_id' | 'deleted' | 'author_arn' | 'created_at' | 'modified_at'>;

/** Writing comments on comparisons, files and lines, within a pull request or not. */
export function comments(deps: ReviewDeps & { readonly git: Git }) {
  const { db, clock, git, outbox } = deps;

  async function insert(tx: Transaction, call: Call, row: RepositoryRow, comment: NewComment) {
    const repository = await lockRepository(tx, row, row.repository_id);
    if (!repository) throw fail('RepositoryDoesNotExistException', `${row.name} does not exist`);
    const now = clock.now();
    const made: CommentRow = {
      ...comment, account: call.account, region: call.region, comment_id: `${row.repository_id}:${uuid()}`, sequence: await nextNumber(tx, call, 'comment'), repository_id: row.repository_id,
      deleted: 0, author_arn: call.caller.arn, created_at: now, modified_at: now,
    };
    await insertComment(tx, made);
    if (made.pull_request !== null) await updatePullRequest(tx, { account: call.account, region: call.region, number: made.pull_request }, { active_at: now });
    await outbox.emit(tx, commentEvent(repository, made, commenter(call), 'Created'));
    return { ...aboutOf(made, repository.name), comment: commentShape(made, [], call.caller.arn) };
  }

  async function change(call: Call, id: string, words: Pick<CommentRow, 'content' | 'deleted'>, allowed: (row: CommentRow) => void) {
    const { row, repository } = await existingComment(db, call, id);
    const changed = await db.transaction(async (tx) => {
      const locked = await lockComment(tx, row);
      if (!locked) throw noComment(id);
      notDeleted(locked);
      allowed(locked);
      const next = { ...locked, ...words, modified_at: clock.now() };
      await updateComment(tx, locked, { ...words, modified_at: next.modified_at });
      await outbox.emit(tx, commentEvent(repository, next, commenter(call), 'Updated'));
      return next;
    });
    return { comment: commentShape(changed, await reactionsTo(db.read, call, [id]), call.caller.arn) };
  }

  return {
    async PostCommentForComparedCommit(input, call) {
      const { clientRequestToken, ...request } = input;
      const token = clientToken(clientRequestToken);
      const content = commentContent(input.content);
      const repository = await existing(db, call, input.repositoryName);
      const commits = await comparison(git.repository(repository.repository_id), input.beforeCommitId, input.afterCommitId);
      const at = await locate(git.repository(repository.repository_id), commits, input.location);
      return db.transaction((tx) => replay(tx, call, 'codecommit:PostCommentForComparedCommit', request, () =>
        insert(tx, call, repository, { ...commits, ...at, content, pull_request: null, in_reply_to: null, client_request_token: clientRequestToken ?? null }),
      { now: clock.now(), token }));
    },

    /** Closed pull requests can be commented on too. */
    async PostCommentForPullRequest(input, call) {
      const { clientRequestToken, ...request } = input;
      const token = clientToken(clientRequestToken);
      const content = commentContent(input.content);
      const named = await existing(db, call, input.repositoryName);
      const { row, repository } = associated(await existingPullRequest(db, call, input.pullRequestId), named);
      if (!input.beforeCommitId) throw fail('CommitIdRequiredException', 'A before commit ID is required.');
      const commits = await comparison(git.repository(repository.repository_id), input.beforeCommitId, input.afterCommitId);
      const at = await locate(git.repository(repository.repository_id), commits, input.location);
      return db.transaction((tx) => replay(tx, call, 'codecommit:PostCommentForPullRequest', request, async () => ({
        pullRequestId: input.pullRequestId,
        ...await insert(tx, call, repository, { ...commits, ...at, content, pull_request: row.number, in_reply_to: null, client_request_token: clientRequestToken ?? null }),
      }), { now: clock.now(), token }));
    },

    /** A reply belongs where the comment belongs that it replies to. */
    async PostCommentReply(input, call) {
      const { clientRequestToken, ...request } = input;
      const token = clientToken(clientRequestToken);
      const content = commentContent(input.content);
      const { row, repository } = await existingComment(db, call, input.inReplyTo);
      const { pull_request, before_commit, after_commit, before_blob, after_blob, file_path, file_position, file_version } = row;
      return db.transaction((tx) => replay(tx, call, 'codecommit:PostCommentReply', request, async () => {
        const { comment } = await insert(tx, call, repository, {
          pull_request, before_commit, after_commit, before_blob, after_blob, file_path, file_position, file_version,
          in_reply_to: row.comment_id, content, client_request_token: clientRequestToken ?? null,
        });
        return { comment };
      }, { now: clock.now(), token }));
    },

    async UpdateComment(input, call) {
      return change(call, input.commentId, { content: commentContent(input.content), deleted: 0 }, ({ author_arn: author }) => {
        if (author !== call.caller.arn) throw fail('CommentNotCreatedByCallerException', 'You cannot modify or delete this comment. Only comment authors can modify or delete their comments.');
      });
    },

    /** Whoever has the permission may delete anybody's: the contract has no error for another's comment. */
    async DeleteCommentContent(input, call) {
      return change(call, input.commentId, { content: '', deleted: 1 }, () => undefined);
    },

    async GetComment(input, call) {
      const { row } = await existingComment(db, call, input.commentId);
      return { comment: commentShape(notDeleted(row), await reactionsTo(db.read, call, [row.comment_id]), call.caller.arn) };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

const commenter = ({ caller }: Call): Commenter => ({ arn: caller.arn, ...displayedUser(caller) });
