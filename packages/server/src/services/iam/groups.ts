import type { IAMApi } from '@slipway/contracts';
import type { Group } from '@slipway/contracts/iam';
import type { Operations } from '../../kernel/service.ts';
import { callingUser } from './calling-user.ts';
import type { IamContext } from './deps.ts';
import { arnOf, createEntity, lockNeeded, needEntity, refuseWithPolicies } from './entity.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import { addMember, deleteEntity, listEntities, listGroupsOf, listMembers, removeMember } from './store/entities.ts';
import { keyOf, reading, writing } from './store/tables.ts';
import type { EntityRow } from './store/tables.ts';

const toGroup = (row: EntityRow): Group => ({ Path: row.path, GroupName: row.name, GroupId: row.id, Arn: arnOf(row), CreateDate: row.created });

export function groups(context: IamContext) {
  const { db } = context;
  return {
    async CreateGroup(input, call) {
      return { Group: toGroup(await createEntity(context, { account: call.account, kind: 'group', name: input.GroupName, path: input.Path })) };
    },

    async GetGroup(input, call) {
      const row = await needEntity(context, call.account, 'group', input.GroupName);
      const [members, more] = await context.pages.of({ operation: 'GetGroup', call, input }, (slice) => listMembers(reading(db), row.account, row.name_key, slice), (member) => member.name_key);
      const Users = members.map((member) => ({ Path: member.path, UserName: member.name, UserId: member.id, Arn: arnOf(member), CreateDate: member.created }));
      return { Group: toGroup(row), Users, ...more };
    },

    async ListGroups(input, call) {
      const [rows, more] = await context.pages.of({ operation: 'ListGroups', call, input }, (slice) => listEntities(reading(db), call.account, 'group', input.PathPrefix ?? '/', slice), (row) => row.name_key);
      return { Groups: rows.map(toGroup), ...more };
    },

    async ListGroupsForUser(input, call) {
      const user = await needEntity(context, call.account, 'user', callingUser(input.UserName, call));
      const [rows, more] = await context.pages.of({ operation: 'ListGroupsForUser', call, input }, (slice) => listGroupsOf(reading(db), user.account, user.name_key, slice), (row) => row.name_key);
      return { Groups: rows.map(toGroup), ...more };
    },

    async DeleteGroup(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, 'group', input.GroupName);
        const query = writing(tx);
        if ((await listMembers(query, row.account, row.name_key, { after: undefined, limit: 1 })).length > 0) {
          throw fail('DeleteConflictException', 'Cannot delete entity, must remove users from group first.');
        }
        await refuseWithPolicies(query, row);
        await deleteEntity(tx, row);
      });
      return {};
    },

    async AddUserToGroup(input, call) {
      await context.write(call.account, async (tx) => {
        const group = await lockNeeded(tx, call.account, 'group', input.GroupName);
        const user = await lockNeeded(tx, call.account, 'user', input.UserName);
        const already = await listGroupsOf(writing(tx), user.account, user.name_key, { after: undefined, limit: LIMITS.groupsPerUser });
        if (already.length >= LIMITS.groupsPerUser && !already.some((one) => one.name_key === group.name_key)) {
          throw fail('LimitExceededException', `Cannot exceed quota for GroupsPerUser: ${LIMITS.groupsPerUser}`);
        }
        await addMember(tx, { account: call.account, group_key: group.name_key, user_key: user.name_key });
      });
      return {};
    },

    async RemoveUserFromGroup(input, call) {
      await context.write(call.account, async (tx) => {
        const group = await lockNeeded(tx, call.account, 'group', input.GroupName);
        const user = await lockNeeded(tx, call.account, 'user', input.UserName);
        const was = await removeMember(tx, { account: call.account, group_key: group.name_key, user_key: keyOf(input.UserName) });
        if (!was) throw fail('NoSuchEntityException', `User ${user.name} is not in group ${group.name}.`);
      });
      return {};
    },
  } satisfies Partial<Operations<IAMApi>>;
}
