import type { SNSApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags } from '../../kernel/tags.ts';
import { topicKey } from './arns.ts';
import type { SnsDeps } from './deps.ts';
import { fail, invalid } from './fail.ts';
import { findTopic, lockTopic } from './store.ts';
import { reading } from './tables.ts';

export const refuseTags: RefuseTags = (message, fault) =>
  fault === 'tooMany' ? fail('TagLimitExceededException', 'Could not complete request: tag quota of per resource exceeded') : invalid(`Tags Reason: ${message}`);

const noResource = (): Error => fail('ResourceNotFoundException', 'Resource does not exist');

export function tagOperations({ db }: Pick<SnsDeps, 'db'>) {
  return {
    async TagResource({ ResourceArn, Tags }, call) {
      const key = topicKey(ResourceArn, call.region, 'ResourceArn');
      await db.transaction(async (tx) => {
        if ((await lockTopic(tx, key)) === undefined) throw noResource();
        await putTags(tx, { account: key.account, arn: ResourceArn }, Tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return {};
    },

    async UntagResource({ ResourceArn, TagKeys }, call) {
      const key = topicKey(ResourceArn, call.region, 'ResourceArn');
      await db.transaction(async (tx) => {
        if ((await lockTopic(tx, key)) === undefined) throw noResource();
        await removeTags(tx, { account: key.account, arn: ResourceArn }, TagKeys);
      });
      return {};
    },

    async ListTagsForResource({ ResourceArn }, call) {
      const key = topicKey(ResourceArn, call.region, 'ResourceArn');
      if ((await findTopic(reading(db), key)) === undefined) throw noResource();
      const tags = await listTags(db.read, { account: key.account, arn: ResourceArn });
      return { Tags: tags.map(({ key: Key, value }) => ({ Key, Value: value })) };
    },
  } satisfies Partial<Operations<SNSApi>>;
}
