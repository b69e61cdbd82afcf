import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { propose, put, reviewScene, rule } from './review-scene.ts';
import type { ReviewScene } from './review-scene.ts';

let scene: ReviewScene;
beforeAll(async () => { scene = await reviewScene(); });
afterAll(() => scene.s.stop());

const get = async (id: string) => (await scene.root.getPullRequest({ pullRequestId: id })).pullRequest!;
const historyOf = async (id: string) => (await scene.root.describePullRequestEvents({ pullRequestId: id })).pullRequestEvents!;
const told = async (event: string, id: string) => {
  await scene.s.settled();
  return scene.s.events.filter(({ detail }) => detail['event'] === event && detail['pullRequestId'] === id);
};
const refused = (error: string) => expect.objectContaining({ name: `${error}Exception` });
const rootArn = 'arn:aws:iam::000000000000:root';

describe('a pull request', () => {
  it('CreatePullRequest: shows where the branches are and from where they parted', async () => {
    const { id, tip, base } = await propose(scene.root, 'site', 'shown', { title: 'Show', description: 'All of it' });
    expect(await get(id)).toMatchObject({
      pullRequestId: id, title: 'Show', description: 'All of it', pullRequestStatus: 'OPEN', authorArn: rootArn, approvalRules: [], revisionId: expect.stringMatching(/^[0-9a-f]{64}$/),
      pullRequestTargets: [{
        repositoryName: 'site', sourceReference: 'refs/heads/shown', destinationReference: 'refs/heads/main', sourceCommit: tip, destinationCommit: base, mergeBase: base, mergeMetadata: { isMerged: false },
      }],
    });
    expect(await historyOf(id)).toMatchObject([{
      pullRequestEventType: 'PULL_REQUEST_CREATED', actorArn: rootArn, pullRequestCreatedEventMetadata: { repositoryName: 'site', sourceCommitId: tip, destinationCommitId: base, mergeBase: base },
    }]);
    expect(await told('pullRequestCreated', id)).toMatchObject([{ detail: { isMerged: 'False', pullRequestStatus: 'Open', title: 'Show', sourceCommit: tip } }]);
  });

  it('CreatePullRequest: the same token answers the first one again', async () => {
    await propose(scene.root, 'site', 'token');
    const request = { title: 'Once', clientRequestToken: 'a-token', targets: [{ repositoryName: 'site', sourceReference: 'token' }] };
    const [first, second] = [await scene.root.createPullRequest(request), await scene.root.createPullRequest(request)];
    expect(second.pullRequest).toEqual(first.pullRequest);
    await scene.root.deleteBranch({ repositoryName: 'site', branchName: 'token' });
    expect((await scene.root.createPullRequest(request)).pullRequest?.pullRequestId).toBe(first.pullRequest?.pullRequestId);
  });

  it('a commit on its source makes another revision, without the approvals of the one before', async () => {
    const { id, tip, revision, base } = await propose(scene.root, 'site', 'revised');
    await scene.root.createPullRequestApprovalRule({ pullRequestId: id, approvalRuleName: 'One', approvalRuleContent: rule(1) });
    await scene.bob.updatePullRequestApprovalState({ pullRequestId: id, revisionId: revision, approvalState: 'APPROVE' });
    expect((await scene.root.evaluatePullRequestApprovalRules({ pullRequestId: id, revisionId: revision })).evaluation).toMatchObject({ approved: true, approvalRulesSatisfied: ['One'] });

    const next = await put(scene.bob, 'site', 'revised', 'more.txt', 'more\n', tip);
    const { revisionId, pullRequestTargets } = await get(id);
    expect(revisionId).not.toBe(revision);
    expect(pullRequestTargets).toMatchObject([{ sourceCommit: next, mergeBase: base }]);
    expect((await scene.root.evaluatePullRequestApprovalRules({ pullRequestId: id, revisionId: revisionId! })).evaluation).toMatchObject({ approved: false, approvalRulesNotSatisfied: ['One'] });
    expect((await scene.root.getPullRequestApprovalStates({ pullRequestId: id, revisionId: revisionId! })).approvals).toEqual([]);
    expect((await scene.root.getPullRequestApprovalStates({ pullRequestId: id, revisionId: revision })).approvals).toEqual([{ userArn: scene.bobArn, approvalState: 'APPROVE' }]);
    await expect(scene.bob.updatePullRequestApprovalState({ pullRequestId: id, revisionId: revision, approvalState: 'APPROVE' })).rejects.toEqual(refused('RevisionNotCurrent'));

    expect((await historyOf(id)).map(({ pullRequestEventType: type }) => type)).toEqual([
      'PULL_REQUEST_CREATED', 'PULL_REQUEST_APPROVAL_RULE_CREATED', 'PULL_REQUEST_APPROVAL_STATE_CHANGED', 'PULL_REQUEST_SOURCE_REFERENCE_UPDATED',
    ]);
    expect((await historyOf(id)).at(-1)).toMatchObject({ actorArn: scene.bobArn, pullRequestSourceReferenceUpdatedEventMetadata: { beforeCommitId: tip, afterCommitId: next, mergeBase: base, repositoryName: 'site' } });
    expect(await told('pullRequestSourceBranchUpdated', id)).toMatchObject([{ detail: { sourceCommit: next, callerUserArn: scene.bobArn, author: rootArn, revisionId } }]);
  });

  it('a destination that moves shows at once, and makes no other revision', async () => {
    const { id, revision } = await propose(scene.root, 'site', 'behind');
    const { branch } = await scene.root.getBranch({ repositoryName: 'site', branchName: 'main' });
    const tip = await put(scene.root, 'site', 'main', 'news.txt', `${Date.now()}\n`, branch!.commitId!);
    expect(await get(id)).toMatchObject({ revisionId: revision, pullRequestTargets: [{ destinationCommit: tip, mergeBase: branch!.commitId }] });
  });

  it.each(['source', 'destination'] as const)('closes when its %s is deleted', async (end) => {
    const { branch } = await scene.root.getBranch({ repositoryName: 'site', branchName: 'main' });
    await scene.root.createBranch({ repositoryName: 'site', branchName: `to-${end}`, commitId: branch!.commitId! });
    const { id } = await propose(scene.root, 'site', `from-${end}`, { destination: `to-${end}` });
    await scene.bob.deleteBranch({ repositoryName: 'site', branchName: end === 'source' ? `from-${end}` : `to-${end}` });
    expect(await get(id)).toMatchObject({ pullRequestStatus: 'CLOSED', pullRequestTargets: [{ mergeMetadata: { isMerged: false } }] });
    expect((await historyOf(id)).at(-1)).toMatchObject({ actorArn: scene.bobArn, pullRequestStatusChangedEventMetadata: { pullRequestStatus: 'CLOSED' } });
    expect(await told('pullRequestStatusChanged', id)).toHaveLength(1);
  });

  it('ListPullRequests: the newest first, by status and author, in pages', async () => {
    const all = (await scene.root.listPullRequests({ repositoryName: 'site' })).pullRequestIds!;
    expect(all).toEqual(all.toSorted((one, other) => Number(other) - Number(one)));
    expect((await scene.root.listPullRequests({ repositoryName: 'site', pullRequestStatus: 'CLOSED' })).pullRequestIds).toContain(scene.closed);
    expect((await scene.root.listPullRequests({ repositoryName: 'site', authorArn: scene.bobArn })).pullRequestIds).toEqual([]);
    const first = await scene.root.listPullRequests({ repositoryName: 'site', maxResults: 1 });
    const second = await scene.root.listPullRequests({ repositoryName: 'site', maxResults: 1, nextToken: first.nextToken });
    expect([...first.pullRequestIds!, ...second.pullRequestIds!]).toEqual(all.slice(0, 2));
    expect((await scene.root.listPullRequests({ repositoryName: 'other' })).pullRequestIds).toEqual([]);
  });

  it('DescribePullRequestEvents: by type and actor, in pages', async () => {
    const { id, revision } = await propose(scene.root, 'site', 'told');
    for (const approvalState of ['APPROVE', 'APPROVE', 'REVOKE', 'REVOKE'] as const) await scene.bob.updatePullRequestApprovalState({ pullRequestId: id, revisionId: revision, approvalState });
    const { pullRequestEvents } = await scene.root.describePullRequestEvents({ pullRequestId: id, actorArn: scene.bobArn });
    expect(pullRequestEvents?.map(({ approvalStateChangedEventMetadata: metadata }) => metadata)).toEqual([{ revisionId: revision, approvalStatus: 'APPROVE' }, { revisionId: revision, approvalStatus: 'REVOKE' }]);
    expect((await scene.root.describePullRequestEvents({ pullRequestId: id, pullRequestEventType: 'PULL_REQUEST_CREATED' })).pullRequestEvents).toHaveLength(1);
    const page = await scene.root.describePullRequestEvents({ pullRequestId: id, maxResults: 2 });
    const rest = await scene.root.describePullRequestEvents({ pullRequestId: id, maxResults: 2, nextToken: page.nextToken });
    expect([page.pullRequestEvents?.length, rest.pullRequestEvents?.length, rest.nextToken]).toEqual([2, 1, undefined]);
  });

  it('UpdatePullRequestTitle and …Description: an empty description is none', async () => {
    const { id } = await propose(scene.root, 'site', 'renamed', { description: 'Old' });
    await scene.bob.updatePullRequestTitle({ pullRequestId: id, title: 'New' });
    expect((await scene.bob.updatePullRequestDescription({ pullRequestId: id, description: '' })).pullRequest).toMatchObject({ title: 'New', authorArn: rootArn });
    expect((await get(id)).description).toBeUndefined();
  });

  it('goes with its repository', async () => {
    await scene.root.createRepository({ repositoryName: 'gone' });
    await put(scene.root, 'gone', 'main', 'a', '1');
    const { id } = await propose(scene.root, 'gone', 'x');
    await scene.root.deleteRepository({ repositoryName: 'gone' });
    await expect(scene.root.getPullRequest({ pullRequestId: id })).rejects.toEqual(refused('PullRequestDoesNotExist'));
  });
});

describe('merging a pull request', () => {
  it.each(['FastForward', 'Squash', 'ThreeWay'] as const)('MergePullRequestBy%s: closes it as merged, in its history and in the events', async (how) => {
    const option = { FastForward: 'FAST_FORWARD_MERGE', Squash: 'SQUASH_MERGE', ThreeWay: 'THREE_WAY_MERGE' }[how];
    const { id, tip, base } = await propose(scene.root, 'site', `by-${how}`);
    const { pullRequest } = await scene.bob[`mergePullRequestBy${how}`]({ pullRequestId: id, repositoryName: 'site', sourceCommitId: tip });
    const { branch } = await scene.root.getBranch({ repositoryName: 'site', branchName: 'main' });
    const merge = { isMerged: true, mergedBy: scene.bobArn, mergeCommitId: branch!.commitId, mergeOption: option };
    expect(pullRequest).toMatchObject({ pullRequestStatus: 'CLOSED', pullRequestTargets: [{ sourceCommit: tip, destinationCommit: base, mergeBase: base, mergeMetadata: merge }] });
    expect(await get(id)).toEqual(pullRequest);
    expect((await historyOf(id)).slice(-2)).toMatchObject([
      { pullRequestEventType: 'PULL_REQUEST_MERGE_STATE_CHANGED', pullRequestMergedStateChangedEventMetadata: { repositoryName: 'site', destinationReference: 'refs/heads/main', mergeMetadata: merge } },
      { pullRequestEventType: 'PULL_REQUEST_STATUS_CHANGED', pullRequestStatusChangedEventMetadata: { pullRequestStatus: 'CLOSED' } },
    ]);
    expect(await told('pullRequestMergeStatusUpdated', id)).toMatchObject([{ detail: { isMerged: 'True', pullRequestStatus: 'Closed', mergeOption: option, callerUserArn: scene.bobArn } }]);
    const moved = scene.s.events.find(({ detail }) => detail['event'] === 'referenceUpdated' && detail['commitId'] === branch!.commitId && detail['referenceName'] === 'main');
    expect(moved?.detail).toMatchObject({ oldCommitId: base, baseCommitId: base, sourceCommitId: tip, destinationCommitId: base, mergeOption: option });
    const { commit } = await scene.root.getCommit({ repositoryName: 'site', commitId: branch!.commitId });
    expect(commit?.parents).toEqual(how === 'ThreeWay' ? [base, tip] : [base]);
  });

  it('is refused until its rules are met: by approvals of the pool, never the author\'s, or by an override', async () => {
    const { id, revision } = await propose(scene.root, 'site', 'ruled');
    await scene.root.createPullRequestApprovalRule({ pullRequestId: id, approvalRuleName: 'Carol', approvalRuleContent: rule(1, 'CodeCommitApprovers:000000000000:carol') });
    await scene.bob.updatePullRequestApprovalState({ pullRequestId: id, revisionId: revision, approvalState: 'APPROVE' });
    const merge = () => scene.bob.mergePullRequestByFastForward({ pullRequestId: id, repositoryName: 'site' });
    await expect(merge()).rejects.toEqual(refused('PullRequestApprovalRulesNotSatisfied'));
    expect(await scene.root.getPullRequestOverrideState({ pullRequestId: id, revisionId: revision })).toMatchObject({ overridden: false });

    for (const overrideStatus of ['OVERRIDE', 'REVOKE', 'REVOKE', 'OVERRIDE'] as const) await scene.bob.overridePullRequestApprovalRules({ pullRequestId: id, revisionId: revision, overrideStatus });
    expect(await scene.root.getPullRequestOverrideState({ pullRequestId: id, revisionId: revision })).toMatchObject({ overridden: true, overrider: scene.bobArn });
    expect((await scene.root.evaluatePullRequestApprovalRules({ pullRequestId: id, revisionId: revision })).evaluation).toEqual({ approved: true, overridden: true, approvalRulesSatisfied: [], approvalRulesNotSatisfied: ['Carol'] });
    expect((await told('pullRequestApprovalRuleOverridden', id)).map(({ detail }) => detail['overrideStatus'])).toEqual(['OVERRIDE', 'REVOKE', 'OVERRIDE']);
    expect((await merge()).pullRequest?.pullRequestTargets?.[0]?.mergeMetadata?.isMerged).toBe(true);
  });

  it('a branch that is fast-forwarded to the source merges it, whoever moved it', async () => {
    const { id } = await propose(scene.root, 'site', 'pushed');
    await scene.bob.mergeBranchesByFastForward({ repositoryName: 'site', sourceCommitSpecifier: 'pushed', destinationCommitSpecifier: 'main', targetBranch: 'main' });
    expect(await get(id)).toMatchObject({ pullRequestStatus: 'CLOSED', pullRequestTargets: [{ mergeMetadata: { isMerged: true, mergedBy: scene.bobArn, mergeOption: 'FAST_FORWARD_MERGE' } }] });
  });

  it('of branches at the same commit moves nothing, and closes it all the same', async () => {
    const { branch } = await scene.root.getBranch({ repositoryName: 'site', branchName: 'main' });
    await scene.root.createBranch({ repositoryName: 'site', branchName: 'same', commitId: branch!.commitId! });
    const { pullRequest } = await scene.root.createPullRequest({ title: 'Nothing', targets: [{ repositoryName: 'site', sourceReference: 'same' }] });
    const merged = await scene.root.mergePullRequestByFastForward({ pullRequestId: pullRequest!.pullRequestId!, repositoryName: 'site' });
    expect(merged.pullRequest).toMatchObject({ pullRequestStatus: 'CLOSED', pullRequestTargets: [{ mergeMetadata: { isMerged: true } }] });
  });

  it('two at once: one merges, the other is refused', async () => {
    const { id } = await propose(scene.root, 'site', 'raced');
    const results = await Promise.allSettled([1, 2].map(() => scene.root.mergePullRequestBySquash({ pullRequestId: id, repositoryName: 'site' })));
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await told('pullRequestMergeStatusUpdated', id)).toHaveLength(1);
  });
});

describe('approval rule templates', () => {
  it('make rules on the pull requests into their branches, which later changes of the template leave', async () => {
    const { root } = scene;
    const content = JSON.stringify({ ...JSON.parse(rule(2)) as object, DestinationReferences: ['refs/heads/release*'] });
    const { approvalRuleTemplate: made } = await root.createApprovalRuleTemplate({ approvalRuleTemplateName: 'Two for releases', approvalRuleTemplateContent: content, approvalRuleTemplateDescription: 'Both of you' });
    const batch = await root.batchAssociateApprovalRuleTemplateWithRepositories({ approvalRuleTemplateName: 'Two for releases', repositoryNames: ['site', 'nothing', 'other', 'a b'] });
    expect(batch).toMatchObject({ associatedRepositoryNames: ['site', 'other'], errors: [{ repositoryName: 'nothing', errorCode: 'RepositoryDoesNotExistException' }, { repositoryName: 'a b', errorCode: 'InvalidRepositoryNameException' }] });
    expect((await root.listRepositoriesForApprovalRuleTemplate({ approvalRuleTemplateName: 'Two for releases' })).repositoryNames).toEqual(['other', 'site']);
    expect((await root.listAssociatedApprovalRuleTemplatesForRepository({ repositoryName: 'site' })).approvalRuleTemplateNames).toEqual(['Two for releases']);

    const { branch } = await root.getBranch({ repositoryName: 'site', branchName: 'main' });
    await root.createBranch({ repositoryName: 'site', branchName: 'release-1', commitId: branch!.commitId! });
    const [into, beside] = [await propose(root, 'site', 'ready', { destination: 'release-1' }), await propose(root, 'site', 'unready')];
    expect(into.pullRequest.approvalRules).toMatchObject([{
      approvalRuleName: 'Two for releases', approvalRuleContent: content, ruleContentSha256: made?.ruleContentSha256, originApprovalRuleTemplate: { approvalRuleTemplateId: made?.approvalRuleTemplateId, approvalRuleTemplateName: 'Two for releases' },
    }]);
    expect(beside.pullRequest.approvalRules).toEqual([]);

    await root.updateApprovalRuleTemplateContent({ approvalRuleTemplateName: 'Two for releases', newRuleContent: rule(1), existingRuleContentSha256: made?.ruleContentSha256 });
    await root.updateApprovalRuleTemplateName({ oldApprovalRuleTemplateName: 'Two for releases', newApprovalRuleTemplateName: 'One' });
    expect((await get(into.id)).approvalRules).toEqual(into.pullRequest.approvalRules);
    expect((await root.batchDisassociateApprovalRuleTemplateFromRepositories({ approvalRuleTemplateName: 'One', repositoryNames: ['site', 'other'] })).disassociatedRepositoryNames).toEqual(['site', 'other']);
    expect((await root.deleteApprovalRuleTemplate({ approvalRuleTemplateName: 'One' })).approvalRuleTemplateId).toBe(made?.approvalRuleTemplateId);
    await scene.s.settled();
    const events = scene.s.events.filter(({ detail }) => detail['approvalRuleTemplateId'] === made?.approvalRuleTemplateId).map(({ detail }) => detail['event']);
    expect(events).toEqual([
      'approvalRuleTemplateCreated', 'batchAssociateApprovalRuleTemplateWithRepositories', 'approvalRuleTemplateUpdated', 'approvalRuleTemplateUpdated', 'batchDisassociateApprovalRuleTemplateFromRepositories', 'approvalRuleTemplateDeleted',
    ]);
  });
});

describe('permissions', () => {
  it('on pull requests and comments are rights on their repository', async () => {
    const carol = scene.s.as(await scene.s.user('carol', { Action: 'codecommit:*', Resource: 'arn:aws:codecommit:us-east-1:000000000000:other' })).codecommit;
    await expect(carol.getPullRequest({ pullRequestId: scene.open })).rejects.toEqual(refused('AccessDenied'));
    await expect(carol.getComment({ commentId: scene.comment })).rejects.toEqual(refused('AccessDenied'));
    await expect(carol.postCommentReply({ inReplyTo: scene.comment, content: 'Me too.' })).rejects.toEqual(refused('AccessDenied'));
    await expect(carol.getPullRequest({ pullRequestId: '999999' })).rejects.toEqual(refused('PullRequestDoesNotExist'));
    const { id } = await propose(scene.root, 'other', 'carols');
    expect((await carol.getPullRequest({ pullRequestId: id })).pullRequest?.title).toBe('carols');
  });

  it('AWS\'s published branch rule keeps a pull request out of the branches it names', async () => {
    const junior = scene.s.as(await scene.s.user('junior', { Action: 'codecommit:*', Resource: '*' }, {
      Effect: 'Deny', Action: ['codecommit:GitPush', 'codecommit:DeleteBranch', 'codecommit:PutFile', 'codecommit:MergePullRequestByFastForward', 'codecommit:MergePullRequestBySquash', 'codecommit:MergePullRequestByThreeWay'],
      Resource: '*', Condition: { StringEqualsIfExists: { 'codecommit:References': ['refs/heads/main'] }, Null: { 'codecommit:References': 'false' } },
    })).codecommit;
    const { id } = await propose(scene.root, 'site', 'juniors');
    await expect(junior.mergePullRequestBySquash({ pullRequestId: id, repositoryName: 'site' })).rejects.toEqual(refused('AccessDenied'));
    await scene.root.createBranch({ repositoryName: 'site', branchName: 'sandbox', commitId: scene.main });
    const other = await propose(scene.root, 'site', 'playing', { destination: 'sandbox' });
    expect((await junior.mergePullRequestBySquash({ pullRequestId: other.id, repositoryName: 'site' })).pullRequest?.pullRequestStatus).toBe('CLOSED');
  });
});
