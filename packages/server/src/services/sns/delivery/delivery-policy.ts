import { isObject } from '../../../patterns/pattern.ts';
import { invalid } from '../fail.ts';
import { LIMITS } from '../limits.ts';

type Backoff = 'linear' | 'arithmetic' | 'geometric' | 'exponential';

/** How often and when a failed delivery is tried again; delays in seconds. */
export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numMaxDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly numNoDelayRetries: number;
  readonly backoffFunction: Backoff;
}

export interface HttpPolicy {
  readonly healthyRetryPolicy: RetryPolicy;
  /** A subscription is served by one server at a time, so its pace holds however many there are. */
  readonly throttlePolicy?: { readonly maxReceivesPerSecond: number };
  readonly requestPolicy?: { readonly headerContentType: string };
}

const HTTP_DEFAULT: RetryPolicy = { minDelayTarget: 20, maxDelayTarget: 20, numRetries: 3, numMaxDelayRetries: 0, numNoDelayRetries: 0, numMinDelayRetries: 0, backoffFunction: 'linear' };

/** What AWS does for queues: over 23 days. */
export const QUEUE_RETRIES: RetryPolicy = { minDelayTarget: 1, maxDelayTarget: 20, numRetries: 100_015, numNoDelayRetries: 3, numMinDelayRetries: 2, numMaxDelayRetries: 100_000, backoffFunction: 'exponential' };

/** What AWS does for e-mail: over 6 hours. */
export const MAIL_RETRIES: RetryPolicy = { minDelayTarget: 10, maxDelayTarget: 600, numRetries: 50, numNoDelayRetries: 0, numMinDelayRetries: 2, numMaxDelayRetries: 38, backoffFunction: 'exponential' };

const CONTENT_TYPES = ['text/plain', 'text/plain; charset=UTF-8', 'application/json', 'application/json; charset=UTF-8', 'text/html', 'text/xml', 'application/xml', 'application/octet-stream', 'application/x-www-form-urlencoded', 'text/css', 'text/csv', 'text/javascript', 'application/soap+xml', 'application/xhtml+xml', 'application/atom+xml', 'application/rss+xml', 'application/vnd.api+json', 'application/ld+json'];

/** Seconds to wait before the n-th retry (from 0); undefined when there is none. */
export function retryDelay(policy: RetryPolicy, retry: number): number | undefined {
  if (retry >= policy.numRetries) return undefined;
  const backoffs = policy.numRetries - policy.numNoDelayRetries - policy.numMinDelayRetries - policy.numMaxDelayRetries;
  let at = retry;
  if (at < policy.numNoDelayRetries) return 0;
  at -= policy.numNoDelayRetries;
  if (at < policy.numMinDelayRetries) return policy.minDelayTarget;
  at -= policy.numMinDelayRetries;
  return at < backoffs ? backoff(policy, backoffs, at) : policy.maxDelayTarget;
}

/** From the shortest delay to the longest, as steeply as the function says. */
function backoff({ minDelayTarget: min, maxDelayTarget: max, backoffFunction }: RetryPolicy, steps: number, at: number): number {
  if (steps <= 1 || min === max) return min;
  const part = at / (steps - 1);
  switch (backoffFunction) {
    case 'linear': return min + (max - min) * part;
    case 'arithmetic': return min + (max - min) * part * ((at + 1) / steps);
    case 'geometric': return min > 0 ? min * (max / min) ** part : max * part ** 2;
    case 'exponential': return Math.min(max, Math.max(min, 1) * 2 ** at);
  }
}

/** Reads a subscription's `DeliveryPolicy`. @throws InvalidParameter naming what is wrong. */
export function readDeliveryPolicy(text: string): Partial<HttpPolicy> {
  const json = parse(text);
  only(json, ['healthyRetryPolicy', 'throttlePolicy', 'requestPolicy', 'sicklyRetryPolicy', 'guaranteed']);
  if (json['sicklyRetryPolicy'] !== undefined && json['sicklyRetryPolicy'] !== null) throw invalid('DeliveryPolicy: sicklyRetryPolicy is not supported by Slipway yet');
  if (json['guaranteed'] !== undefined && json['guaranteed'] !== false) throw invalid('DeliveryPolicy: guaranteed is not supported by Slipway yet');
  const retry = section(json, 'healthyRetryPolicy');
  const throttle = section(json, 'throttlePolicy');
  const request = section(json, 'requestPolicy');
  return {
    ...(retry !== undefined && { healthyRetryPolicy: readRetryPolicy(retry) }),
    ...(throttle !== undefined && readThrottle(throttle)),
    ...(request !== undefined && readRequest(request)),
  };
}

/** Reads a topic's: `{ http: { defaultHealthyRetryPolicy, disableSubscriptionOverrides, defaultThrottlePolicy, defaultRequestPolicy } }`. */
export function readTopicPolicy(text: string | undefined): Partial<HttpPolicy> & { readonly disableSubscriptionOverrides: boolean } {
  if (text === undefined || text === '') return { disableSubscriptionOverrides: false };
  const json = parse(text);
  only(json, ['http']);
  const http = section(json, 'http') ?? {};
  only(http, ['defaultHealthyRetryPolicy', 'disableSubscriptionOverrides', 'defaultThrottlePolicy', 'defaultRequestPolicy']);
  const disable = http['disableSubscriptionOverrides'] ?? false;
  if (typeof disable !== 'boolean') throw invalid('DeliveryPolicy: http.disableSubscriptionOverrides must be a boolean');
  const renamed = JSON.stringify({ healthyRetryPolicy: http['defaultHealthyRetryPolicy'], throttlePolicy: http['defaultThrottlePolicy'], requestPolicy: http['defaultRequestPolicy'] });
  return { ...readDeliveryPolicy(renamed), disableSubscriptionOverrides: disable };
}

/** What holds for a subscription over HTTP: its own policy, then the topic's, then AWS's default. */
export function effectivePolicy(topic: string | undefined, subscription: string | undefined): HttpPolicy {
  const { disableSubscriptionOverrides, ...above } = readTopicPolicy(topic);
  const own = subscription === undefined || subscription === '' || disableSubscriptionOverrides ? {} : readDeliveryPolicy(subscription);
  return { healthyRetryPolicy: HTTP_DEFAULT, requestPolicy: { headerContentType: 'text/plain; charset=UTF-8' }, ...above, ...own };
}

/** As GetTopicAttributes shows it. */
export function effectiveTopicPolicy(text: string | undefined): string {
  const { healthyRetryPolicy, requestPolicy, throttlePolicy } = effectivePolicy(text, undefined);
  const { disableSubscriptionOverrides } = readTopicPolicy(text);
  return JSON.stringify({ http: { defaultHealthyRetryPolicy: healthyRetryPolicy, disableSubscriptionOverrides, ...(throttlePolicy && { defaultThrottlePolicy: throttlePolicy }), defaultRequestPolicy: requestPolicy } });
}

function readRetryPolicy(json: Readonly<Record<string, unknown>>): RetryPolicy {
  only(json, Object.keys(HTTP_DEFAULT));
  const given = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null && value !== undefined));
  const policy = { ...HTTP_DEFAULT, ...given } as RetryPolicy;
  const whole = (name: keyof RetryPolicy, least: number, most: number): void => {
    const value = policy[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) throw invalid(`DeliveryPolicy: healthyRetryPolicy.${name} must be a whole number from ${least} to ${most}`);
  };
  whole('numRetries', 0, 100);
  for (const name of ['numNoDelayRetries', 'numMinDelayRetries', 'numMaxDelayRetries'] as const) whole(name, 0, policy.numRetries);
  whole('maxDelayTarget', 1, LIMITS.retrySeconds);
  whole('minDelayTarget', 1, policy.maxDelayTarget);
  if (!['linear', 'arithmetic', 'geometric', 'exponential'].includes(policy.backoffFunction)) throw invalid('DeliveryPolicy: healthyRetryPolicy.backoffFunction must be one of linear, arithmetic, geometric, exponential');
  if (policy.numNoDelayRetries + policy.numMinDelayRetries + policy.numMaxDelayRetries > policy.numRetries) throw invalid('DeliveryPolicy: healthyRetryPolicy.numRetries must be at least the sum of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries');
  let total = 0;
  for (let retry = 0; retry < policy.numRetries; retry++) total += retryDelay(policy, retry) ?? 0;
  if (total > LIMITS.retrySeconds) throw invalid(`DeliveryPolicy: the retries may not take longer than ${LIMITS.retrySeconds} seconds`);
  return policy;
}

function readThrottle(json: Readonly<Record<string, unknown>>): Pick<HttpPolicy, 'throttlePolicy'> {
  only(json, ['maxReceivesPerSecond']);
  const most = json['maxReceivesPerSecond'];
  if (most === undefined || most === null) return {};
  if (typeof most !== 'number' || !Number.isInteger(most) || most < 1) throw invalid('DeliveryPolicy: throttlePolicy.maxReceivesPerSecond must be 1 or greater');
  return { throttlePolicy: { maxReceivesPerSecond: most } };
}

function readRequest(json: Readonly<Record<string, unknown>>): Pick<HttpPolicy, 'requestPolicy'> {
  only(json, ['headerContentType']);
  const type = json['headerContentType'];
  if (type === undefined || type === null) return {};
  if (typeof type !== 'string' || !CONTENT_TYPES.includes(type)) throw invalid(`DeliveryPolicy: requestPolicy.headerContentType must be one of ${CONTENT_TYPES.join(', ')}`);
  return { requestPolicy: { headerContentType: type } };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json)) return json;
  } catch (cause) {
    throw Object.assign(invalid('DeliveryPolicy: failed to parse JSON.'), { cause });
  }
  throw invalid('DeliveryPolicy: it is not a JSON object');
}

function section(json: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> | undefined {
  const value = json[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid(`DeliveryPolicy: ${name} must be an object`);
  return value;
}

function only(json: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const unknown = Object.keys(json).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`DeliveryPolicy: ${unknown} is not supported by Slipway yet`);
}
