import type { SQSApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags } from '../../kernel/tags.ts';
import { queueArn } from './arns.ts';
import type { SqsContext } from './deps.ts';
import { fail } from './fail.ts';
import { lockLiving } from './queues/store.ts';
import type { QueueRow } from './queues/store.ts';

export const refuseTags: RefuseTags = (message) => fail('InvalidParameterValue', message);

const tagged = (queue: QueueRow) => ({ account: queue.account, arn: queueArn(queue) });

export function tags({ db, queues }: SqsContext) {
  return {
    async TagQueue({ QueueUrl, Tags }, call) {
      const queue = await queues.get(call, QueueUrl);
      await db.transaction(async (tx) => putTags(tx, tagged(await lockLiving(tx, queue)), Object.entries(Tags).map(([key, value]) => ({ key, value })), refuseTags));
      return {};
    },

    async UntagQueue({ QueueUrl, TagKeys }, call) {
      const queue = await queues.get(call, QueueUrl);
      await db.transaction(async (tx) => removeTags(tx, tagged(await lockLiving(tx, queue)), TagKeys));
      return {};
    },

    async ListQueueTags({ QueueUrl }, call) {
      const all = await listTags(db.read, tagged(await queues.get(call, QueueUrl)));
      return all.length === 0 ? {} : { Tags: Object.fromEntries(all.map(({ key, value }) => [key, value])) };
    },
  } satisfies Partial<Operations<SQSApi>>;
}
