import type { IAMApi } from '@slipway/contracts';
import type { Call, Operations } from '../../kernel/service.ts';
import { parseIamArn } from './arns.ts';
import type { IamContext } from './deps.ts';
import { encodeDocument, lockNeeded, needEntity, needPolicy } from './entity.ts';
import { checkDocument, fail } from './fail.ts';
import { LIMITS, sizeOf } from './limits.ts';
import type { PageRequest } from './pages.ts';
import { attach, deleteInlinePolicy, detach, findInlinePolicy, listAttachments, listInlinePolicies, putInlinePolicy } from './store/policies.ts';
import { reading, writing } from './store/tables.ts';
import type { EntityKind } from './store/tables.ts';

interface Owner {
  readonly call: Call;
  readonly kind: EntityKind;
  readonly name: string;
}

const user = (call: Call, name: string): Owner => ({ call, kind: 'user', name });
const role = (call: Call, name: string): Owner => ({ call, kind: 'role', name });
const group = (call: Call, name: string): Owner => ({ call, kind: 'group', name });

/** Inline policies of users, roles and groups, and managed policies attached to them: the same rules under three names. */
export function ownerPolicies(context: IamContext) {
  const { db } = context;

  async function put({ call, kind, name }: Owner, policyName: string, document: string): Promise<Record<never, never>> {
    checkDocument(document, 'identity');
    await context.write(call.account, async (tx) => {
      const owner = await lockNeeded(tx, call.account, kind, name);
      const others = await listInlinePolicies(writing(tx), owner, { after: undefined, limit: LIMITS[kind].inlineSize });
      const size = others.reduce((sum, other) => sum + (other.name === policyName ? 0 : sizeOf(other.document)), sizeOf(document));
      if (size > LIMITS[kind].inlineSize) throw fail('LimitExceededException', `Maximum policy size of ${LIMITS[kind].inlineSize} bytes exceeded for ${kind} ${owner.name}`);
      await putInlinePolicy(tx, owner, policyName, document);
    });
    return {};
  }

  async function get({ call, kind, name }: Owner, policyName: string): Promise<{ PolicyName: string; PolicyDocument: string }> {
    const owner = await needEntity(context, call.account, kind, name);
    const found = await findInlinePolicy(reading(db), owner, policyName);
    if (found === undefined) throw noInlinePolicy(kind, policyName);
    return { PolicyName: policyName, PolicyDocument: encodeDocument(found.document) };
  }

  async function list({ call, kind, name }: Owner, input: PageRequest) {
    const owner = await needEntity(context, call.account, kind, name);
    const [rows, more] = await context.pages.of({ operation: `List${kind}Policies`, call, input }, (slice) => listInlinePolicies(reading(db), owner, slice), (row) => row.name);
    return { PolicyNames: rows.map((row) => row.name), ...more };
  }

  async function remove({ call, kind, name }: Owner, policyName: string): Promise<Record<never, never>> {
    await context.write(call.account, async (tx) => {
      const owner = await lockNeeded(tx, call.account, kind, name);
      if (!(await deleteInlinePolicy(tx, owner, policyName))) throw noInlinePolicy(kind, policyName);
    });
    return {};
  }

  async function attachTo({ call, kind, name }: Owner, policyArn: string): Promise<Record<never, never>> {
    await context.write(call.account, async (tx) => {
      const owner = await lockNeeded(tx, call.account, kind, name);
      const query = writing(tx);
      await needPolicy(query, call.account, policyArn);
      const attached = await listAttachments(query, owner, { after: undefined, limit: LIMITS.attachedPolicies });
      if (attached.length >= LIMITS.attachedPolicies && !attached.includes(policyArn)) {
        throw fail('LimitExceededException', `Cannot exceed quota for PoliciesPer${kind[0]!.toUpperCase()}${kind.slice(1)}: ${LIMITS.attachedPolicies}`);
      }
      await attach(tx, owner, policyArn);
    });
    return {};
  }

  async function detachFrom({ call, kind, name }: Owner, policyArn: string): Promise<Record<never, never>> {
    await context.write(call.account, async (tx) => {
      const owner = await lockNeeded(tx, call.account, kind, name);
      if (!(await detach(tx, owner, policyArn))) throw fail('NoSuchEntityException', `Policy ${policyArn} was not found.`);
    });
    return {};
  }

  async function listAttachedTo({ call, kind, name }: Owner, input: PageRequest & { PathPrefix?: string | undefined }) {
    const owner = await needEntity(context, call.account, kind, name);
    const [arns, more] = await context.pages.of({ operation: `ListAttached${kind}Policies`, call, input }, (slice) => listAttachments(reading(db), owner, slice), (arn) => arn);
    const prefix = input.PathPrefix ?? '/';
    const AttachedPolicies = arns.map((PolicyArn) => ({ PolicyArn, ...parseIamArn(PolicyArn) })).filter((one) => one.path?.startsWith(prefix) === true)
      .map(({ PolicyArn, name: PolicyName }) => ({ PolicyName, PolicyArn }));
    return { AttachedPolicies, ...more };
  }

  return {
    PutUserPolicy: (input, call) => put(user(call, input.UserName), input.PolicyName, input.PolicyDocument),
    PutRolePolicy: (input, call) => put(role(call, input.RoleName), input.PolicyName, input.PolicyDocument),
    PutGroupPolicy: (input, call) => put(group(call, input.GroupName), input.PolicyName, input.PolicyDocument),
    GetUserPolicy: async (input, call) => ({ UserName: input.UserName, ...(await get(user(call, input.UserName), input.PolicyName)) }),
    GetRolePolicy: async (input, call) => ({ RoleName: input.RoleName, ...(await get(role(call, input.RoleName), input.PolicyName)) }),
    GetGroupPolicy: async (input, call) => ({ GroupName: input.GroupName, ...(await get(group(call, input.GroupName), input.PolicyName)) }),
    ListUserPolicies: (input, call) => list(user(call, input.UserName), input),
    ListRolePolicies: (input, call) => list(role(call, input.RoleName), input),
    ListGroupPolicies: (input, call) => list(group(call, input.GroupName), input),
    DeleteUserPolicy: (input, call) => remove(user(call, input.UserName), input.PolicyName),
    DeleteRolePolicy: (input, call) => remove(role(call, input.RoleName), input.PolicyName),
    DeleteGroupPolicy: (input, call) => remove(group(call, input.GroupName), input.PolicyName),
    AttachUserPolicy: (input, call) => attachTo(user(call, input.UserName), input.PolicyArn),
    AttachRolePolicy: (input, call) => attachTo(role(call, input.RoleName), input.PolicyArn),
    AttachGroupPolicy: (input, call) => attachTo(group(call, input.GroupName), input.PolicyArn),
    DetachUserPolicy: (input, call) => detachFrom(user(call, input.UserName), input.PolicyArn),
    DetachRolePolicy: (input, call) => detachFrom(role(call, input.RoleName), input.PolicyArn),
    DetachGroupPolicy: (input, call) => detachFrom(group(call, input.GroupName), input.PolicyArn),
    ListAttachedUserPolicies: (input, call) => listAttachedTo(user(call, input.UserName), input),
    ListAttachedRolePolicies: (input, call) => listAttachedTo(role(call, input.RoleName), input),
    ListAttachedGroupPolicies: (input, call) => listAttachedTo(group(call, input.GroupName), input),
  } satisfies Partial<Operations<IAMApi>>;
}

function noInlinePolicy(kind: EntityKind, name: string): Error {
  return fail('NoSuchEntityException', `The ${kind} policy with name ${name} cannot be found.`);
}
