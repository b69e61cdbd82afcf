import { reviewScene } from '../review-scene.ts';
import type { ReviewScene } from '../review-scene.ts';
import type { ErrorGroup, Provocations } from './provocations.ts';

type Client = ReviewScene['root'];
const none = '9'.repeat(40);
const noSuch = '00000000-0000-4000-8000-000000000000:00000000-0000-4000-8000-000000000000';

type Compared = Parameters<Client['postCommentForComparedCommit']>[0];
type InPullRequest = Parameters<Client['postCommentForPullRequest']>[0];
const compare = ({ root, main, feature }: ReviewScene, input: Partial<Compared>) =>
  root.postCommentForComparedCommit({ repositoryName: 'site', beforeCommitId: main, afterCommitId: feature, content: 'Hm.', ...input });
const review = ({ root, open, main, feature }: ReviewScene, input: Partial<InPullRequest>) =>
  root.postCommentForPullRequest({ pullRequestId: open, repositoryName: 'site', beforeCommitId: main, afterCommitId: feature, content: 'Hm.', ...input });

const posting = (post: (s: ReviewScene, input: Partial<Compared>) => Promise<unknown>) => ({
  ClientRequestTokenRequired: (s: ReviewScene) => post(s, { clientRequestToken: '' }),
  InvalidClientRequestToken: (s: ReviewScene) => post(s, { clientRequestToken: 'x'.repeat(129) }),
  IdempotencyParameterMismatch: async (s: ReviewScene) => {
    await post(s, { clientRequestToken: 'same', content: 'One' });
    await post(s, { clientRequestToken: 'same', content: 'Two' });
  },
  CommentContentRequired: (s: ReviewScene) => post(s, { content: '' }),
  CommentContentSizeLimitExceeded: (s: ReviewScene) => post(s, { content: 'x'.repeat(10_241) }),
  RepositoryNameRequired: (s: ReviewScene) => post(s, { repositoryName: '' }),
  InvalidRepositoryName: (s: ReviewScene) => post(s, { repositoryName: 'a b' }),
  RepositoryDoesNotExist: (s: ReviewScene) => post(s, { repositoryName: 'nothing' }),
  CommitIdRequired: (s: ReviewScene) => post(s, { beforeCommitId: '' }),
  InvalidCommitId: (s: ReviewScene) => post(s, { afterCommitId: 'main' }),
  CommitDoesNotExist: (s: ReviewScene) => post(s, { beforeCommitId: none }),
  BeforeCommitIdAndAfterCommitIdAreSame: (s: ReviewScene) => post(s, { beforeCommitId: s.feature }),
  PathRequired: (s: ReviewScene) => post(s, { location: { filePosition: 1, relativeFileVersion: 'AFTER' } }),
  InvalidPath: (s: ReviewScene) => post(s, { location: { filePath: '../a.txt' } }),
  PathDoesNotExist: (s: ReviewScene) => post(s, { location: { filePath: 'nothing.txt' } }),
  InvalidFileLocation: (s: ReviewScene) => post(s, { location: { filePath: 'a.txt/' } }),
  InvalidFilePosition: (s: ReviewScene) => post(s, { location: { filePath: 'a.txt', filePosition: 3, relativeFileVersion: 'AFTER' } }),
  InvalidRelativeFileVersionEnum: (s: ReviewScene) => post(s, { location: { filePath: 'feature.txt', filePosition: 1, relativeFileVersion: 'BEFORE' } }),
});
const onComment = (call: (client: Client, commentId: string) => Promise<unknown>) => ({
  CommentIdRequired: ({ root }: ReviewScene) => call(root, ''),
  InvalidCommentId: ({ root }: ReviewScene) => call(root, 'first'),
  CommentDoesNotExist: ({ root }: ReviewScene) => call(root, noSuch),
});
const onLasting = (call: (client: Client, commentId: string) => Promise<unknown>) => ({
  ...onComment(call),
  CommentDeleted: ({ root, deleted }: ReviewScene) => call(root, deleted),
});
const paged = (call: (s: ReviewScene, page: { nextToken?: string; maxResults?: number }) => Promise<unknown>) => ({
  InvalidMaxResults: (s: ReviewScene) => call(s, { maxResults: 1_001 }),
  InvalidContinuationToken: (s: ReviewScene) => call(s, { nextToken: 'foreign' }),
});

const table: Provocations<ReviewScene> = {
  PostCommentForComparedCommit: posting(compare),
  PostCommentForPullRequest: {
    ...posting(review),
    PullRequestIdRequired: (s) => review(s, { pullRequestId: '' }),
    InvalidPullRequestId: (s) => review(s, { pullRequestId: '0' }),
    PullRequestDoesNotExist: (s) => review(s, { pullRequestId: '999999' }),
    RepositoryNotAssociatedWithPullRequest: (s) => review(s, { repositoryName: 'other' }),
  },
  PostCommentReply: {
    ...onComment((client, inReplyTo) => client.postCommentReply({ inReplyTo, content: 'Yes.' })),
    CommentContentRequired: ({ root, comment }) => root.postCommentReply({ inReplyTo: comment, content: ' ' }),
    CommentContentSizeLimitExceeded: ({ root, comment }) => root.postCommentReply({ inReplyTo: comment, content: 'x'.repeat(10_241) }),
    ClientRequestTokenRequired: ({ root, comment }) => root.postCommentReply({ inReplyTo: comment, content: 'Yes.', clientRequestToken: '' }),
    InvalidClientRequestToken: ({ root, comment }) => root.postCommentReply({ inReplyTo: comment, content: 'Yes.', clientRequestToken: 'x'.repeat(129) }),
    IdempotencyParameterMismatch: async ({ root, comment }) => {
      for (const content of ['Yes.', 'No.']) await root.postCommentReply({ inReplyTo: comment, content, clientRequestToken: 'reply' });
    },
  },
  UpdateComment: {
    ...onLasting((client, commentId) => client.updateComment({ commentId, content: 'Better.' })),
    CommentContentRequired: ({ root, comment }) => root.updateComment({ commentId: comment, content: '' }),
    CommentContentSizeLimitExceeded: ({ root, comment }) => root.updateComment({ commentId: comment, content: 'x'.repeat(10_241) }),
    CommentNotCreatedByCaller: ({ bob, comment }) => bob.updateComment({ commentId: comment, content: 'Worse.' }),
  },
  DeleteCommentContent: onLasting((client, commentId) => client.deleteCommentContent({ commentId })),
  GetComment: onLasting((client, commentId) => client.getComment({ commentId })),
  GetCommentsForComparedCommit: {
    RepositoryNameRequired: ({ root, feature }) => root.getCommentsForComparedCommit({ repositoryName: '', afterCommitId: feature }),
    InvalidRepositoryName: ({ root, feature }) => root.getCommentsForComparedCommit({ repositoryName: 'a b', afterCommitId: feature }),
    RepositoryDoesNotExist: ({ root, feature }) => root.getCommentsForComparedCommit({ repositoryName: 'nothing', afterCommitId: feature }),
    CommitIdRequired: ({ root }) => root.getCommentsForComparedCommit({ repositoryName: 'site', afterCommitId: '' }),
    InvalidCommitId: ({ root }) => root.getCommentsForComparedCommit({ repositoryName: 'site', afterCommitId: 'main' }),
    CommitDoesNotExist: ({ root }) => root.getCommentsForComparedCommit({ repositoryName: 'site', afterCommitId: none }),
    ...paged(({ root, feature }, page) => root.getCommentsForComparedCommit({ repositoryName: 'site', afterCommitId: feature, ...page })),
  },
  GetCommentsForPullRequest: {
    PullRequestIdRequired: ({ root }) => root.getCommentsForPullRequest({ pullRequestId: '' }),
    InvalidPullRequestId: ({ root }) => root.getCommentsForPullRequest({ pullRequestId: 'x' }),
    PullRequestDoesNotExist: ({ root }) => root.getCommentsForPullRequest({ pullRequestId: '999999' }),
    RepositoryNameRequired: ({ root, open, main, feature }) => root.getCommentsForPullRequest({ pullRequestId: open, beforeCommitId: main, afterCommitId: feature }),
    InvalidRepositoryName: ({ root, open }) => root.getCommentsForPullRequest({ pullRequestId: open, repositoryName: 'a b' }),
    RepositoryDoesNotExist: ({ root, open }) => root.getCommentsForPullRequest({ pullRequestId: open, repositoryName: 'nothing' }),
    RepositoryNotAssociatedWithPullRequest: ({ root, open }) => root.getCommentsForPullRequest({ pullRequestId: open, repositoryName: 'other' }),
    CommitIdRequired: ({ root, open, main }) => root.getCommentsForPullRequest({ pullRequestId: open, repositoryName: 'site', beforeCommitId: main }),
    InvalidCommitId: ({ root, open, main }) => root.getCommentsForPullRequest({ pullRequestId: open, repositoryName: 'site', beforeCommitId: main, afterCommitId: 'x' }),
    CommitDoesNotExist: ({ root, open, main }) => root.getCommentsForPullRequest({ pullRequestId: open, repositoryName: 'site', beforeCommitId: main, afterCommitId: none }),
    ...paged(({ root, open }, page) => root.getCommentsForPullRequest({ pullRequestId: open, ...page })),
  },
  PutCommentReaction: {
    ...onLasting((client, commentId) => client.putCommentReaction({ commentId, reactionValue: ':heart:' })),
    InvalidReactionValue: ({ root, comment }) => root.putCommentReaction({ commentId: comment, reactionValue: ':rocket:' }),
    ReactionValueRequired: ({ root, comment }) => root.putCommentReaction({ commentId: comment } as never),
    ReactionLimitExceeded: 'another reaction of a user takes the place of the one before',
  },
  GetCommentReactions: {
    ...onLasting((client, commentId) => client.getCommentReactions({ commentId })),
    InvalidReactionUserArn: ({ root, comment }) => root.getCommentReactions({ commentId: comment, reactionUserArn: 'bob' }),
    ...paged(({ root, comment }, page) => root.getCommentReactions({ commentId: comment, ...page })),
  },
};

export const comments: ErrorGroup<ReviewScene> = { open: reviewScene, close: ({ s }) => s.stop(), table };
