import type { IAMApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import type { User } from '@slipway/contracts/iam';
import { rootArn } from './arns.ts';
import { callingUser } from './calling-user.ts';
import type { IamContext } from './deps.ts';
import { arnOf, boundaryOf, createEntity, lockNeeded, needEntity, needPolicy, refuseWithPolicies } from './entity.ts';
import { fail } from './fail.ts';
import { listAccessKeys, listServiceCredentials } from './store/credentials.ts';
import { listSshKeys } from './store/ssh-keys.ts';
import { deleteEntity, listEntities, listGroupsOf, updateEntity } from './store/entities.ts';
import { reading, writing } from './store/tables.ts';
import type { EntityRow } from './store/tables.ts';
import { toTags } from './resource-tags.ts';

const toUser = (row: EntityRow): User => ({ Path: row.path, UserName: row.name, UserId: row.id, Arn: arnOf(row), CreateDate: row.created });

export function users(context: IamContext) {
  const { db } = context;
  return {
    async CreateUser(input, call) {
      const row = await createEntity(context, { account: call.account, kind: 'user', name: input.UserName, path: input.Path, boundary: input.PermissionsBoundary, tags: input.Tags });
      return { User: { ...toUser(row), PermissionsBoundary: boundaryOf(row), Tags: input.Tags } };
    },

    async GetUser(input, call) {
      if (input.UserName === undefined && call.caller.kind === 'root') {
        return { User: { Path: '/', UserName: '', UserId: call.account, Arn: rootArn(call.account), CreateDate: 0 } };
      }
      const row = await needEntity(context, call.account, 'user', callingUser(input.UserName, call));
      const tags = toTags(await context.tags.get(row.account, arnOf(row)));
      return { User: { ...toUser(row), PermissionsBoundary: boundaryOf(row), ...(tags.length === 0 ? {} : { Tags: tags }) } };
    },

    async ListUsers(input, call) {
      const [rows, more] = await context.pages.of({ operation: 'ListUsers', call, input }, (slice) => listEntities(reading(db), call.account, 'user', input.PathPrefix ?? '/', slice), (row) => row.name_key);
      return { Users: rows.map(toUser), ...more };
    },

    async DeleteUser(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, 'user', input.UserName);
        const query = writing(tx);
        const first = { after: undefined, limit: 1 };
        await refuseWithPolicies(query, row);
        if ((await listAccessKeys(query, row.account, row.name_key, first)).length > 0) throw fail('DeleteConflictException', 'Cannot delete entity, must delete access keys first.');
        if ((await listServiceCredentials(query, row.account, row.name_key)).length > 0) throw fail('DeleteConflictException', 'Cannot delete entity, must remove referenced objects first.');
        if ((await listSshKeys(query, row.account, row.name_key)).length > 0) throw fail('DeleteConflictException', 'Cannot delete entity, must remove referenced objects first.');
        if ((await listGroupsOf(query, row.account, row.name_key, first)).length > 0) throw fail('DeleteConflictException', 'Cannot delete entity, must remove users from group first.');
        await context.tags.remove(tx, row.account, arnOf(row));
        await deleteEntity(tx, row);
      });
      return {};
    },

    async PutUserPermissionsBoundary(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, 'user', input.UserName);
        await needPolicy(writing(tx), call.account, input.PermissionsBoundary);
        await updateEntity(tx, row, { boundary: input.PermissionsBoundary });
      });
      return {};
    },

    async DeleteUserPermissionsBoundary(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, 'user', input.UserName);
        if (row.boundary === null) throw fail('NoSuchEntityException', `User ${row.name} does not have a permissions boundary.`);
        await updateEntity(tx, row, { boundary: null });
      });
      return {};
    },
  } satisfies Partial<Operations<IAMApi>>;
}
