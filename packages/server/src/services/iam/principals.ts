import { parseIamArn } from './arns.ts';
import { awsManaged } from './aws-managed.ts';
import type { IamContext } from './deps.ts';
import { arnOf } from './entity.ts';
import { compilePolicy } from './policy/index.ts';
import type { CompiledPolicy } from './policy/index.ts';
import { findEntity, listGroupsOf } from './store/entities.ts';
import { findManagedPolicy, findVersion, listAttachments, listInlinePolicies } from './store/policies.ts';
import { keyOf, reading } from './store/tables.ts';
import type { EntityRow, IamQuery } from './store/tables.ts';

/** All that a user's or role's policies say, ready to be evaluated. */
export interface Principal {
  readonly id: string;
  readonly identity: readonly CompiledPolicy[];
  readonly boundary: CompiledPolicy | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

const ALL = { after: undefined, limit: 1_000 };

/** Reads a principal with its own, its attached and its groups' policies; undefined when it does not exist. */
export async function readPrincipal(context: IamContext, principalArn: string): Promise<Principal | undefined> {
  const arn = parseIamArn(principalArn);
  if (arn === undefined || (arn.type !== 'user' && arn.type !== 'role')) return undefined;
  const query = reading(context.db);
  const row = await findEntity(query, arn.account, arn.type, arn.name);
  if (row === undefined) return undefined;
  const groups = row.kind === 'user' ? await listGroupsOf(query, row.account, row.name_key, ALL) : [];
  const documents = await Promise.all([row, ...groups].map((owner) => documentsOf(query, owner)));
  const boundary = row.boundary === null ? undefined : await managedDocument(query, row.account, row.boundary);
  return {
    id: row.id,
    identity: documents.flat().map((document) => compilePolicy(document, 'identity')),
    boundary: boundary === undefined ? undefined : compilePolicy(boundary, 'identity'),
    tags: await context.tags.get(row.account, arnOf(row)),
  };
}

async function documentsOf(query: IamQuery, owner: EntityRow): Promise<string[]> {
  const inline = await listInlinePolicies(query, owner, ALL);
  const attached = await Promise.all((await listAttachments(query, owner, ALL)).map((arn) => managedDocument(query, owner.account, arn)));
  return [...inline.map((policy) => policy.document), ...attached.filter((document) => document !== undefined)];
}

/** The default version of a managed policy, AWS's or the account's. */
export async function managedDocument(query: IamQuery, account: string, arn: string): Promise<string | undefined> {
  const managed = awsManaged(arn);
  if (managed !== undefined) return managed.document;
  const parsed = parseIamArn(arn);
  if (parsed?.type !== 'policy' || parsed.account !== account) return undefined;
  const row = await findManagedPolicy(query, account, keyOf(parsed.name));
  if (row === undefined || row.arn !== arn) return undefined;
  return (await findVersion(query, row, row.default_version))?.document;
}
