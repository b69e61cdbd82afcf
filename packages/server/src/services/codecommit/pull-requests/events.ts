import type { DomainEvent } from '../../../engine/outbox.ts';
import { repositoryArn } from '../arns.ts';
import { consolePage, eventDate } from '../event-words.ts';
import type { RepositoryRow } from '../store.ts';
import type { PullRequestRow } from './store.ts';

/** What happened to a pull request, with the members that are that event's own. */
export type PullRequestHappening =
  | { readonly event: 'pullRequestCreated' | 'pullRequestSourceBranchUpdated' | 'pullRequestStatusChanged' | 'pullRequestMergeStatusUpdated' }
  | {
    readonly event: 'pullRequestApprovalRuleCreated' | 'pullRequestApprovalRuleUpdated' | 'pullRequestApprovalRuleDeleted';
    readonly approvalRuleName: string;
    readonly approvalRuleId: string;
    readonly approvalRuleContentSha256: string;
  }
  | { readonly event: 'pullRequestApprovalRuleOverridden'; readonly overrideStatus: 'OVERRIDE' | 'REVOKE' }
  | { readonly event: 'pullRequestApprovalStateChanged'; readonly approvalStatus: 'APPROVE' | 'REVOKE' };

/**
 * "CodeCommit Pull Request State Change". User Guide, "Monitoring CodeCommit events": the words differ from event to event
 * as they do there.
 */
export function pullRequestEvent(repository: RepositoryRow, row: PullRequestRow, callerUserArn: string, happening: PullRequestHappening): DomainEvent {
  const { account, region, name } = repository;
  return {
    account,
    region,
    source: 'aws.codecommit',
    detailType: 'CodeCommit Pull Request State Change',
    resources: [repositoryArn({ account, region }, name)],
    aggregate: `codecommit/pull-request/${account}/${region}/${row.number}`,
    detail: {
      ...happening,
      author: row.author_arn,
      callerUserArn,
      creationDate: eventDate(row.created_at),
      ...row.description === null ? {} : { description: row.description },
      destinationCommit: row.destination_commit,
      destinationReference: row.destination_reference,
      isMerged: row.merged_by === null ? 'False' : 'True',
      lastModifiedDate: eventDate(row.active_at),
      ...row.merge_option === null ? {} : { mergeOption: row.merge_option },
      notificationBody: body(name, row, callerUserArn, happening),
      pullRequestId: String(row.number),
      pullRequestStatus: row.status === 'OPEN' ? 'Open' : 'Closed',
      repositoryNames: [name],
      revisionId: row.revision_id,
      sourceCommit: row.source_commit,
      sourceReference: row.source_reference,
      title: row.title,
    },
  };
}

function body(repository: string, row: PullRequestRow, user: string, happening: PullRequestHappening): string {
  const page = consolePage(row.region, repository, `pull-requests/${row.number}`);
  const link = happening.event === 'pullRequestCreated' ? page : `${page}?region=${row.region}`;
  return `A pull request event occurred in the following AWS CodeCommit repository: ${repository}. ${told(row, user, happening)} For more information, go to the AWS CodeCommit console ${link}`;
}

function told(row: PullRequestRow, user: string, happening: PullRequestHappening): string {
  const id = row.number;
  switch (happening.event) {
    case 'pullRequestCreated':
      return `User: ${user}. Event: Created. The pull request was created with the following information: Pull Request ID as ${id} and title as ${row.title}.`;
    case 'pullRequestSourceBranchUpdated':
      return `User: ${user}. Event: Updated.  The user updated the following pull request: ${id}. The pull request was updated with one or more commits to the source branch: ${row.source_reference.replace('refs/heads/', '')}.`;
    case 'pullRequestStatusChanged':
      return `${user} updated the following PullRequest ${id}. The pull request status has been updated. The status is ${row.status.toLowerCase()}.`;
    case 'pullRequestMergeStatusUpdated':
      return `${user} updated the following PullRequest ${id}. The pull request merge status has been updated. The status is merged.`;
    case 'pullRequestApprovalRuleCreated':
      return `User: ${user}. Event: Updated. Pull request: ${id}. Additional information: An approval rule has been created with the following name: ${happening.approvalRuleName}.`;
    case 'pullRequestApprovalRuleDeleted':
      return `User: ${user}. Event: Created. Pull request: ${id}. Additional information: An approval rule has been deleted: ${happening.approvalRuleName} was deleted.`;
    case 'pullRequestApprovalRuleUpdated':
      return `User: ${user}. Event: Updated. Pull request name: ${id}. The content of an approval rule has been updated for the pull request. The name of the updated rule is: ${happening.approvalRuleName}.`;
    case 'pullRequestApprovalRuleOverridden':
      return `User: ${user}. Event: Updated. Pull request name: ${id}. Additional information: An override event has occurred for the approval rules for this pull request. Override status: ${happening.overrideStatus}.`;
    case 'pullRequestApprovalStateChanged':
      return `User: ${user}. Event: Updated. Pull request name: ${id}. Additional information: A user has changed their approval state for the pull request. State change: ${happening.approvalStatus}.`;
  }
}
