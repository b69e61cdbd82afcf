import type { EventBridgeApi } from '@slipway/contracts';
import type { Database } from '../../kernel/database.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags } from '../../kernel/tags.ts';
import { ruleArn } from './arns.ts';
import { fail } from './fail.ts';
import { findRule, lockRule, reading } from './store.ts';

export const refuseTags: RefuseTags = (message, fault) => fail(fault === 'tooMany' ? 'LimitExceededException' : 'ValidationException', message);

/** The rule that an ARN names in the caller's account and region. */
function ruleName(call: Call, arn: string): string {
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  if (arn !== ruleArn(call, name)) throw noResource(arn);
  return name;
}

const noResource = (arn: string): Error => fail('ResourceNotFoundException', `Resource ${arn} does not exist.`);

export function tagOperations({ db }: { db: Database }) {
  return {
    async TagResource(input, call) {
      const name = ruleName(call, input.ResourceARN);
      await db.transaction(async (tx) => {
        if ((await lockRule(tx, call, name)) === undefined) throw noResource(input.ResourceARN);
        await putTags(tx, { account: call.account, arn: input.ResourceARN }, input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return {};
    },

    async UntagResource(input, call) {
      const name = ruleName(call, input.ResourceARN);
      await db.transaction(async (tx) => {
        if ((await lockRule(tx, call, name)) === undefined) throw noResource(input.ResourceARN);
        await removeTags(tx, { account: call.account, arn: input.ResourceARN }, input.TagKeys);
      });
      return {};
    },

    async ListTagsForResource(input, call) {
      if ((await findRule(reading(db), call, ruleName(call, input.ResourceARN))) === undefined) throw noResource(input.ResourceARN);
      const tags = await listTags(db.read, { account: call.account, arn: input.ResourceARN });
      return { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
