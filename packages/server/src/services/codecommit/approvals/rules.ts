import type { CodeCommitApi } from '@slipway/contracts';
import { uuid } from '../../../kernel/ids.ts';
import type { Operations } from '../../../kernel/service.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { existingPullRequest, lockOpenPullRequest } from '../pull-requests/find.ts';
import { happened } from '../pull-requests/history.ts';
import type { Happening } from '../pull-requests/history.ts';
import { ruleShape } from '../pull-requests/shape.ts';
import type { ReviewDeps } from '../deps.ts';
import { ruleContent, ruleName, sameContent } from './checks.ts';
import { contentSha256 } from './content.ts';
import { deleteRule, insertRule, rulesOf, updateRule } from './store.ts';
import type { RuleRow } from './store.ts';

/** Approval rules of single pull requests. Those that templates made can be neither changed nor deleted. */
export function approvalRules(deps: ReviewDeps) {
  const { db, clock } = deps;
  return {
    async CreatePullRequestApprovalRule(input, call) {
      const name = ruleName(input.approvalRuleName);
      ruleContent(input.approvalRuleContent);
      const found = await existingPullRequest(db, call, input.pullRequestId);
      const rule = await db.transaction(async (tx) => {
        const { row, repository } = await lockOpenPullRequest(tx, found);
        const others = await rulesOf(tx.query, row);
        if (others.some((other) => other.name === name)) throw fail('ApprovalRuleNameAlreadyExistsException', `An approval rule with that name already exists: ${name}`);
        if (others.length >= limits.approvalRulesPerPullRequest) throw fail('NumberOfRulesExceededException', `A pull request has at most ${limits.approvalRulesPerPullRequest} approval rules.`);
        const now = clock.now();
        const made: RuleRow = {
          account: row.account, region: row.region, number: row.number, rule_id: uuid(), name, content: input.approvalRuleContent, content_sha256: contentSha256(input.approvalRuleContent),
          template_id: null, template_name: null, modified_by: call.caller.arn, created_at: now, modified_at: now,
        };
        await insertRule(tx, made);
        await happened(tx, deps, repository, row, ruleHappening(call.caller.arn, made, 'Created'));
        return made;
      });
      return { approvalRule: ruleShape(rule) };
    },

    async UpdatePullRequestApprovalRuleContent(input, call) {
      const name = ruleName(input.approvalRuleName);
      ruleContent(input.newRuleContent);
      const found = await existingPullRequest(db, call, input.pullRequestId);
      const rule = await db.transaction(async (tx) => {
        const { row, repository } = await lockOpenPullRequest(tx, found);
        const current = (await rulesOf(tx.query, row)).find((one) => one.name === name);
        if (!current) throw fail('ApprovalRuleDoesNotExistException', `The approval rule does not exist: ${name}`);
        if (current.template_id !== null) throw fail('CannotModifyApprovalRuleFromTemplateException', `The approval rule was made by an approval rule template and cannot be modified: ${name}`);
        sameContent(input.existingRuleContentSha256, current.content_sha256);
        const change = { content: input.newRuleContent, content_sha256: contentSha256(input.newRuleContent), modified_by: call.caller.arn, modified_at: clock.now() };
        const updated = { ...current, ...change };
        await updateRule(tx, current, change);
        await happened(tx, deps, repository, row, ruleHappening(call.caller.arn, updated, 'Updated'));
        return updated;
      });
      return { approvalRule: ruleShape(rule) };
    },

    /** Deleting a rule that is not there succeeds and answers an empty id: the contract has no error for it. */
    async DeletePullRequestApprovalRule(input, call) {
      const name = ruleName(input.approvalRuleName);
      const found = await existingPullRequest(db, call, input.pullRequestId);
      return db.transaction(async (tx) => {
        const { row, repository } = await lockOpenPullRequest(tx, found);
        const current = (await rulesOf(tx.query, row)).find((one) => one.name === name);
        if (!current) return { approvalRuleId: '' };
        if (current.template_id !== null) throw fail('CannotDeleteApprovalRuleFromTemplateException', `The approval rule was made by an approval rule template and cannot be deleted: ${name}`);
        await deleteRule(tx, current);
        await happened(tx, deps, repository, row, ruleHappening(call.caller.arn, current, 'Deleted'));
        return { approvalRuleId: current.rule_id };
      });
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

function ruleHappening(actor: string, rule: RuleRow, what: 'Created' | 'Updated' | 'Deleted'): Happening {
  const type = { Created: 'PULL_REQUEST_APPROVAL_RULE_CREATED', Updated: 'PULL_REQUEST_APPROVAL_RULE_UPDATED', Deleted: 'PULL_REQUEST_APPROVAL_RULE_DELETED' } as const;
  return {
    actor,
    entries: [{ type: type[what], metadata: { approvalRuleEventMetadata: { approvalRuleName: rule.name, approvalRuleId: rule.rule_id, approvalRuleContent: rule.content } } }],
    tell: { event: `pullRequestApprovalRule${what}`, approvalRuleName: rule.name, approvalRuleId: rule.rule_id, approvalRuleContentSha256: rule.content_sha256 },
  };
}
