import { expect, test } from 'vitest';
import { MAIL_RETRIES, QUEUE_RETRIES, effectivePolicy, retryDelay } from './delivery-policy.ts';
import type { RetryPolicy } from './delivery-policy.ts';

const delays = (policy: RetryPolicy, most = 1000): number[] => Array.from({ length: Math.min(policy.numRetries, most) }, (_, retry) => Math.round(retryDelay(policy, retry)!));

test('retries over HTTP: three, 20 seconds apart, unless a policy says otherwise', () => {
  const { healthyRetryPolicy } = effectivePolicy(undefined, undefined);
  expect([delays(healthyRetryPolicy), retryDelay(healthyRetryPolicy, 3)]).toEqual([[20, 20, 20], undefined]);
});

test('retries: at once, then at the shortest delay, growing by the function, then at the longest', () => {
  const policy = { healthyRetryPolicy: { numRetries: 10, numNoDelayRetries: 2, numMinDelayRetries: 1, numMaxDelayRetries: 2, minDelayTarget: 1, maxDelayTarget: 16 } };
  const of = (backoffFunction: string): number[] => delays(effectivePolicy(undefined, JSON.stringify({ healthyRetryPolicy: { ...policy.healthyRetryPolicy, backoffFunction } })).healthyRetryPolicy);
  expect(of('exponential')).toEqual([0, 0, 1, 1, 2, 4, 8, 16, 16, 16]);
  expect(of('linear')).toEqual([0, 0, 1, 1, 5, 9, 12, 16, 16, 16]);
  expect(of('geometric')).toEqual([0, 0, 1, 1, 2, 4, 8, 16, 16, 16]);
  expect(of('arithmetic').slice(3, 8)).toEqual(of('arithmetic').slice(3, 8).toSorted((a, b) => a - b));
});

test('retries: queues and mail have AWS’s own', () => {
  expect(delays(QUEUE_RETRIES, 16)).toEqual([0, 0, 0, 1, 1, 1, 2, 4, 8, 16, 20, 20, 20, 20, 20, 20]);
  expect(delays(MAIL_RETRIES).reduce((sum, seconds) => sum + seconds, 0) / 3600).toBeGreaterThan(6);
});

test('a topic’s policy may forbid its subscriptions their own', () => {
  const topic = JSON.stringify({ http: { defaultHealthyRetryPolicy: { numRetries: 1 }, disableSubscriptionOverrides: true } });
  const own = JSON.stringify({ healthyRetryPolicy: { numRetries: 2 } });
  expect(effectivePolicy(topic, own).healthyRetryPolicy.numRetries).toBe(1);
  expect(effectivePolicy(topic.replace('true', 'false'), own).healthyRetryPolicy.numRetries).toBe(2);
});
