import type { Call } from '../../kernel/service.ts';
import type { Database } from '../../kernel/database.ts';
import { fail } from './fail.ts';
import type { BucketRow } from './migrations.ts';
import { buckets } from './store.ts';

export const noSuchBucket = (name: string) => fail('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
export const accessDenied = () => fail('AccessDenied', 'Access Denied');

/**
 * The bucket, if the caller's account owns it and the request came to its region. S3 answers requests to another region
 * by a redirect that names the right one; the clients sign again for it.
 */
export async function openBucket(db: Database, name: string, call: Call, expectedOwner?: string): Promise<BucketRow> {
  const bucket = await ownedBucket(db, name, call, expectedOwner);
  if (bucket.region === call.region) return bucket;
  throw fail('PermanentRedirect', 'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.', {
    Bucket: name,
    Region: bucket.region,
    Endpoint: new URL(call.endpoint).host,
    BucketRegion: bucket.region,
  });
}

/** As `openBucket`, from any region (GetBucketLocation, and copies across regions). Bucket policies do not exist yet: other accounts are denied. */
export async function ownedBucket(db: Database, name: string, call: Call, expectedOwner?: string): Promise<BucketRow> {
  const bucket = await buckets.find(db, name);
  if (bucket === undefined) throw noSuchBucket(name);
  if (bucket.account !== call.account || (expectedOwner !== undefined && expectedOwner !== bucket.account)) throw accessDenied();
  return bucket;
}
