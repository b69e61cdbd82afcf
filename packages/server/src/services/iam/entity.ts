import type { AttachedPermissionsBoundary, Tag } from '@slipway/contracts/iam';
import type { Transaction } from '../../kernel/database.ts';
import { whenTaken } from '../../kernel/database/index.ts';
import { uniqueId } from '../../kernel/ids.ts';
import type { IamContext } from './deps.ts';
import { groupArn, parseIamArn, roleArn, userArn } from './arns.ts';
import { awsManaged } from './aws-managed.ts';
import { cannotBeFound, fail, titleOf } from './fail.ts';
import { LIMITS } from './limits.ts';
import { countEntities, findEntity, insertEntity, lockEntity } from './store/entities.ts';
import { findManagedPolicy, listAttachments, listInlinePolicies } from './store/policies.ts';
import { keyOf, reading, writing } from './store/tables.ts';
import type { EntityKind, EntityRow, IamQuery } from './store/tables.ts';
import { fromTags } from './resource-tags.ts';

const ID_PREFIXES = { user: 'AIDA', role: 'AROA', group: 'AGPA' } as const;
const ARNS = { user: userArn, role: roleArn, group: groupArn };

export const arnOf = (row: EntityRow): string => ARNS[row.kind](row.account, row.path, row.name);

export async function needEntity(context: IamContext, account: string, kind: EntityKind, name: string): Promise<EntityRow> {
  const row = await findEntity(reading(context.db), account, kind, name);
  if (row === undefined) throw cannotBeFound(kind, name);
  return row;
}

export async function lockNeeded(tx: Transaction, account: string, kind: EntityKind, name: string): Promise<EntityRow> {
  const row = await lockEntity(tx, account, kind, name);
  if (row === undefined) throw cannotBeFound(kind, name);
  return row;
}

export interface NewEntity {
  readonly account: string;
  readonly kind: EntityKind;
  readonly name: string;
  readonly path: string | undefined;
  readonly boundary?: string | undefined;
  readonly tags?: readonly Tag[] | undefined;
  readonly role?: { readonly trust: string; readonly description: string | undefined; readonly maxSession: number };
}

/** Creates a user, role or group whose name is free and whose quota is not used up. */
export async function createEntity(context: IamContext, wanted: NewEntity): Promise<EntityRow> {
  const { account, kind, name, role } = wanted;
  const tags = fromTags(wanted.tags);
  const row: EntityRow = {
    account, kind, name_key: keyOf(name), name, id: uniqueId(ID_PREFIXES[kind]), path: wanted.path ?? '/', created: context.clock.now(), boundary: wanted.boundary ?? null,
    trust: role?.trust ?? null, description: role?.description ?? null, max_session: role?.maxSession ?? null,
  };
  await context.write(account, async (tx) => {
    const query = writing(tx);
    if (await lockEntity(tx, account, kind, name)) throw fail('EntityAlreadyExistsException', `${titleOf(kind)} with name ${name} already exists.`);
    if (await countEntities(query, account, kind) >= LIMITS[kind].perAccount) throw fail('LimitExceededException', `Cannot exceed quota for ${LIMITS[kind].quota}: ${LIMITS[kind].perAccount}`);
    if (wanted.boundary !== undefined) await needPolicy(query, account, wanted.boundary);
    await insertEntity(tx, row);
    if (Object.keys(tags).length > 0) await context.tags.put(tx, account, arnOf(row), tags);
  }).catch(whenTaken(() => fail('EntityAlreadyExistsException', `${titleOf(kind)} with name ${name} already exists.`)));
  return row;
}

/** Refuses to delete what still has policies, in the order in which AWS asks for them to go. */
export async function refuseWithPolicies(query: IamQuery, row: EntityRow): Promise<void> {
  const first = { after: undefined, limit: 1 };
  if ((await listInlinePolicies(query, row, first)).length > 0) throw fail('DeleteConflictException', 'Cannot delete entity, must delete policies first.');
  if ((await listAttachments(query, row, first)).length > 0) throw fail('DeleteConflictException', 'Cannot delete entity, must detach all policies first.');
}

/** Refuses the ARN of a policy that is neither the account's nor one of AWS's. */
export async function needPolicy(query: IamQuery, account: string, arn: string): Promise<void> {
  const parsed = parseIamArn(arn);
  if (parsed === undefined || parsed.type !== 'policy') throw fail('InvalidInputException', `ARN ${arn} is not valid.`);
  if (parsed.account === 'aws' && awsManaged(arn) !== undefined) return;
  const own = parsed.account === account ? await findManagedPolicy(query, account, keyOf(parsed.name)) : undefined;
  if (own === undefined || own.arn !== arn) throw fail('NoSuchEntityException', `Policy ${arn} does not exist or is not attachable.`);
}

export function boundaryOf(row: EntityRow): AttachedPermissionsBoundary | undefined {
  return row.boundary === null ? undefined : { PermissionsBoundaryType: 'PermissionsBoundaryPolicy', PermissionsBoundaryArn: row.boundary };
}

/** Documents travel URL-encoded (RFC 3986) in answers. */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
