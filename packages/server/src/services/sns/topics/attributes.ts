import type { ResourcePolicies } from '../../../kernel/access.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { topicArn } from '../arns.ts';
import type { TopicKey } from '../arns.ts';
import { effectiveTopicPolicy, readTopicPolicy } from '../delivery/delivery-policy.ts';
import { invalid, notSupported } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import type { TopicRow } from '../tables.ts';

export type Attributes = Readonly<Record<string, string>>;

/** An attribute set to nothing is not set. */
export const attributesOf = (row: { attributes: string }): Attributes => JSON.parse(row.attributes) as Attributes;

export const isFifo = (attributes: Attributes): boolean => attributes['FifoTopic'] === 'true';

const OWNER_ACTIONS = ['GetTopicAttributes', 'SetTopicAttributes', 'AddPermission', 'RemovePermission', 'DeleteTopic', 'Subscribe', 'ListSubscriptionsByTopic', 'Publish'];

/** What AWS attaches to a topic for which no policy was set: the account's own, and services acting for it. */
function defaultPolicy(key: TopicKey): string {
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [{
      Sid: '__default_statement_ID', Effect: 'Allow', Principal: { AWS: '*' }, Action: OWNER_ACTIONS.map((action) => `SNS:${action}`),
      Resource: topicArn(key), Condition: { StringEquals: { 'AWS:SourceOwner': key.account } },
    }],
  });
}

export const policyOf = (row: TopicRow): string => attributesOf(row)['Policy'] ?? defaultPolicy(row);

/** One attribute that a user sets, as it is kept; FIFO ones only with a FIFO topic. @throws InvalidParameter naming it. */
export function readTopicAttribute(name: string, value: string, { fifo, policies }: { fifo: boolean; policies: ResourcePolicies }): string {
  switch (name) {
    case 'DisplayName':
      if (value.length > LIMITS.displayNameLength || /\p{C}/u.test(value)) throw invalid('DisplayName: at most 100 characters, no control characters');
      return value;
    case 'Policy':
      if (value !== '') checkPolicy(value, policies);
      return value;
    case 'DeliveryPolicy':
      readTopicPolicy(value);
      return value;
    case 'SignatureVersion':
      if (!['1', '2'].includes(value)) throw invalid('SignatureVersion: accepted is 1 or 2');
      return value;
    case 'ContentBasedDeduplication':
      if (!fifo) throw invalid('Attributes Reason: Content-based deduplication can only be set for FIFO topics');
      return String(bool(name, value));
    case 'FifoThroughputScope':
      if (!fifo) throw invalid('Attributes Reason: FifoThroughputScope can only be set for FIFO topics');
      if (!['Topic', 'MessageGroup'].includes(value)) throw invalid('FifoThroughputScope: accepted is Topic or MessageGroup');
      return value;
    case 'TracingConfig':
      if (value === 'Active') throw notSupported('TracingConfig Active');
      if (value !== 'PassThrough') throw invalid('TracingConfig');
      return value;
    case 'KmsMasterKeyId':
    case 'ArchivePolicy':
      if (value !== '') throw notSupported(name);
      return value;
    default:
      if (/^(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)$/.test(name)) throw notSupported(name);
      throw invalid('AttributeName');
  }
}

export function bool(name: string, value: string): boolean {
  if (!['true', 'false'].includes(value.toLowerCase())) throw invalid(`${name}: accepted is true or false`);
  return value.toLowerCase() === 'true';
}

export function checkPolicy(text: string, policies: ResourcePolicies): void {
  if (Buffer.byteLength(text) > LIMITS.policySize) throw invalid('Policy: it is too long');
  try {
    policies.check(text);
  } catch (error) {
    if (error instanceof ServiceError) throw invalid(`Policy Error: ${error.message}`);
    throw error;
  }
  const { Statement } = JSON.parse(text) as { Statement: unknown };
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as Readonly<Record<string, unknown>>[];
  const actions = statements.flatMap((statement) => statement['Action'] ?? statement['NotAction'] ?? []);
  if (!actions.every((action) => typeof action === 'string' && (action === '*' || /^sns:/i.test(action)))) throw invalid('Policy statement action out of service scope!');
}

/** As GetTopicAttributes shows them. */
export function shownAttributes(row: TopicRow, counts: { pending: number; confirmed: number }): Record<string, string> {
  const { FifoTopic, ...set } = attributesOf(row);
  return {
    TopicArn: topicArn(row),
    Owner: row.account,
    DisplayName: '',
    ...set,
    Policy: policyOf(row),
    EffectiveDeliveryPolicy: effectiveTopicPolicy(set['DeliveryPolicy']),
    SubscriptionsConfirmed: String(counts.confirmed),
    SubscriptionsPending: String(counts.pending),
    SubscriptionsDeleted: String(row.deleted),
    ...(FifoTopic === 'true' && { FifoTopic, ContentBasedDeduplication: set['ContentBasedDeduplication'] ?? 'false', FifoThroughputScope: set['FifoThroughputScope'] ?? 'Topic' }),
  };
}
