import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { propose, reviewScene } from './review-scene.ts';
import type { ReviewScene } from './review-scene.ts';

let scene: ReviewScene;
beforeAll(async () => { scene = await reviewScene(); });
afterAll(() => scene.s.stop());

const rootArn = 'arn:aws:iam::000000000000:root';

describe('comments on a pull request', () => {
  it('belong to the whole, a file, or a line of one version, and replies beside them', async () => {
    const { root, bob } = scene;
    const { id, tip, base } = await propose(root, 'site', 'discussed');
    const about = { pullRequestId: id, repositoryName: 'site', beforeCommitId: base, afterCommitId: tip };
    const whole = await bob.postCommentForPullRequest({ ...about, content: 'Nice.' });
    expect(whole).toMatchObject({ ...about, comment: { authorArn: scene.bobArn, content: 'Nice.', deleted: false, callerReactions: [], reactionCounts: {} } });
    expect(whole.location).toBeUndefined();

    const location = { filePath: 'discussed.txt', filePosition: 1, relativeFileVersion: 'AFTER' } as const;
    const line = await bob.postCommentForPullRequest({ ...about, content: 'Why?', location });
    expect(line).toMatchObject({ location, afterBlobId: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(line.beforeBlobId).toBeUndefined();
    const reply = await root.postCommentReply({ inReplyTo: line.comment!.commentId, content: 'Because.' });
    expect(reply.comment).toMatchObject({ inReplyTo: line.comment!.commentId, authorArn: rootArn });

    const { commentsForPullRequestData: threads } = await root.getCommentsForPullRequest({ pullRequestId: id });
    expect(threads?.map(({ location: at, comments }) => [at?.filePath, comments?.map(({ content }) => content)])).toEqual([[undefined, ['Nice.']], ['discussed.txt', ['Why?', 'Because.']]]);
    expect(threads?.[1]).toMatchObject({ pullRequestId: id, repositoryName: 'site', beforeCommitId: base, afterCommitId: tip, location, afterBlobId: line.afterBlobId });
    expect((await root.getCommentsForComparedCommit({ repositoryName: 'site', beforeCommitId: base, afterCommitId: tip })).commentsForComparedCommitData).toEqual([]);
    expect((await root.getPullRequest({ pullRequestId: id })).pullRequest!.lastActivityDate!.getTime()).toBeGreaterThanOrEqual(reply.comment!.creationDate!.getTime());

    await scene.s.settled();
    const events = scene.s.events.filter(({ detail }) => detail['pullRequestId'] === id && String(detail['event']).startsWith('comment'));
    expect(events.map(({ detailType, detail }) => [detailType, detail['event'], detail['inReplyTo']])).toEqual([
      ['CodeCommit Comment on Pull Request', 'commentOnPullRequestCreated', undefined],
      ['CodeCommit Comment on Pull Request', 'commentOnPullRequestCreated', undefined],
      ['CodeCommit Comment on Pull Request', 'commentOnPullRequestCreated', line.comment!.commentId],
    ]);
  });

  it('come in pages, and can be narrowed to one comparison', async () => {
    const { root } = scene;
    const { id, tip, base } = await propose(root, 'site', 'lengthy');
    for (const content of ['1', '2', '3']) await root.postCommentForPullRequest({ pullRequestId: id, repositoryName: 'site', beforeCommitId: base, afterCommitId: tip, content });
    const first = await root.getCommentsForPullRequest({ pullRequestId: id, maxResults: 2 });
    const second = await root.getCommentsForPullRequest({ pullRequestId: id, maxResults: 2, nextToken: first.nextToken });
    const texts = (answer: typeof first) => answer.commentsForPullRequestData?.flatMap(({ comments }) => comments?.map(({ content }) => content));
    expect([texts(first), texts(second), second.nextToken]).toEqual([['1', '2'], ['3'], undefined]);
    expect(texts(await root.getCommentsForPullRequest({ pullRequestId: id, repositoryName: 'site', beforeCommitId: base, afterCommitId: tip }))).toHaveLength(3);
    expect(texts(await root.getCommentsForPullRequest({ pullRequestId: id, repositoryName: 'site', beforeCommitId: base, afterCommitId: base }))).toEqual([]);
  });

  it('a token posts one comment', async () => {
    const { root, open, main, feature } = scene;
    const request = { pullRequestId: open, repositoryName: 'site', beforeCommitId: main, afterCommitId: feature, content: 'Once', clientRequestToken: 'once' };
    const [first, second] = [await root.postCommentForPullRequest(request), await root.postCommentForPullRequest(request)];
    expect(second.comment?.commentId).toBe(first.comment?.commentId);
    expect(first.comment?.clientRequestToken).toBe('once');
  });

  it('are changed by their author and deleted by whoever may; what is deleted has no content', async () => {
    const { root, bob, open, main, feature } = scene;
    const { comment } = await bob.postCommentForPullRequest({ pullRequestId: open, repositoryName: 'site', beforeCommitId: main, afterCommitId: feature, content: 'Oops' });
    expect((await bob.updateComment({ commentId: comment!.commentId, content: 'Sorry' })).comment).toMatchObject({ content: 'Sorry', creationDate: comment!.creationDate });
    expect((await root.getComment({ commentId: comment!.commentId })).comment?.content).toBe('Sorry');
    const { comment: deleted } = await root.deleteCommentContent({ commentId: comment!.commentId });
    expect(deleted).toMatchObject({ deleted: true, authorArn: scene.bobArn });
    expect(deleted?.content).toBeUndefined();
  });
});

describe('comments on compared commits', () => {
  it('need no before commit for a repository\'s first commit alone', async () => {
    const { root, bob, main, feature } = scene;
    await expect(root.postCommentForComparedCommit({ repositoryName: 'site', afterCommitId: feature, content: 'Hm.' })).rejects.toMatchObject({ name: 'CommitIdRequiredException' });
    const first = await bob.postCommentForComparedCommit({ repositoryName: 'site', afterCommitId: main, content: 'A start.', location: { filePath: 'a.txt', filePosition: 2, relativeFileVersion: 'AFTER' } });
    expect(first).toMatchObject({ repositoryName: 'site', afterCommitId: main, afterBlobId: expect.any(String) });
    const { commentsForComparedCommitData: data } = await root.getCommentsForComparedCommit({ repositoryName: 'site', afterCommitId: main });
    expect(data?.flatMap(({ comments }) => comments?.map(({ content }) => content))).toEqual(['A start.']);
    const event = await scene.s.until(({ detail }) => detail['event'] === 'commentOnCommitCreated');
    expect(event).toMatchObject({ detailType: 'CodeCommit Comment on Commit', detail: { afterCommitId: main, commentId: first.comment!.commentId, callerUserArn: scene.bobArn } });
  });
});

describe('reactions', () => {
  it('are known by emoji, short code and code point, one of each user', async () => {
    const { root, bob, open, main, feature } = scene;
    const { comment } = await root.postCommentForPullRequest({ pullRequestId: open, repositoryName: 'site', beforeCommitId: main, afterCommitId: feature, content: 'Ship it?' });
    const commentId = comment!.commentId!;
    await root.putCommentReaction({ commentId, reactionValue: '👍' });
    await bob.putCommentReaction({ commentId, reactionValue: 'U+1F44D' });
    expect((await bob.getCommentReactions({ commentId })).reactionsForComment).toEqual([{ reaction: { emoji: '👍', shortCode: 'thumbsup', unicode: 'U+1F44D' }, reactionUsers: [rootArn, scene.bobArn] }]);
    await bob.putCommentReaction({ commentId, reactionValue: ':confused:' });
    expect((await bob.getComment({ commentId })).comment).toMatchObject({ callerReactions: ['CONFUSED'], reactionCounts: { THUMBSUP: 1, CONFUSED: 1 } });
    const page = await root.getCommentReactions({ commentId, maxResults: 1 });
    const rest = await root.getCommentReactions({ commentId, maxResults: 1, nextToken: page.nextToken });
    expect([page, rest].map(({ reactionsForComment }) => reactionsForComment?.map(({ reaction }) => reaction?.shortCode))).toEqual([['thumbsup'], ['confused']]);
    expect((await root.getCommentReactions({ commentId, reactionUserArn: scene.bobArn })).reactionsForComment).toHaveLength(1);
    await bob.putCommentReaction({ commentId, reactionValue: 'none' });
    expect((await bob.getComment({ commentId })).comment).toMatchObject({ callerReactions: [], reactionCounts: { THUMBSUP: 1 } });
    await scene.s.settled();
    const events = scene.s.events.filter(({ detail }) => detail['commentId'] === commentId && String(detail['event']).startsWith('commentReaction'));
    expect(events.map(({ detail }) => [detail['event'], detail['reactionShortcodes']])).toEqual([['commentReactionCreated', [':thumbsup:']], ['commentReactionCreated', [':thumbsup:']], ['commentReactionUpdated', [':confused:']]]);
  });
});
