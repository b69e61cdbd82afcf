import type { Evaluation } from '@slipway/contracts/codecommit';
import type { Database } from '../../../kernel/database.ts';
import type { PullRequestRow } from '../pull-requests/store.ts';
import { isSatisfied, parseContent } from './content.ts';
import { approvalsOf, overriderOf, rulesOf } from './store.ts';
import type { RuleRow } from './store.ts';

/** Whether a revision may be merged. The author's approval never counts. */
export function decide(rules: readonly RuleRow[], approvers: readonly string[], author: string, overridden: boolean): Required<Evaluation> {
  const others = approvers.filter((user) => user !== author);
  const satisfied = rules.filter(({ content }) => isSatisfied(parseContent(content, 'template'), others));
  return {
    approved: overridden || satisfied.length === rules.length,
    overridden,
    approvalRulesSatisfied: satisfied.map(({ name }) => name),
    approvalRulesNotSatisfied: rules.filter((rule) => !satisfied.includes(rule)).map(({ name }) => name),
  };
}

/** The same for a pull request as it stands in `source`: committed rows, or a transaction's. */
export async function evaluate(source: Database['read'], row: PullRequestRow): Promise<Required<Evaluation>> {
  const [rules, approvals, overrider] = [await rulesOf(source, row), await approvalsOf(source, row), await overriderOf(source, row)];
  return decide(rules, approvals.map(({ user_arn: user }) => user), row.author_arn, overrider !== undefined);
}
