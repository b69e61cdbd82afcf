import type { CodeCommitApi } from '@slipway/contracts';
import type { Database } from '../../kernel/database.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { repositoryArn } from './arns.ts';
import { existingComment } from './comments/find.ts';
import { existingPullRequest } from './pull-requests/find.ts';

const onAll = (): OperationRequest => ({ resource: '*' });
const onRepository = (input: { repositoryName: string }, call: Call): OperationRequest => ({ resource: repositoryArn(call, input.repositoryName) });
const onRepositories = ({ repositoryNames: names }: { repositoryNames: readonly string[] }, call: Call): OperationRequest | readonly OperationRequest[] =>
  (names.length === 0 ? onAll() : names.map((repositoryName) => onRepository({ repositoryName }, call)));

/**
 * Service Authorization Reference, "Actions defined by AWS CodeCommit": pull requests and comments are rights on their
 * repository. One that does not exist is refused as such before anybody is asked.
 */
export function reviewAccess(db: Database) {
  const onPullRequest = async ({ pullRequestId }: { pullRequestId: string }, call: Call): Promise<readonly OperationRequest[]> => {
    const { repository } = await existingPullRequest(db, call, pullRequestId);
    return [{ resource: repositoryArn(call, repository.name) }];
  };
  /** Merging changes the destination: it can be limited to some branches, by AWS's published branch rule. */
  const onDestination = async ({ pullRequestId }: { pullRequestId: string }, call: Call): Promise<readonly OperationRequest[]> => {
    const { row, repository } = await existingPullRequest(db, call, pullRequestId);
    return [{ resource: repositoryArn(call, repository.name), context: { 'codecommit:References': row.destination_reference } }];
  };
  const onComment = async ({ commentId }: { commentId: string }, call: Call): Promise<readonly OperationRequest[]> => {
    const { repository } = await existingComment(db, call, commentId);
    return [{ resource: repositoryArn(call, repository.name) }];
  };

  return {
    CreatePullRequest: ({ targets }, call) => (targets.length === 0 ? onAll() : targets.map((target) => onRepository(target, call))),
    GetPullRequest: onPullRequest,
    ListPullRequests: onRepository,
    UpdatePullRequestTitle: onPullRequest,
    UpdatePullRequestDescription: onPullRequest,
    UpdatePullRequestStatus: onPullRequest,
    DescribePullRequestEvents: onPullRequest,
    MergePullRequestByFastForward: onDestination,
    MergePullRequestBySquash: onDestination,
    MergePullRequestByThreeWay: onDestination,

    CreatePullRequestApprovalRule: onPullRequest,
    UpdatePullRequestApprovalRuleContent: onPullRequest,
    DeletePullRequestApprovalRule: onPullRequest,
    UpdatePullRequestApprovalState: onPullRequest,
    GetPullRequestApprovalStates: onPullRequest,
    EvaluatePullRequestApprovalRules: onPullRequest,
    OverridePullRequestApprovalRules: onPullRequest,
    GetPullRequestOverrideState: onPullRequest,

    CreateApprovalRuleTemplate: onAll,
    GetApprovalRuleTemplate: onAll,
    ListApprovalRuleTemplates: onAll,
    DeleteApprovalRuleTemplate: onAll,
    UpdateApprovalRuleTemplateContent: onAll,
    UpdateApprovalRuleTemplateDescription: onAll,
    UpdateApprovalRuleTemplateName: onAll,
    ListRepositoriesForApprovalRuleTemplate: onAll,
    AssociateApprovalRuleTemplateWithRepository: onRepository,
    DisassociateApprovalRuleTemplateFromRepository: onRepository,
    BatchAssociateApprovalRuleTemplateWithRepositories: onRepositories,
    BatchDisassociateApprovalRuleTemplateFromRepositories: onRepositories,
    ListAssociatedApprovalRuleTemplatesForRepository: onRepository,

    PostCommentForComparedCommit: onRepository,
    PostCommentForPullRequest: onRepository,
    PostCommentReply: ({ inReplyTo }, call) => onComment({ commentId: inReplyTo }, call),
    UpdateComment: onComment,
    DeleteCommentContent: onComment,
    GetComment: onComment,
    GetCommentsForComparedCommit: onRepository,
    GetCommentsForPullRequest: onPullRequest,
    PutCommentReaction: onComment,
    GetCommentReactions: onComment,

    GetRepositoryTriggers: onRepository,
    PutRepositoryTriggers: onRepository,
    TestRepositoryTriggers: onRepository,
  } satisfies Partial<AccessTable<CodeCommitApi>>;
}

export type ReviewOperation = keyof ReturnType<typeof reviewAccess>;
