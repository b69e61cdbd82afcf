import type { S3Api } from '@slipway/contracts';
import type { Call, Operations } from '../../kernel/service.ts';
import { openBucket } from './bucket.ts';
import type { S3Deps } from './deps.ts';
import { noSuchKey } from './fail.ts';
import { limits } from './limits.ts';
import { lookUp } from './lookup.ts';
import { checkTags, tagSet } from './names.ts';
import { tagsOf } from './properties.ts';
import { objects, versions } from './store.ts';
import { shownVersion } from './versioning.ts';

type Target = { readonly Bucket: string; readonly Key: string; readonly VersionId?: string; readonly ExpectedBucketOwner?: string };

/** Tags of object versions. They may change while the bytes never do. */
export function tagging(deps: S3Deps) {
  const { db } = deps;

  async function change(input: Target, call: Call, tags: string) {
    const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
    const row = await lookUp(deps, call, input);
    await db.transaction(async (tx) => {
      await objects.lock(tx, row.bucket, row.key);
      if ((await versions.find(tx, row.bucket, row.key, row.version)) === undefined) throw noSuchKey(row.key);
      await versions.setTags(tx, row, tags);
    });
    return { VersionId: shownVersion(bucket, row.version) };
  }

  return {
    async GetObjectTagging(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const row = await lookUp(deps, call, input);
      return { VersionId: shownVersion(bucket, row.version), TagSet: tagSet(tagsOf(row)) };
    },

    PutObjectTagging: (input, call) => change(input, call, JSON.stringify(checkTags(input.Tagging.TagSet, limits.objectTags))),

    DeleteObjectTagging: (input, call) => change(input, call, '{}'),
  } satisfies Partial<Operations<S3Api>>;
}
