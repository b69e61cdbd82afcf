import { expect, test } from 'vitest';
import { bucketOfHost } from './route-s3.ts';

test.each([
  ['bucket.localhost:4566', 'bucket'],
  ['my.bucket.s3.localhost.localstack.cloud', 'my.bucket'],
  ['bucket.s3.eu-west-1.amazonaws.com', 'bucket'],
  ['s3.amazonaws.com', undefined],
  ['127.0.0.1:4566', undefined],
])('the host %s holds the bucket %s', (host, bucket) => {
  expect(bucketOfHost(host)).toBe(bucket);
});

test('a host longer than any name is no bucket, and found so at once', () => {
  const began = performance.now();
  expect(bucketOfHost(`${'s3.'.repeat(20_000)}x`)).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(1_000);
});
