import { isObject } from '../../../patterns/pattern.ts';
import { queueOf, topicArn } from '../arns.ts';
import { effectivePolicy, readDeliveryPolicy } from '../delivery/delivery-policy.ts';
import { invalid, notSupported } from '../fail.ts';
import { checkFilterPolicy, readScope } from './filter-policy.ts';
import type { FilterScope } from './filter-policy.ts';
import type { SubscriptionRow, TopicRow } from '../tables.ts';
import { attributesOf, bool } from '../topics/attributes.ts';
import type { Attributes } from '../topics/attributes.ts';

export const scopeOf = (attributes: Attributes): FilterScope => (attributes['FilterPolicyScope'] === 'MessageBody' ? 'MessageBody' : 'MessageAttributes');

interface Subject {
  readonly protocol: string;
  readonly region: string;
  readonly fifo: boolean;
}

/** Checks attributes that are set together, and answers those that are kept: one set to nothing is not. */
export function readSubscriptionAttributes(given: Attributes, about: Subject): Attributes {
  const scope = readScope(given['FilterPolicyScope'] || 'MessageAttributes');
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(given)) {
    const read = value === '' ? '' : readOne(name, value, scope, about);
    if (read !== '') kept.push([name, read]);
    else if (!KNOWN.has(name)) throw invalid('AttributeName');
  }
  return Object.fromEntries(kept);
}

const KNOWN = new Set(['FilterPolicy', 'FilterPolicyScope', 'RawMessageDelivery', 'DeliveryPolicy', 'RedrivePolicy', 'SubscriptionRoleArn', 'ReplayPolicy']);

function readOne(name: string, value: string, scope: FilterScope, { protocol, region, fifo }: Subject): string {
  switch (name) {
    case 'FilterPolicy':
      checkFilterPolicy(value, scope);
      return value;
    case 'FilterPolicyScope':
      return value;
    case 'RawMessageDelivery':
      if (bool(name, value) && !['http', 'https', 'sqs'].includes(protocol)) throw invalid(`RawMessageDelivery: Delivery protocol [${protocol}] does not support raw message delivery.`);
      return value.toLowerCase();
    case 'DeliveryPolicy':
      if (!['http', 'https'].includes(protocol)) throw invalid(`DeliveryPolicy: Delivery protocol [${protocol}] does not support delivery policies.`);
      readDeliveryPolicy(value);
      return value;
    case 'RedrivePolicy':
      checkRedrive(value, region, fifo);
      return value;
    case 'SubscriptionRoleArn':
    case 'ReplayPolicy':
      throw notSupported(name);
    default:
      throw invalid('AttributeName');
  }
}

function checkRedrive(text: string, region: string, fifo: boolean): void {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(invalid('RedrivePolicy: failed to parse JSON.'), { cause });
  }
  if (!isObject(json)) throw invalid('RedrivePolicy: it is not a JSON object');
  const unknown = Object.keys(json).find((name) => name !== 'deadLetterTargetArn');
  if (unknown !== undefined) throw invalid(`RedrivePolicy: ${unknown} is not supported`);
  const queue = typeof json['deadLetterTargetArn'] === 'string' ? queueOf(json['deadLetterTargetArn']) : undefined;
  if (queue === undefined || queue.region !== region) throw invalid('RedrivePolicy: deadLetterTargetArn is not the ARN of a queue in this region');
  if (queue.fifo && !fifo) throw invalid('RedrivePolicy: must use a standard queue as DLQ');
}

/** The queue for what could not be delivered. */
export function deadLetterQueueOf(row: SubscriptionRow): string | undefined {
  const policy = attributesOf(row)['RedrivePolicy'];
  return policy === undefined ? undefined : (JSON.parse(policy) as { deadLetterTargetArn: string }).deadLetterTargetArn;
}

/** As GetSubscriptionAttributes shows them. */
export function shownSubscription(row: SubscriptionRow, topic: TopicRow | undefined): Record<string, string> {
  const set = attributesOf(row);
  const http = ['http', 'https'].includes(row.protocol);
  return {
    SubscriptionArn: row.arn,
    TopicArn: topicArn(row),
    Owner: row.owner,
    SubscriptionPrincipal: row.principal,
    Protocol: row.protocol,
    Endpoint: row.endpoint,
    PendingConfirmation: String(row.status === 'pending'),
    ConfirmationWasAuthenticated: String(row.confirmed_by_owner === 1),
    RawMessageDelivery: 'false',
    ...(set['FilterPolicy'] !== undefined && { FilterPolicyScope: 'MessageAttributes' }),
    ...set,
    ...(http && { EffectiveDeliveryPolicy: JSON.stringify(effectivePolicy(topic && attributesOf(topic)['DeliveryPolicy'], set['DeliveryPolicy'])) }),
  };
}
