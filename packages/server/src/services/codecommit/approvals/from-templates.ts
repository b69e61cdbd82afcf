import type { Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import { limits } from '../limits.ts';
import type { PullRequestRow } from '../pull-requests/store.ts';
import type { RepositoryRow } from '../store.ts';
import { appliesTo, parseContent } from './content.ts';
import { insertRule, templatesFor } from './store.ts';
import type { RuleRow } from './store.ts';

/** Makes the rules that the repository's templates want on a new pull request. A template that changes later leaves them. */
export async function rulesFromTemplates(tx: Transaction, row: PullRequestRow, repository: RepositoryRow): Promise<RuleRow[]> {
  const templates = (await templatesFor(tx.query, repository)).filter(({ content }) => appliesTo(parseContent(content, 'template'), row.destination_reference));
  const rules = templates.slice(0, limits.approvalRulesFromTemplates).map((template): RuleRow => ({
    account: row.account,
    region: row.region,
    number: row.number,
    rule_id: uuid(),
    name: template.name,
    content: template.content,
    content_sha256: template.content_sha256,
    template_id: template.template_id,
    template_name: template.name,
    modified_by: template.modified_by,
    created_at: row.created_at,
    modified_at: row.created_at,
  }));
  for (const rule of rules) await insertRule(tx, rule);
  return rules;
}
