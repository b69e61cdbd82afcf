import type { IAMApi } from '@slipway/contracts';
import type { Role } from '@slipway/contracts/iam';
import type { Operations } from '../../kernel/service.ts';
import type { IamContext } from './deps.ts';
import { arnOf, boundaryOf, createEntity, encodeDocument, lockNeeded, needEntity, needPolicy, refuseWithPolicies } from './entity.ts';
import { checkDocument, fail } from './fail.ts';
import { LIMITS, sizeOf } from './limits.ts';
import { deleteEntity, listEntities, updateEntity } from './store/entities.ts';
import { reading, writing } from './store/tables.ts';
import type { EntityRow } from './store/tables.ts';
import { toTags } from './resource-tags.ts';

function toRole(row: EntityRow): Role {
  return {
    Path: row.path, RoleName: row.name, RoleId: row.id, Arn: arnOf(row), CreateDate: row.created, AssumeRolePolicyDocument: encodeDocument(row.trust ?? ''),
    Description: row.description ?? undefined, MaxSessionDuration: row.max_session ?? LIMITS.maxSessionDuration.default,
  };
}

function checkTrust(document: string): void {
  checkDocument(document, 'trust');
  if (sizeOf(document) > LIMITS.trustPolicySize) throw fail('LimitExceededException', `Cannot exceed quota for ACLSizePerRole: ${LIMITS.trustPolicySize}`);
}

export function roles(context: IamContext) {
  const { db } = context;

  async function change(account: string, name: string, to: Parameters<typeof updateEntity>[2]): Promise<EntityRow> {
    return context.write(account, async (tx) => {
      const row = await lockNeeded(tx, account, 'role', name);
      if (typeof to.boundary === 'string') await needPolicy(writing(tx), account, to.boundary);
      await updateEntity(tx, row, to);
      return { ...row, ...to };
    });
  }

  return {
    async CreateRole(input, call) {
      checkTrust(input.AssumeRolePolicyDocument);
      const row = await createEntity(context, {
        account: call.account, kind: 'role', name: input.RoleName, path: input.Path, boundary: input.PermissionsBoundary, tags: input.Tags,
        role: { trust: input.AssumeRolePolicyDocument, description: input.Description, maxSession: input.MaxSessionDuration ?? LIMITS.maxSessionDuration.default },
      });
      return { Role: { ...toRole(row), PermissionsBoundary: boundaryOf(row), Tags: input.Tags } };
    },

    async GetRole(input, call) {
      const row = await needEntity(context, call.account, 'role', input.RoleName);
      const tags = toTags(await context.tags.get(row.account, arnOf(row)));
      return { Role: { ...toRole(row), PermissionsBoundary: boundaryOf(row), RoleLastUsed: {}, ...(tags.length === 0 ? {} : { Tags: tags }) } };
    },

    async ListRoles(input, call) {
      const [rows, more] = await context.pages.of({ operation: 'ListRoles', call, input }, (slice) => listEntities(reading(db), call.account, 'role', input.PathPrefix ?? '/', slice), (row) => row.name_key);
      return { Roles: rows.map(toRole), ...more };
    },

    async UpdateRole(input, call) {
      await change(call.account, input.RoleName, {
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.MaxSessionDuration === undefined ? {} : { max_session: input.MaxSessionDuration }),
      });
      return {};
    },

    async UpdateRoleDescription(input, call) {
      return { Role: toRole(await change(call.account, input.RoleName, { description: input.Description })) };
    },

    async UpdateAssumeRolePolicy(input, call) {
      checkTrust(input.PolicyDocument);
      await change(call.account, input.RoleName, { trust: input.PolicyDocument });
      return {};
    },

    async DeleteRole(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, 'role', input.RoleName);
        await refuseWithPolicies(writing(tx), row);
        await context.tags.remove(tx, row.account, arnOf(row));
        await deleteEntity(tx, row);
      });
      return {};
    },

    async PutRolePermissionsBoundary(input, call) {
      await change(call.account, input.RoleName, { boundary: input.PermissionsBoundary });
      return {};
    },

    async DeleteRolePermissionsBoundary(input, call) {
      const row = await needEntity(context, call.account, 'role', input.RoleName);
      if (row.boundary === null) throw fail('NoSuchEntityException', `Role ${row.name} does not have a permissions boundary.`);
      await change(call.account, input.RoleName, { boundary: null });
      return {};
    },
  } satisfies Partial<Operations<IAMApi>>;
}
