import type { Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Slice } from './entities.ts';
import { writing } from './tables.ts';
import type { EntityKey, EntityRow, IamQuery, ManagedPolicyRow, PolicyVersionRow } from './tables.ts';

export async function putInlinePolicy(tx: Transaction, owner: EntityKey, name: string, document: string): Promise<void> {
  await writing(tx).insertInto('iam_inline_policies').values({ account: owner.account, kind: owner.kind, owner_key: owner.name_key, name, document })
    .onConflict((known) => known.columns(['account', 'kind', 'owner_key', 'name']).doUpdateSet({ document })).execute();
}

export function listInlinePolicies(query: IamQuery, owner: EntityKey, slice: Slice): Promise<{ name: string; document: string }[]> {
  let found = query.selectFrom('iam_inline_policies').select(['name', 'document']).where('account', '=', owner.account).where('kind', '=', owner.kind).where('owner_key', '=', owner.name_key);
  if (slice.after !== undefined) found = found.where('name', '>', slice.after);
  return found.orderBy('name').limit(slice.limit).execute();
}

export function findInlinePolicy(query: IamQuery, owner: EntityKey, name: string): Promise<{ document: string } | undefined> {
  return query.selectFrom('iam_inline_policies').select('document').where('account', '=', owner.account).where('kind', '=', owner.kind)
    .where('owner_key', '=', owner.name_key).where('name', '=', name).executeTakeFirst();
}

export async function deleteInlinePolicy(tx: Transaction, owner: EntityKey, name: string): Promise<boolean> {
  const gone = await writing(tx).deleteFrom('iam_inline_policies').where('account', '=', owner.account).where('kind', '=', owner.kind)
    .where('owner_key', '=', owner.name_key).where('name', '=', name).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

export async function attach(tx: Transaction, owner: EntityKey, policyArn: string): Promise<void> {
  await writing(tx).insertInto('iam_attachments').values({ account: owner.account, kind: owner.kind, owner_key: owner.name_key, policy_arn: policyArn })
    .onConflict((known) => known.doNothing()).execute();
}

export async function detach(tx: Transaction, owner: EntityKey, policyArn: string): Promise<boolean> {
  const gone = await writing(tx).deleteFrom('iam_attachments').where('account', '=', owner.account).where('kind', '=', owner.kind)
    .where('owner_key', '=', owner.name_key).where('policy_arn', '=', policyArn).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

export async function listAttachments(query: IamQuery, owner: EntityKey, slice: Slice): Promise<string[]> {
  let found = query.selectFrom('iam_attachments').select('policy_arn').where('account', '=', owner.account).where('kind', '=', owner.kind).where('owner_key', '=', owner.name_key);
  if (slice.after !== undefined) found = found.where('policy_arn', '>', slice.after);
  return (await found.orderBy('policy_arn').limit(slice.limit).execute()).map((row) => row.policy_arn);
}

/** Whom a policy is attached to. */
export function listAttached(query: IamQuery, account: string, policyArn: string): Promise<Pick<EntityRow, 'kind' | 'name' | 'id' | 'path'>[]> {
  return query.selectFrom('iam_attachments')
    .innerJoin('iam_entities', (join) => join.onRef('iam_entities.account', '=', 'iam_attachments.account').onRef('iam_entities.kind', '=', 'iam_attachments.kind')
      .onRef('iam_entities.name_key', '=', 'iam_attachments.owner_key'))
    .select(['iam_entities.kind', 'iam_entities.name', 'iam_entities.id', 'iam_entities.path'])
    .where('iam_attachments.account', '=', account).where('policy_arn', '=', policyArn).orderBy('iam_entities.kind').orderBy('iam_entities.name_key').execute();
}

/** How many users, roles and groups each policy is attached to; policies without any are left out. */
export async function countAttachments(query: IamQuery, account: string): Promise<Map<string, number>> {
  const rows = await query.selectFrom('iam_attachments').select(['policy_arn', (count) => count.fn.countAll().as('n')]).where('account', '=', account).groupBy('policy_arn').execute();
  return new Map(rows.map((row) => [row.policy_arn, Number(row.n)]));
}

export async function countBoundaries(query: IamQuery, account: string, policyArn: string): Promise<number> {
  const row = await query.selectFrom('iam_entities').select((count) => count.fn.countAll().as('n')).where('account', '=', account).where('boundary', '=', policyArn).executeTakeFirstOrThrow();
  return Number(row.n);
}

export function findManagedPolicy(query: IamQuery, account: string, nameKey: string): Promise<ManagedPolicyRow | undefined> {
  return query.selectFrom('iam_managed_policies').selectAll().where('account', '=', account).where('name_key', '=', nameKey).executeTakeFirst();
}

export function lockManagedPolicy(tx: Transaction, account: string, nameKey: string): Promise<ManagedPolicyRow | undefined> {
  return writing(tx).selectFrom('iam_managed_policies').selectAll().where('account', '=', account).where('name_key', '=', nameKey).$call(lockRow(tx)).executeTakeFirst();
}

export function listManagedPolicies(query: IamQuery, account: string, slice: Slice): Promise<ManagedPolicyRow[]> {
  let found = query.selectFrom('iam_managed_policies').selectAll().where('account', '=', account);
  if (slice.after !== undefined) found = found.where('name_key', '>', slice.after);
  return found.orderBy('name_key').limit(slice.limit).execute();
}

export async function insertManagedPolicy(tx: Transaction, row: ManagedPolicyRow): Promise<void> {
  await writing(tx).insertInto('iam_managed_policies').values(row).execute();
}

export async function updateManagedPolicy(tx: Transaction, row: ManagedPolicyRow, change: Partial<Pick<ManagedPolicyRow, 'updated' | 'default_version' | 'last_version'>>): Promise<void> {
  await writing(tx).updateTable('iam_managed_policies').set(change).where('account', '=', row.account).where('name_key', '=', row.name_key).execute();
}

export async function deleteManagedPolicy(tx: Transaction, row: ManagedPolicyRow): Promise<void> {
  await writing(tx).deleteFrom('iam_managed_policy_versions').where('account', '=', row.account).where('name_key', '=', row.name_key).execute();
  await writing(tx).deleteFrom('iam_managed_policies').where('account', '=', row.account).where('name_key', '=', row.name_key).execute();
}

export async function insertVersion(tx: Transaction, row: PolicyVersionRow): Promise<void> {
  await writing(tx).insertInto('iam_managed_policy_versions').values(row).execute();
}

/** Newest first. A policy has at most a handful. */
export function listVersions(query: IamQuery, policy: Pick<ManagedPolicyRow, 'account' | 'name_key'>): Promise<PolicyVersionRow[]> {
  return query.selectFrom('iam_managed_policy_versions').selectAll().where('account', '=', policy.account).where('name_key', '=', policy.name_key).orderBy('version', 'desc').execute();
}

export function findVersion(query: IamQuery, policy: Pick<ManagedPolicyRow, 'account' | 'name_key'>, version: number): Promise<PolicyVersionRow | undefined> {
  return query.selectFrom('iam_managed_policy_versions').selectAll().where('account', '=', policy.account).where('name_key', '=', policy.name_key).where('version', '=', version).executeTakeFirst();
}

export async function deleteVersion(tx: Transaction, row: PolicyVersionRow): Promise<void> {
  await writing(tx).deleteFrom('iam_managed_policy_versions').where('account', '=', row.account).where('name_key', '=', row.name_key).where('version', '=', row.version).execute();
}
