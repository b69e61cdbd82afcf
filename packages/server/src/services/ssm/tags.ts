import type { SSMApi } from '@slipway/contracts';
import type { Transaction } from '../../kernel/database.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags, Tagged } from '../../kernel/tags.ts';
import { parameterArn } from './arns.ts';
import type { SsmDeps } from './deps.ts';
import { fail, invalid } from './fail.ts';
import { latestVersion, lockParameter } from './store.ts';

export const refuseTags: RefuseTags = (message, fault) => (fault === 'tooMany' ? fail('TooManyTagsError', message) : invalid(message));

interface Named {
  readonly ResourceType: string;
  readonly ResourceId: string;
}

const noResource = ({ ResourceId }: Named): Error => fail('InvalidResourceId', `The resource ID ${ResourceId} is not valid. Verify that you entered the correct ID and try again.`);

/** Tags of parameters, the only resources there are. */
export function tags({ db }: SsmDeps) {
  async function change(call: Call, input: Named, work: (tx: Transaction, resource: Tagged) => Promise<void>): Promise<void> {
    const resource = tagged(call, input);
    await db.transaction(async (tx) => {
      if ((await lockParameter(tx, call, input.ResourceId)) === undefined) throw noResource(input);
      await work(tx, resource);
    });
  }

  return {
    async AddTagsToResource(input, call) {
      await change(call, input, (tx, resource) => putTags(tx, resource, input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags));
      return {};
    },

    async RemoveTagsFromResource(input, call) {
      await change(call, input, (tx, resource) => removeTags(tx, resource, input.TagKeys));
      return {};
    },

    async ListTagsForResource(input, call) {
      const resource = tagged(call, input);
      if ((await latestVersion(db.read, call, input.ResourceId)) === undefined) throw noResource(input);
      return { TagList: (await listTags(db.read, resource)).map(({ key, value }) => ({ Key: key, Value: value })) };
    },
  } satisfies Partial<Operations<SSMApi>>;
}

function tagged(call: Call, { ResourceType, ResourceId }: Named): Tagged {
  if (ResourceType !== 'Parameter') throw fail('InvalidResourceType', `${ResourceType} is not supported by Slipway yet; accepted is Parameter.`);
  return { account: call.account, arn: parameterArn(call, ResourceId) };
}
