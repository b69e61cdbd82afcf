import { propose, reviewScene, rule } from '../review-scene.ts';
import type { ReviewScene } from '../review-scene.ts';
import type { ErrorGroup, Provocation, Provocations } from './provocations.ts';

type Provoke = Exclude<Provocation<ReviewScene>, string>;
const none = '9'.repeat(40);
const create = (input: Partial<Parameters<ReviewScene['root']['createPullRequest']>[0]>, target: object = {}): Provoke => ({ root }) =>
  root.createPullRequest({ title: 'Title', targets: [{ repositoryName: 'site', sourceReference: 'feature', destinationReference: 'main', ...target }], ...input });

/** What every operation on a pull request says of its id. */
const onId = (call: (client: ReviewScene['root'], id: string, scene: ReviewScene) => Promise<unknown>) => ({
  PullRequestIdRequired: (s: ReviewScene) => call(s.root, '', s),
  InvalidPullRequestId: (s: ReviewScene) => call(s.root, 'seven', s),
  PullRequestDoesNotExist: (s: ReviewScene) => call(s.root, '999999', s),
});
const onOpen = (call: (client: ReviewScene['root'], id: string, scene: ReviewScene) => Promise<unknown>) => ({
  ...onId(call),
  PullRequestAlreadyClosed: (s: ReviewScene) => call(s.root, s.closed, s),
});

const BY_MERGING = 'provoked where merges are tested: merging a pull request is a merge of branches';

const merging = (call: (client: ReviewScene['root'], input: { pullRequestId: string; repositoryName: string; sourceCommitId?: string }) => Promise<unknown>) => ({
  ...onOpen((client, pullRequestId) => call(client, { pullRequestId, repositoryName: 'site' })),
  RepositoryNameRequired: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: '' }),
  InvalidRepositoryName: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'a b' }),
  RepositoryDoesNotExist: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'nothing' }),
  RepositoryNotAssociatedWithPullRequest: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'other' }),
  InvalidCommitId: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'site', sourceCommitId: 'main' }),
  TipOfSourceReferenceIsDifferent: ({ root, open, main }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'site', sourceCommitId: main }),
  ConcurrentReferenceUpdate: 'only a movement between reading and moving the branch gives it',
  PullRequestApprovalRulesNotSatisfied: async ({ root }: ReviewScene) => {
    const { id } = await propose(root, 'site', `unapproved-${Math.random()}`);
    await root.createPullRequestApprovalRule({ pullRequestId: id, approvalRuleName: 'One', approvalRuleContent: rule(1) });
    await call(root, { pullRequestId: id, repositoryName: 'site' });
  },
});

const conflicting = async ({ root }: ReviewScene): Promise<{ pullRequestId: string; repositoryName: string }> => {
  const name = `conflict-${Math.random()}`;
  const { id, base } = await propose(root, 'site', name);
  const { branch } = await root.getBranch({ repositoryName: 'site', branchName: 'main' });
  await root.putFile({ repositoryName: 'site', branchName: 'main', filePath: `${name}.txt`, fileContent: Buffer.from('theirs\n'), parentCommitId: branch?.commitId ?? base });
  return { pullRequestId: id, repositoryName: 'site' };
};

const threeWay = (call: (client: ReviewScene['root'], input: Parameters<ReviewScene['root']['mergePullRequestBySquash']>[0]) => Promise<unknown>) => ({
  ...merging((client, input) => call(client, input)),
  ManualMergeRequired: async (s: ReviewScene) => call(s.root, await conflicting(s)),
  CommitMessageLengthExceeded: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'site', commitMessage: 'x'.repeat(300_000) }),
  NameLengthExceeded: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'site', authorName: 'x'.repeat(1_100) }),
  InvalidEmail: ({ root, open }: ReviewScene) => call(root, { pullRequestId: open, repositoryName: 'site', email: 'a<b' }),
  ...Object.fromEntries([
    'FileContentSizeLimitExceeded', 'FolderContentSizeLimitExceeded', 'InvalidConflictDetailLevel', 'InvalidConflictResolution', 'InvalidConflictResolutionStrategy',
    'InvalidFileMode', 'InvalidPath', 'InvalidReplacementContent', 'InvalidReplacementType', 'MaximumConflictResolutionEntriesExceeded', 'MaximumFileContentToLoadExceeded',
    'MaximumItemsToCompareExceeded', 'MultipleConflictResolutionEntries', 'PathRequired', 'ReplacementContentRequired', 'ReplacementTypeRequired', 'TipsDivergenceExceeded',
  ].map((name) => [name, BY_MERGING])),
});

const table: Provocations<ReviewScene> = {
  CreatePullRequest: {
    ClientRequestTokenRequired: create({ clientRequestToken: '' }),
    InvalidClientRequestToken: create({ clientRequestToken: 'x'.repeat(200) }),
    IdempotencyParameterMismatch: async (s) => {
      const { id: _made, ...branch } = await propose(s.root, 'site', 'twice');
      await s.root.createPullRequest({ title: 'A', clientRequestToken: 'same', targets: [{ repositoryName: 'site', sourceReference: branch.tip ? 'twice' : '' }] });
      await s.root.createPullRequest({ title: 'B', clientRequestToken: 'same', targets: [{ repositoryName: 'site', sourceReference: 'twice' }] });
    },
    TitleRequired: create({ title: '' }),
    InvalidTitle: create({ title: 'x'.repeat(151) }),
    InvalidDescription: create({ description: 'x'.repeat(10_241) }),
    TargetsRequired: create({ targets: [] }),
    TargetRequired: 'an entry that is null is none: what is left of the list is judged',
    InvalidTarget: 'each member of a target has an error of its own',
    InvalidTargets: create({ targets: [{ repositoryName: 'site', sourceReference: 'feature' }, { repositoryName: 'site', sourceReference: 'dropped' }] }),
    MultipleRepositoriesInPullRequest: create({ targets: [{ repositoryName: 'site', sourceReference: 'feature' }, { repositoryName: 'other', sourceReference: 'main' }] }),
    RepositoryNameRequired: create({}, { repositoryName: '' }),
    InvalidRepositoryName: create({}, { repositoryName: 'a b' }),
    RepositoryDoesNotExist: create({}, { repositoryName: 'nothing' }),
    ReferenceNameRequired: create({}, { sourceReference: '' }),
    InvalidReferenceName: create({}, { sourceReference: 'a..b' }),
    ReferenceTypeNotSupported: create({}, { sourceReference: 'refs/tags/v1' }),
    ReferenceDoesNotExist: create({}, { sourceReference: 'nothing' }),
    SourceAndDestinationAreSame: create({}, { sourceReference: 'refs/heads/main' }),
    MaximumOpenPullRequestsExceeded: 'a thousand open pull requests take too long to make here; the count is one comparison',
  },
  GetPullRequest: onId((client, pullRequestId) => client.getPullRequest({ pullRequestId })),
  ListPullRequests: {
    RepositoryNameRequired: ({ root }) => root.listPullRequests({ repositoryName: '' }),
    InvalidRepositoryName: ({ root }) => root.listPullRequests({ repositoryName: 'a b' }),
    RepositoryDoesNotExist: ({ root }) => root.listPullRequests({ repositoryName: 'nothing' }),
    InvalidAuthorArn: ({ root }) => root.listPullRequests({ repositoryName: 'site', authorArn: 'bob' }),
    AuthorDoesNotExist: ({ root }) => root.listPullRequests({ repositoryName: 'site', authorArn: 'arn:aws:iam::999999999999:user/bob' }),
    InvalidPullRequestStatus: ({ root }) => root.listPullRequests({ repositoryName: 'site', pullRequestStatus: 'MERGED' as never }),
    InvalidMaxResults: ({ root }) => root.listPullRequests({ repositoryName: 'site', maxResults: 0 }),
    InvalidContinuationToken: ({ root }) => root.listPullRequests({ repositoryName: 'site', nextToken: 'foreign' }),
  },
  UpdatePullRequestTitle: {
    ...onOpen((client, pullRequestId) => client.updatePullRequestTitle({ pullRequestId, title: 'New' })),
    TitleRequired: ({ root, open }) => root.updatePullRequestTitle({ pullRequestId: open, title: ' ' }),
    InvalidTitle: ({ root, open }) => root.updatePullRequestTitle({ pullRequestId: open, title: 'x'.repeat(151) }),
  },
  UpdatePullRequestDescription: {
    ...onOpen((client, pullRequestId) => client.updatePullRequestDescription({ pullRequestId, description: 'New' })),
    InvalidDescription: ({ root, open }) => root.updatePullRequestDescription({ pullRequestId: open, description: 'x'.repeat(10_241) }),
  },
  UpdatePullRequestStatus: {
    ...onId((client, pullRequestId) => client.updatePullRequestStatus({ pullRequestId, pullRequestStatus: 'CLOSED' })),
    PullRequestStatusRequired: ({ root, open }) => root.updatePullRequestStatus({ pullRequestId: open } as never),
    InvalidPullRequestStatus: ({ root, open }) => root.updatePullRequestStatus({ pullRequestId: open, pullRequestStatus: 'MERGED' as never }),
    InvalidPullRequestStatusUpdate: ({ root, closed }) => root.updatePullRequestStatus({ pullRequestId: closed, pullRequestStatus: 'OPEN' }),
  },
  DescribePullRequestEvents: {
    ...onId((client, pullRequestId) => client.describePullRequestEvents({ pullRequestId })),
    InvalidActorArn: ({ root, open }) => root.describePullRequestEvents({ pullRequestId: open, actorArn: 'bob' }),
    ActorDoesNotExist: ({ root, open }) => root.describePullRequestEvents({ pullRequestId: open, actorArn: 'arn:aws:iam::999999999999:user/bob' }),
    InvalidPullRequestEventType: ({ root, open }) => root.describePullRequestEvents({ pullRequestId: open, pullRequestEventType: 'EATEN' as never }),
    InvalidMaxResults: ({ root, open }) => root.describePullRequestEvents({ pullRequestId: open, maxResults: 101 }),
    InvalidContinuationToken: ({ root, open }) => root.describePullRequestEvents({ pullRequestId: open, nextToken: 'foreign' }),
  },
  MergePullRequestByFastForward: {
    ...merging((client, input) => client.mergePullRequestByFastForward(input)),
    ManualMergeRequired: async (s) => s.root.mergePullRequestByFastForward(await conflicting(s)),
    ReferenceDoesNotExist: 'a pull request is closed when one of its branches is deleted',
  },
  MergePullRequestBySquash: threeWay((client, input) => client.mergePullRequestBySquash(input)),
  MergePullRequestByThreeWay: threeWay((client, input) => client.mergePullRequestByThreeWay(input)),

  CreatePullRequestApprovalRule: {
    ...onOpen((client, pullRequestId) => client.createPullRequestApprovalRule({ pullRequestId, approvalRuleName: 'Rule', approvalRuleContent: rule(1) })),
    ApprovalRuleNameRequired: ({ root, open }) => root.createPullRequestApprovalRule({ pullRequestId: open, approvalRuleName: '', approvalRuleContent: rule(1) }),
    InvalidApprovalRuleName: ({ root, open }) => root.createPullRequestApprovalRule({ pullRequestId: open, approvalRuleName: 'a/b', approvalRuleContent: rule(1) }),
    ApprovalRuleContentRequired: ({ root, open }) => root.createPullRequestApprovalRule({ pullRequestId: open, approvalRuleName: 'Rule', approvalRuleContent: '' }),
    InvalidApprovalRuleContent: ({ root, open }) => root.createPullRequestApprovalRule({ pullRequestId: open, approvalRuleName: 'Rule', approvalRuleContent: '{}' }),
    ApprovalRuleNameAlreadyExists: async ({ root }) => {
      const { id } = await propose(root, 'site', 'ruled');
      for (const _ of [1, 2]) await root.createPullRequestApprovalRule({ pullRequestId: id, approvalRuleName: 'Rule', approvalRuleContent: rule(1) });
    },
    NumberOfRulesExceeded: async ({ root }) => {
      const { id } = await propose(root, 'site', 'overruled');
      for (let index = 0; index <= 30; index += 1) await root.createPullRequestApprovalRule({ pullRequestId: id, approvalRuleName: `Rule ${index}`, approvalRuleContent: rule(1) });
    },
  },
  UpdatePullRequestApprovalRuleContent: {
    ...onOpen((client, pullRequestId) => client.updatePullRequestApprovalRuleContent({ pullRequestId, approvalRuleName: 'Rule', newRuleContent: rule(1) })),
    ApprovalRuleNameRequired: ({ root, open }) => root.updatePullRequestApprovalRuleContent({ pullRequestId: open, approvalRuleName: '', newRuleContent: rule(1) }),
    InvalidApprovalRuleName: ({ root, open }) => root.updatePullRequestApprovalRuleContent({ pullRequestId: open, approvalRuleName: '*', newRuleContent: rule(1) }),
    ApprovalRuleDoesNotExist: ({ root, open }) => root.updatePullRequestApprovalRuleContent({ pullRequestId: open, approvalRuleName: 'None', newRuleContent: rule(1) }),
    ApprovalRuleContentRequired: ({ root, open }) => root.updatePullRequestApprovalRuleContent({ pullRequestId: open, approvalRuleName: 'Rule', newRuleContent: '' }),
    InvalidApprovalRuleContent: ({ root, open }) => root.updatePullRequestApprovalRuleContent({ pullRequestId: open, approvalRuleName: 'Rule', newRuleContent: '[]' }),
    InvalidRuleContentSha256: async ({ root }) => {
      const { id } = await propose(root, 'site', 'signed');
      await root.createPullRequestApprovalRule({ pullRequestId: id, approvalRuleName: 'Rule', approvalRuleContent: rule(1) });
      await root.updatePullRequestApprovalRuleContent({ pullRequestId: id, approvalRuleName: 'Rule', newRuleContent: rule(2), existingRuleContentSha256: none });
    },
    CannotModifyApprovalRuleFromTemplate: async (s) => {
      const { id } = await fromTemplate(s, 'templated');
      await s.root.updatePullRequestApprovalRuleContent({ pullRequestId: id, approvalRuleName: 'templated', newRuleContent: rule(2) });
    },
  },
  DeletePullRequestApprovalRule: {
    ...onOpen((client, pullRequestId) => client.deletePullRequestApprovalRule({ pullRequestId, approvalRuleName: 'Rule' })),
    ApprovalRuleNameRequired: ({ root, open }) => root.deletePullRequestApprovalRule({ pullRequestId: open, approvalRuleName: '' }),
    InvalidApprovalRuleName: ({ root, open }) => root.deletePullRequestApprovalRule({ pullRequestId: open, approvalRuleName: 'x'.repeat(101) }),
    CannotDeleteApprovalRuleFromTemplate: async (s) => {
      const { id } = await fromTemplate(s, 'kept');
      await s.root.deletePullRequestApprovalRule({ pullRequestId: id, approvalRuleName: 'kept' });
    },
  },

  UpdatePullRequestApprovalState: {
    ...onOpen((client, pullRequestId, { revision }) => client.updatePullRequestApprovalState({ pullRequestId, revisionId: revision, approvalState: 'APPROVE' })),
    RevisionIdRequired: ({ bob, open }) => bob.updatePullRequestApprovalState({ pullRequestId: open, revisionId: '', approvalState: 'APPROVE' }),
    InvalidRevisionId: ({ bob, open }) => bob.updatePullRequestApprovalState({ pullRequestId: open, revisionId: 'first', approvalState: 'APPROVE' }),
    RevisionNotCurrent: ({ bob, open }) => bob.updatePullRequestApprovalState({ pullRequestId: open, revisionId: '0'.repeat(64), approvalState: 'APPROVE' }),
    ApprovalStateRequired: ({ bob, open, revision }) => bob.updatePullRequestApprovalState({ pullRequestId: open, revisionId: revision } as never),
    InvalidApprovalState: ({ bob, open, revision }) => bob.updatePullRequestApprovalState({ pullRequestId: open, revisionId: revision, approvalState: 'PERHAPS' as never }),
    PullRequestCannotBeApprovedByAuthor: ({ root, open, revision }) => root.updatePullRequestApprovalState({ pullRequestId: open, revisionId: revision, approvalState: 'APPROVE' }),
    MaximumNumberOfApprovalsExceeded: 'two hundred users take too long to make here; the count is one comparison',
  },
  GetPullRequestApprovalStates: {
    ...onId((client, pullRequestId, { revision }) => client.getPullRequestApprovalStates({ pullRequestId, revisionId: revision })),
    RevisionIdRequired: ({ root, open }) => root.getPullRequestApprovalStates({ pullRequestId: open, revisionId: '' }),
    InvalidRevisionId: ({ root, open }) => root.getPullRequestApprovalStates({ pullRequestId: open, revisionId: 'first' }),
  },
  EvaluatePullRequestApprovalRules: {
    ...onId((client, pullRequestId, { revision }) => client.evaluatePullRequestApprovalRules({ pullRequestId, revisionId: revision })),
    RevisionIdRequired: ({ root, open }) => root.evaluatePullRequestApprovalRules({ pullRequestId: open, revisionId: '' }),
    InvalidRevisionId: ({ root, open }) => root.evaluatePullRequestApprovalRules({ pullRequestId: open, revisionId: 'first' }),
    RevisionNotCurrent: ({ root, open }) => root.evaluatePullRequestApprovalRules({ pullRequestId: open, revisionId: '0'.repeat(64) }),
  },
  OverridePullRequestApprovalRules: {
    ...onOpen((client, pullRequestId, { revision }) => client.overridePullRequestApprovalRules({ pullRequestId, revisionId: revision, overrideStatus: 'OVERRIDE' })),
    RevisionIdRequired: ({ root, open }) => root.overridePullRequestApprovalRules({ pullRequestId: open, revisionId: '', overrideStatus: 'OVERRIDE' }),
    InvalidRevisionId: ({ root, open }) => root.overridePullRequestApprovalRules({ pullRequestId: open, revisionId: 'first', overrideStatus: 'OVERRIDE' }),
    RevisionNotCurrent: ({ root, open }) => root.overridePullRequestApprovalRules({ pullRequestId: open, revisionId: '0'.repeat(64), overrideStatus: 'OVERRIDE' }),
    OverrideStatusRequired: ({ root, open, revision }) => root.overridePullRequestApprovalRules({ pullRequestId: open, revisionId: revision } as never),
    InvalidOverrideStatus: ({ root, open, revision }) => root.overridePullRequestApprovalRules({ pullRequestId: open, revisionId: revision, overrideStatus: 'PERHAPS' as never }),
    OverrideAlreadySet: async ({ root }) => {
      const { id, revision } = await propose(root, 'site', 'overridden');
      for (const _ of [1, 2]) await root.overridePullRequestApprovalRules({ pullRequestId: id, revisionId: revision, overrideStatus: 'OVERRIDE' });
    },
  },
  GetPullRequestOverrideState: {
    ...onId((client, pullRequestId, { revision }) => client.getPullRequestOverrideState({ pullRequestId, revisionId: revision })),
    RevisionIdRequired: ({ root, open }) => root.getPullRequestOverrideState({ pullRequestId: open, revisionId: '' }),
    InvalidRevisionId: ({ root, open }) => root.getPullRequestOverrideState({ pullRequestId: open, revisionId: 'first' }),
  },
};

/** A pull request with a rule from a template, both of this name. */
async function fromTemplate({ root }: ReviewScene, name: string) {
  await root.createApprovalRuleTemplate({ approvalRuleTemplateName: name, approvalRuleTemplateContent: rule(1) });
  await root.associateApprovalRuleTemplateWithRepository({ approvalRuleTemplateName: name, repositoryName: 'site' });
  const made = await propose(root, 'site', name);
  await root.disassociateApprovalRuleTemplateFromRepository({ approvalRuleTemplateName: name, repositoryName: 'site' });
  return made;
}

export const pullRequests: ErrorGroup<ReviewScene> = { open: reviewScene, close: ({ s }) => s.stop(), table };
