import { lockRow } from '../../../kernel/database/index.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

export interface RuleRow {
  readonly account: string;
  readonly region: string;
  /** The pull request's. */
  readonly number: number;
  readonly rule_id: string;
  readonly name: string;
  readonly content: string;
  readonly content_sha256: string;
  /** Of the template that made it; null for a rule of this pull request alone. */
  readonly template_id: string | null;
  readonly template_name: string | null;
  readonly modified_by: string;
  /** ms UTC */
  readonly created_at: number;
  readonly modified_at: number;
}

export interface ApprovalRow {
  readonly account: string;
  readonly region: string;
  readonly number: number;
  readonly revision_id: string;
  readonly user_arn: string;
  readonly created_at: number;
}

type OverrideRow = Omit<ApprovalRow, 'created_at'>;

type Tables = {
  codecommit_approval_rules: RuleRow;
  codecommit_approvals: ApprovalRow;
  codecommit_approval_overrides: OverrideRow;
};

type Source = Pick<Database, 'read'>;
type PullRequest = Place & { readonly number: number };
type Revision = PullRequest & { readonly revision_id: string };

/** In the order in which they were made. */
export async function rulesOf(source: Database['read'], { account, region, number }: PullRequest): Promise<RuleRow[]> {
  return source.withTables<Tables>().selectFrom('codecommit_approval_rules').selectAll()
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).orderBy('created_at').orderBy('name').execute();
}

export async function insertRule(tx: Transaction, row: RuleRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_approval_rules').values(row).execute();
}

export async function updateRule(tx: Transaction, { account, region, number, rule_id: id }: RuleRow, change: Partial<Pick<RuleRow, 'content' | 'content_sha256' | 'modified_by' | 'modified_at'>>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('codecommit_approval_rules').set(change)
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).where('rule_id', '=', id).execute();
}

export async function deleteRule(tx: Transaction, { account, region, number, rule_id: id }: RuleRow): Promise<void> {
  await tx.query.withTables<Tables>().deleteFrom('codecommit_approval_rules')
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).where('rule_id', '=', id).execute();
}

/** Who approved the revision, in the order of their approvals. */
export async function approvalsOf(source: Database['read'], { account, region, number, revision_id: revision }: Revision): Promise<ApprovalRow[]> {
  return source.withTables<Tables>().selectFrom('codecommit_approvals').selectAll()
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).where('revision_id', '=', revision)
    .orderBy('created_at').orderBy('user_arn').execute();
}

export async function insertApproval(tx: Transaction, row: ApprovalRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_approvals').values(row).execute();
}

export async function deleteApproval(tx: Transaction, { account, region, number, revision_id: revision, user_arn: user }: OverrideRow): Promise<boolean> {
  const { numDeletedRows } = await tx.query.withTables<Tables>().deleteFrom('codecommit_approvals')
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).where('revision_id', '=', revision).where('user_arn', '=', user).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** The ARN of who set the revision's rules aside. */
export async function overriderOf(source: Database['read'], { account, region, number, revision_id: revision }: Revision): Promise<string | undefined> {
  const row = await source.withTables<Tables>().selectFrom('codecommit_approval_overrides').select('user_arn')
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).where('revision_id', '=', revision).executeTakeFirst();
  return row?.user_arn;
}

export async function insertOverride(tx: Transaction, row: OverrideRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_approval_overrides').values(row).execute();
}

export async function deleteOverride(tx: Transaction, { account, region, number, revision_id: revision }: Revision): Promise<boolean> {
  const { numDeletedRows } = await tx.query.withTables<Tables>().deleteFrom('codecommit_approval_overrides')
    .where('account', '=', account).where('region', '=', region).where('number', '=', number).where('revision_id', '=', revision).executeTakeFirst();
  return numDeletedRows > 0n;
}

export interface TemplateRow {
  readonly account: string;
  readonly region: string;
  readonly template_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly content: string;
  readonly content_sha256: string;
  readonly modified_by: string;
  readonly created_at: number;
  readonly modified_at: number;
}

type TemplateTables = {
  codecommit_approval_templates: TemplateRow;
  codecommit_approval_template_repositories: Place & { template_id: string; repository_id: string };
  codecommit_repositories: Place & { repository_id: string; name: string };
};

export async function findTemplate({ read }: Source, { account, region }: Place, name: string): Promise<TemplateRow | undefined> {
  return read.withTables<TemplateTables>().selectFrom('codecommit_approval_templates').selectAll()
    .where('account', '=', account).where('region', '=', region).where('name', '=', name).executeTakeFirst();
}

/** The row, locked: first in every transaction that decides about a template. */
export async function lockTemplate(tx: Transaction, { account, region }: Place, name: string): Promise<TemplateRow | undefined> {
  return tx.query.withTables<TemplateTables>().selectFrom('codecommit_approval_templates').selectAll()
    .where('account', '=', account).where('region', '=', region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst();
}

export async function countTemplates(tx: Transaction, { account, region }: Place): Promise<number> {
  const { count } = await tx.query.withTables<TemplateTables>().selectFrom('codecommit_approval_templates').select((is) => is.fn.countAll().as('count'))
    .where('account', '=', account).where('region', '=', region).executeTakeFirstOrThrow();
  return Number(count);
}

export async function insertTemplate(tx: Transaction, row: TemplateRow): Promise<void> {
  await tx.query.withTables<TemplateTables>().insertInto('codecommit_approval_templates').values(row).execute();
}

export async function updateTemplate(tx: Transaction, { account, region, template_id: id }: TemplateRow, change: Partial<Omit<TemplateRow, 'account' | 'region' | 'template_id'>>): Promise<void> {
  await tx.query.withTables<TemplateTables>().updateTable('codecommit_approval_templates').set(change)
    .where('account', '=', account).where('region', '=', region).where('template_id', '=', id).execute();
}

export async function deleteTemplate(tx: Transaction, { account, region, template_id: id }: TemplateRow): Promise<void> {
  await tx.query.withTables<TemplateTables>().deleteFrom('codecommit_approval_templates')
    .where('account', '=', account).where('region', '=', region).where('template_id', '=', id).execute();
}

/** Names in order, behind `after`. */
export async function listTemplates({ read }: Source, { account, region }: Place, { after, limit }: { after?: string | undefined; limit: number }): Promise<string[]> {
  let query = read.withTables<TemplateTables>().selectFrom('codecommit_approval_templates').select('name')
    .where('account', '=', account).where('region', '=', region);
  if (after !== undefined) query = query.where('name', '>', after);
  return (await query.orderBy('name').limit(limit).execute()).map(({ name }) => name);
}

/** Templates that make rules on a repository's new pull requests, by name. */
export async function templatesFor(source: Database['read'], { account, region, repository_id: repository }: Place & { repository_id: string }): Promise<TemplateRow[]> {
  return source.withTables<TemplateTables>().selectFrom('codecommit_approval_templates as t')
    .innerJoin('codecommit_approval_template_repositories as r', (join) => join.onRef('r.account', '=', 't.account').onRef('r.region', '=', 't.region').onRef('r.template_id', '=', 't.template_id'))
    .selectAll('t').where('t.account', '=', account).where('t.region', '=', region).where('r.repository_id', '=', repository).orderBy('t.name').execute();
}

/** Names of the repositories a template is associated with, in order. */
export async function repositoriesOf(source: Database['read'], { account, region, template_id: id }: Pick<TemplateRow, 'account' | 'region' | 'template_id'>): Promise<string[]> {
  const rows = await source.withTables<TemplateTables>().selectFrom('codecommit_repositories as p')
    .innerJoin('codecommit_approval_template_repositories as r', (join) => join.onRef('r.account', '=', 'p.account').onRef('r.region', '=', 'p.region').onRef('r.repository_id', '=', 'p.repository_id'))
    .select('p.name').where('r.account', '=', account).where('r.region', '=', region).where('r.template_id', '=', id).orderBy('p.name').execute();
  return rows.map(({ name }) => name);
}

/** Answers whether it is new. */
export async function associate(tx: Transaction, { account, region, template_id }: TemplateRow, repositoryId: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows = 0n } = await tx.query.withTables<TemplateTables>().insertInto('codecommit_approval_template_repositories')
    .values({ account, region, template_id, repository_id: repositoryId }).onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n;
}

export async function disassociate(tx: Transaction, { account, region, template_id: id }: TemplateRow, repositoryId: string): Promise<boolean> {
  const { numDeletedRows } = await tx.query.withTables<TemplateTables>().deleteFrom('codecommit_approval_template_repositories')
    .where('account', '=', account).where('region', '=', region).where('template_id', '=', id).where('repository_id', '=', repositoryId).executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function deleteAssociationsOf(tx: Transaction, { account, region, repository_id: repository }: Place & { repository_id: string }): Promise<void> {
  await tx.query.withTables<TemplateTables>().deleteFrom('codecommit_approval_template_repositories')
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).execute();
}
