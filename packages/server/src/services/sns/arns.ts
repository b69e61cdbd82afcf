import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';
import { invalid } from './fail.ts';

/** A topic by what its ARN says: the account need not be the caller's. */
export interface TopicKey extends Place {
  readonly topic: string;
}

export interface SubscriptionKey extends TopicKey {
  readonly id: string;
}

export const topicArn = ({ account, region, topic }: TopicKey): string => formatArn({ service: 'sns', region, account, resource: topic });

export const subscriptionArn = (key: SubscriptionKey): string => `${topicArn(key)}:${key.id}`;

/** The topic's ARN within this place of any name: for listings. */
export const anyTopic = ({ account, region }: Place): string => topicArn({ account, region, topic: '*' });

/** `parameter`: the input's member, for the refusal. */
export function topicKey(arn: string, region: string, parameter = 'TopicArn'): TopicKey {
  const { account, resource } = read(arn, region, parameter);
  if (resource.includes(':')) throw invalid(parameter);
  return { account, region, topic: resource };
}

export function subscriptionKey(arn: string, region: string): SubscriptionKey {
  const { account, resource } = read(arn, region, 'SubscriptionArn');
  const [topic, id, ...more] = resource.split(':');
  if (!topic || !id || more.length > 0) throw invalid('SubscriptionArn');
  return { account, region, topic, id };
}

function read(arn: string, region: string, parameter: string): { account: string; resource: string } {
  const elements = arn.split(':').length;
  if (elements < 6) throw invalid(`${parameter} Reason: An ARN must have at least 6 elements, not ${elements}`);
  const parsed = parseArn(arn);
  if (parsed?.service !== 'sns' || parsed.region !== region || !/^\d{12}$/.test(parsed.account)) throw invalid(parameter);
  return parsed;
}

/** A queue by its ARN; undefined when it is none. */
export function queueOf(arn: string): { account: string; region: string; name: string; fifo: boolean } | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'sqs' || parsed.resource.includes(':') || parsed.region === '' || parsed.account === '') return undefined;
  return { account: parsed.account, region: parsed.region, name: parsed.resource, fifo: parsed.resource.endsWith('.fifo') };
}
