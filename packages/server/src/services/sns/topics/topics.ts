import type { SNSApi } from '@slipway/contracts';
import type { CreateTopicInput } from '@slipway/contracts/sns';
import type { Transaction } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Operations } from '../../../kernel/service.ts';
import { listTags, putTags, removeAllTags } from '../../../kernel/tags.ts';
import { topicArn, topicKey } from '../arns.ts';
import type { SnsDeps } from '../deps.ts';
import { fail, invalid, noTopic, notSupported } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { pageOf } from '../pages.ts';
import { countSubscriptions, countTopics, deleteTopic, findTopic, insertTopic, listTopics, lockTopic, updateTopic } from '../store.ts';
import { reading, writing } from '../tables.ts';
import type { TopicRow } from '../tables.ts';
import { refuseTags } from '../tags.ts';
import { attributesOf, bool, isFifo, policyOf, readTopicAttribute, shownAttributes } from './attributes.ts';
import type { Attributes } from './attributes.ts';

/** What an attribute is when nobody set it. */
const DEFAULTS: Attributes = { DisplayName: '', ContentBasedDeduplication: 'false', FifoThroughputScope: 'Topic', SignatureVersion: '1', TracingConfig: 'PassThrough', FifoTopic: 'false', DeliveryPolicy: '', KmsMasterKeyId: '', ArchivePolicy: '' };

export function topics(deps: Pick<SnsDeps, 'db' | 'clock' | 'paging' | 'policies'>) {
  const { db, clock, paging, policies } = deps;

  /** What is asked for, in the words in which it is kept. */
  function readAttributes({ Name: name, Attributes: given = {} }: CreateTopicInput): Attributes {
    const { FifoTopic, ...others } = given;
    const fifo = FifoTopic !== undefined && bool('FifoTopic', FifoTopic);
    checkName(name, fifo);
    const read = Object.entries(others).map(([attribute, value]) => [attribute, readTopicAttribute(attribute, value, { fifo, policies })]);
    return { ...Object.fromEntries(read) as Attributes, ...(FifoTopic !== undefined && { FifoTopic: String(fifo) }) };
  }

  return {
    async CreateTopic(input, call) {
      refuseMembers(input, ['DataProtectionPolicy'], notSupported);
      const attributes = readAttributes(input);
      const key = { account: call.account, region: call.region, topic: input.Name };
      const arn = topicArn(key);
      await db.transaction(async (tx) => {
        const known = await lockTopic(tx, key);
        if (known !== undefined) return sameAsBefore(tx, known, { attributes, tags: input.Tags });
        const fifo = isFifo(attributes);
        if ((await countTopics(writing(tx), call, { fifo })) >= LIMITS.topicsPerAccount[fifo ? 'fifo' : 'standard']) throw fail('TopicLimitExceededException', 'Topic limit exceeded');
        await insertTopic(tx, { ...key, attributes: JSON.stringify(kept(attributes)), created: clock.now(), deleted: 0, sequence: 0 })
          .catch(whenTaken(() => fail('ConcurrentAccessException', 'The topic is being created by another request')));
        await putTags(tx, { account: call.account, arn }, (input.Tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return { TopicArn: arn };
    },

    async DeleteTopic({ TopicArn }, call) {
      const key = topicKey(TopicArn, call.region);
      await db.transaction(async (tx) => {
        if ((await lockTopic(tx, key)) === undefined) return;
        await deleteTopic(tx, key);
        await removeAllTags(tx, { account: key.account, arn: topicArn(key) });
      });
      return {};
    },

    async ListTopics({ NextToken: token }, call) {
      const { rows, NextToken } = await pageOf(paging, { call, operation: 'ListTopics', token }, (slice) => listTopics(reading(db), call, slice), (row) => row.topic);
      return { Topics: rows.map((row) => ({ TopicArn: topicArn(row) })), NextToken };
    },

    async GetTopicAttributes({ TopicArn }, call) {
      const key = topicKey(TopicArn, call.region);
      const row = await findTopic(reading(db), key);
      if (row === undefined) throw noTopic();
      return { Attributes: shownAttributes(row, await countSubscriptions(reading(db), key)) };
    },

    async SetTopicAttributes({ TopicArn, AttributeName, AttributeValue = '' }, call) {
      const key = topicKey(TopicArn, call.region);
      await db.transaction(async (tx) => {
        const row = await lockTopic(tx, key);
        if (row === undefined) throw noTopic();
        const known = attributesOf(row);
        const value = readTopicAttribute(AttributeName, AttributeValue, { fifo: isFifo(known), policies });
        await updateTopic(tx, key, { attributes: JSON.stringify(kept({ ...known, [AttributeName]: value })) });
      });
      return {};
    },
  } satisfies Partial<Operations<SNSApi>>;
}

function checkName(name: string, fifo: boolean): void {
  const good = /^[A-Za-z0-9_-]{1,256}$/.test(fifo ? name.replace(/\.fifo$/, '') : name) && name.length <= 256;
  if (fifo && !(good && name.endsWith('.fifo'))) {
    throw invalid('Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.');
  }
  if (!good) throw invalid('Topic Name');
}

function kept(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));
}

/** A topic that is there answers the same creation again, as AWS does. */
async function sameAsBefore(tx: Transaction, row: TopicRow, { attributes, tags: asked = [] }: { attributes: Attributes; tags: CreateTopicInput['Tags'] }): Promise<void> {
  const known = attributesOf(row);
  const differs = Object.entries(attributes).some(([name, value]) => (name === 'Policy' ? policyOf(row) : (known[name] ?? DEFAULTS[name])) !== value);
  if (differs) throw invalid('Attributes Reason: Topic already exists with different attributes');
  if (asked.length === 0) return;
  const tags = new Map((await listTags(tx.query, { account: row.account, arn: topicArn(row) })).map(({ key, value }) => [key, value]));
  if (asked.length !== tags.size || asked.some((tag) => tags.get(tag.Key) !== tag.Value)) throw invalid('Tags Reason: Topic already exists with different tags');
}
