import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';

/** A queue by its address; the account is the owner's. */
export interface QueueName extends Place {
  readonly name: string;
}

export const queueArn = ({ account, region, name }: QueueName): string => formatArn({ service: 'sqs', region, account, resource: name });

/** Undefined for what is no queue's ARN. */
export function queueOfArn(arn: string): QueueName | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'sqs' || !/^\d{12}$/.test(parsed.account) || parsed.region === '' || parsed.resource.includes(':')) return undefined;
  return { account: parsed.account, region: parsed.region, name: parsed.resource };
}

export const queueUrl = (endpoint: string, { account, name }: QueueName): string => `${endpoint}/${account}/${name}`;

/** The queue that a URL means: its path says, whatever its host, since URLs of AWS's hosts mean the queues here. */
export function queueOfUrl(region: string, url: string): QueueName {
  const [, account, name] = /^https?:\/\/[^/?#]+(?:\/[^?#]*)?\/(\d{12})\/([^/?#]+)\/?(?:[?#].*)?$/.exec(url) ?? [];
  if (account === undefined || name === undefined) throw fail('InvalidAddress', `The address ${url} is not valid for this endpoint.`);
  return { account, region, name };
}
