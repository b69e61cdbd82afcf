import type { ApprovalRule, PullRequest } from '@slipway/contracts/codecommit';
import type { RuleRow } from '../approvals/store.ts';
import type { PullRequestRow } from './store.ts';

/** What a pull request's destination is now, where the row does not say. */
export type Standing = Pick<PullRequestRow, 'destination_commit' | 'merge_base'>;

/** A pull request as the API shows it. */
export function pullRequestShape(row: PullRequestRow, repositoryName: string, rules: readonly RuleRow[], standing: Standing = row): PullRequest {
  return {
    pullRequestId: String(row.number),
    title: row.title,
    ...row.description === null ? {} : { description: row.description },
    lastActivityDate: row.active_at,
    creationDate: row.created_at,
    pullRequestStatus: row.status,
    authorArn: row.author_arn,
    pullRequestTargets: [{
      repositoryName,
      sourceReference: row.source_reference,
      destinationReference: row.destination_reference,
      destinationCommit: standing.destination_commit,
      sourceCommit: row.source_commit,
      ...standing.merge_base === null ? {} : { mergeBase: standing.merge_base },
      mergeMetadata: {
        isMerged: row.merged_by !== null,
        ...row.merged_by === null ? {} : { mergedBy: row.merged_by },
        ...row.merge_commit === null ? {} : { mergeCommitId: row.merge_commit },
        ...row.merge_option === null ? {} : { mergeOption: row.merge_option },
      },
    }],
    ...row.client_request_token === null ? {} : { clientRequestToken: row.client_request_token },
    revisionId: row.revision_id,
    approvalRules: rules.map(ruleShape),
  };
}

export function ruleShape(rule: RuleRow): ApprovalRule {
  return {
    approvalRuleId: rule.rule_id,
    approvalRuleName: rule.name,
    approvalRuleContent: rule.content,
    ruleContentSha256: rule.content_sha256,
    lastModifiedDate: rule.modified_at,
    creationDate: rule.created_at,
    lastModifiedUser: rule.modified_by,
    ...rule.template_id === null ? {} : {
      originApprovalRuleTemplate: { approvalRuleTemplateId: rule.template_id, ...rule.template_name === null ? {} : { approvalRuleTemplateName: rule.template_name } },
    },
  };
}
