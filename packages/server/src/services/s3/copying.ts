import type { S3Api } from '@slipway/contracts';
import type { Call, Operations } from '../../kernel/service.ts';
import { openBucket, ownedBucket } from './bucket.ts';
import { algorithmNamed, DEFAULT_ALGORITHM, parseChecksum, shown } from './checksums.ts';
import { checkSource } from './conditions.ts';
import { openContent } from './content.ts';
import { parseCopySource, type CopySource } from './copy-source.ts';
import type { S3Deps } from './deps.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';
import { lookUp, type LookupDeps } from './lookup.ts';
import type { BucketRow, VersionRow } from './migrations.ts';
import { checkKey } from './names.ts';
import { inS3Words, properties } from './properties.ts';
import { parts as partStore } from './store.ts';
import { shownVersion } from './versioning.ts';
import { storeWhole } from './writing.ts';

export interface SourceInput {
  readonly CopySource: string;
  readonly CopySourceIfMatch?: string;
  readonly CopySourceIfNoneMatch?: string;
  readonly CopySourceIfModifiedSince?: number;
  readonly CopySourceIfUnmodifiedSince?: number;
  readonly ExpectedSourceBucketOwner?: string;
}

/** The version to copy from; its bucket may be in any region. */
export async function openSource(deps: LookupDeps, input: SourceInput, call: Call): Promise<{ source: CopySource; bucket: BucketRow; row: VersionRow }> {
  const source = parseCopySource(input.CopySource);
  const bucket = await ownedBucket(deps.db, source.Bucket, call, input.ExpectedSourceBucketOwner);
  const row = await lookUp(deps, call, source);
  checkSource({ IfMatch: input.CopySourceIfMatch, IfNoneMatch: input.CopySourceIfNoneMatch, IfModifiedSince: input.CopySourceIfModifiedSince, IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince }, row);
  return { source, bucket, row };
}

export function copying(deps: S3Deps) {
  const { db, blobs } = deps;
  return {
    async CopyObject(input, call) {
      const target = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      checkKey(input.Key);
      const { source, bucket, row } = await openSource(deps, input, call);
      const replaces = input.MetadataDirective === 'REPLACE';
      if (source.Bucket === input.Bucket && source.Key === input.Key && source.VersionId === undefined && !replaces && input.ServerSideEncryption === undefined) {
        throw fail('InvalidRequest', "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.");
      }
      if (row.size > limits.singlePutBytes) {
        throw fail('InvalidRequest', `The specified copy source is larger than the maximum allowable size for a copy source: ${limits.singlePutBytes}`);
      }
      const given = properties(input);
      const columns = {
        headers: replaces ? given.headers : row.headers,
        metadata: replaces ? given.metadata : row.metadata,
        tags: input.TaggingDirective === 'REPLACE' ? given.tags : row.tags,
      };
      const algorithm = algorithmNamed(input.ChecksumAlgorithm) ?? parseChecksum(row.checksum)?.algorithm ?? DEFAULT_ALGORITHM;
      const bytes = await openContent(blobs, await partStore.all(db, row.content), undefined);
      const blob = await inS3Words(blobs.write(bytes, { checksums: [algorithm], size: row.size }));
      const { row: copy } = await storeWhole(deps, blob, { bucket: target.name, key: input.Key, ...columns, algorithm }, { IfMatch: input.IfMatch, IfNoneMatch: input.IfNoneMatch });
      return {
        CopyObjectResult: { ETag: `"${copy.etag}"`, LastModified: copy.modified, ...shown(parseChecksum(copy.checksum)) },
        CopySourceVersionId: shownVersion(bucket, row.version),
        VersionId: shownVersion(target, copy.version),
        ServerSideEncryption: 'AES256',
      };
    },
  } satisfies Partial<Operations<S3Api>>;
}
