/** The longest name that DNS knows, with a port. Matching takes time with the square of the length. */
const LONGEST_HOST = 260;

const S3_HOST = /^(?:(.+)\.)?s3(?:[.-][a-z0-9.-]+)?\.(?:amazonaws\.com|localhost\.localstack\.cloud|localhost)$/;

/**
 * The bucket of a virtual-hosted request: `bucket.localhost:4566`, `bucket.s3.localhost.localstack.cloud`,
 * `bucket.s3.eu-west-1.amazonaws.com`. Undefined when the path holds it.
 */
export function bucketOfHost(host: string): string | undefined {
  if (host.length > LONGEST_HOST) return undefined;
  const name = host.toLowerCase().replace(/:\d+$/, '');
  const s3 = S3_HOST.exec(name);
  if (s3) return s3[1];
  return /^(.+)\.localhost$/.exec(name)?.[1];
}
