import type { SNSApi } from '@slipway/contracts';
import { creating, settingTags } from '../../kernel/access.ts';
import type { Database } from '../../kernel/database.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { anyTopic, topicArn, topicKey } from './arns.ts';
import type { notYet } from './not-yet.ts';
import { findTopic } from './store.ts';
import { reading } from './tables.ts';
import { policyOf } from './topics/attributes.ts';

/** Services that say for whom they act by `aws:SourceOwner`, which a topic's default policy asks for. */
const NAMES_OWNER = ['cloudwatch.amazonaws.com', 's3.amazonaws.com'];

const all = (_input: unknown, call: Call): OperationRequest => ({ resource: anyTopic(call) });
const anything = (): OperationRequest => ({ resource: '*' });

/** What is done to a topic is decided by the caller's policies and the topic's own. */
export function access(db: Database): AccessTable<SNSApi, (typeof notYet)[number]> {
  async function onTopic(arn: string | undefined, call: Call, context: OperationRequest['context'] = {}, parameter = 'TopicArn'): Promise<readonly OperationRequest[]> {
    const key = topicKey(arn ?? '', call.region, parameter);
    const row = await findTopic(reading(db), key);
    const owner = call.caller.kind === 'service' && NAMES_OWNER.includes(call.caller.principalArn) ? call.caller.account : undefined;
    return [{ resource: topicArn(key), resourcePolicy: row && policyOf(row), context: { ...context, 'aws:SourceOwner': owner } }];
  }
  const topic = (input: { TopicArn: string }, call: Call) => onTopic(input.TopicArn, call);
  const resource = (input: { ResourceArn: string }, call: Call) => onTopic(input.ResourceArn, call, {}, 'ResourceArn');

  return {
    CreateTopic: (input, call) => creating({ resource: topicArn({ account: call.account, region: call.region, topic: input.Name }) }, input.Tags, 'sns:TagResource'),
    DeleteTopic: topic,
    ListTopics: all,
    GetTopicAttributes: topic,
    SetTopicAttributes: topic,
    AddPermission: topic,
    RemovePermission: topic,
    TagResource: (input, call) => onTopic(input.ResourceArn, call, settingTags(input.Tags), 'ResourceArn'),
    UntagResource: (input, call) => onTopic(input.ResourceArn, call, { 'aws:TagKeys': input.TagKeys }, 'ResourceArn'),
    ListTagsForResource: resource,
    Subscribe: (input, call) => onTopic(input.TopicArn, call, { 'sns:Protocol': input.Protocol, 'sns:Endpoint': input.Endpoint }),
    ConfirmSubscription: topic,
    Unsubscribe: anything,
    ListSubscriptions: all,
    ListSubscriptionsByTopic: topic,
    GetSubscriptionAttributes: anything,
    SetSubscriptionAttributes: anything,
    Publish: (input, call) => (input.PhoneNumber !== undefined || (input.TopicArn ?? input.TargetArn) === undefined ? { resource: '*' } : onTopic(input.TopicArn ?? input.TargetArn, call)),
    PublishBatch: async (input, call) => (await onTopic(input.TopicArn, call)).map((request) => ({ ...request, action: 'sns:Publish' })),
  };
}
