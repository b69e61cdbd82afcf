import type { IAMApi } from '@slipway/contracts';
import type { Tag } from '@slipway/contracts/iam';
import type { Call, Operations } from '../../kernel/service.ts';
import type { IamContext } from './deps.ts';
import { arnOf, lockNeeded, needEntity } from './entity.ts';
import type { PageRequest } from './pages.ts';
import { fromTags, toTags } from './resource-tags.ts';

type Tagged = 'user' | 'role';

/** Tags of users and roles. */
export function tags(context: IamContext) {
  async function tag(call: Call, kind: Tagged, name: string, tags: readonly Tag[]): Promise<Record<never, never>> {
    const wanted = fromTags(tags);
    await context.write(call.account, async (tx) => {
      const row = await lockNeeded(tx, call.account, kind, name);
      await context.tags.put(tx, call.account, arnOf(row), wanted);
    });
    return {};
  }

  async function untag(call: Call, kind: Tagged, name: string, keys: readonly string[]): Promise<Record<never, never>> {
    await context.write(call.account, async (tx) => {
      const row = await lockNeeded(tx, call.account, kind, name);
      await context.tags.remove(tx, call.account, arnOf(row), keys);
    });
    return {};
  }

  async function list(call: Call, kind: Tagged, name: string, input: PageRequest) {
    const row = await needEntity(context, call.account, kind, name);
    const [tags, more] = await context.pages.within({ operation: `List${kind}Tags`, call, input }, toTags(await context.tags.get(call.account, arnOf(row))), (one) => one.Key);
    return { Tags: [...tags], ...more };
  }

  return {
    TagUser: (input, call) => tag(call, 'user', input.UserName, input.Tags),
    TagRole: (input, call) => tag(call, 'role', input.RoleName, input.Tags),
    UntagUser: (input, call) => untag(call, 'user', input.UserName, input.TagKeys),
    UntagRole: (input, call) => untag(call, 'role', input.RoleName, input.TagKeys),
    ListUserTags: (input, call) => list(call, 'user', input.UserName, input),
    ListRoleTags: (input, call) => list(call, 'role', input.RoleName, input),
  } satisfies Partial<Operations<IAMApi>>;
}
