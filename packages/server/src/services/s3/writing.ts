import type { S3Api } from '@slipway/contracts';
import type { DeletedObject, Error as DeleteError, ObjectIdentifier } from '@slipway/contracts/s3';
import type { WrittenBlob } from '../../blobs/index.ts';
import type { ChecksumAlgorithm } from '../../kernel/checksums.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import type { Transaction } from '../../kernel/database.ts';
import { deleteRequest } from './access.ts';
import { openBucket } from './bucket.ts';
import { expectedOf, parseChecksum, shown, type StoredChecksum } from './checksums.ts';
import type { S3Deps } from './deps.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';
import { checkVersionId, isAllowed } from './lookup.ts';
import type { VersionRow } from './migrations.ts';
import { checkKey, newContentId } from './names.ts';
import { bodyOf, inS3Words, properties, wholeSecond } from './properties.ts';
import { parts } from './store.ts';
import { deleteVersion, putVersion, shownVersion, type Deleted, type WriteConditions } from './versioning.ts';

/** Keys that one transaction deletes. */
const DELETES_AT_ONCE = 100;

/** Stores a written blob as a whole object; the blob goes again when the conditions do not hold. */
export async function storeWhole(
  deps: Pick<S3Deps, 'db' | 'blobs' | 'clock' | 'watches'>,
  blob: WrittenBlob,
  about: Pick<VersionRow, 'bucket' | 'key' | 'headers' | 'metadata' | 'tags'> & { readonly algorithm: ChecksumAlgorithm },
  conditions: WriteConditions,
) {
  const { db, blobs, clock } = deps;
  const { algorithm, ...columns } = about;
  const value = blob.checksums[algorithm]!.toString('base64');
  const checksum: StoredChecksum = { algorithm, type: 'FULL_OBJECT', value };
  const content = newContentId();
  const modified = wholeSecond(clock.now());
  const etag = blob.md5.toString('hex');
  try {
    return await db.transaction(async (tx) => {
      const put = await putVersion(tx, deps, { ...columns, content, etag, size: blob.size, parts: 0, modified, checksum: JSON.stringify(checksum) }, conditions);
      await blobs.claim(tx, [blob.id]);
      await parts.insert(tx, { content, number: 1, blob: blob.id, size: blob.size, md5: etag, checksums: JSON.stringify({ [algorithm]: value }), modified });
      return put;
    });
  } catch (error) {
    await blobs.discard(blob.id);
    throw error;
  }
}

export function writing(deps: S3Deps) {
  const { db, blobs, clock, authorizer } = deps;
  const remove = (tx: Transaction, bucket: string, { Key, VersionId, ETag }: ObjectIdentifier): Promise<Deleted> =>
    deleteVersion(tx, blobs, { bucket, key: Key, version: VersionId, ifMatch: ETag, now: wholeSecond(clock.now()) });

  return {
    async PutObject(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      checkKey(input.Key);
      const columns = properties(input);
      const { algorithm, expected } = expectedOf(input, call.headers);
      const { source, size, maxBytes } = bodyOf(input, call);
      const blob = await inS3Words(blobs.write(source, { checksums: [algorithm], expected, size, maxBytes }));
      const { row } = await storeWhole(deps, blob, { bucket: bucket.name, key: input.Key, ...columns, algorithm }, input);
      return {
        ETag: `"${row.etag}"`,
        ...shown(parseChecksum(row.checksum)),
        ServerSideEncryption: 'AES256',
        VersionId: shownVersion(bucket, row.version),
      };
    },

    async DeleteObject(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      if (input.VersionId !== undefined) checkVersionId(input.VersionId);
      const deleted = await db.transaction((tx) => remove(tx, input.Bucket, { Key: input.Key, VersionId: input.VersionId, ETag: input.IfMatch }));
      return { VersionId: deleted.version, DeleteMarker: deleted.marker ? true : undefined };
    },

    async DeleteObjects(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const asked = input.Delete.Objects;
      if (asked.length === 0 || asked.length > limits.deleteObjects) throw fail('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
      const Errors: DeleteError[] = [];
      const Deleted: DeletedObject[] = [];
      const allowed = await admitted(input.Bucket, asked, call, Errors);
      const refused = (object: ObjectIdentifier, error: unknown): void => {
        if (!(error instanceof ServiceError)) throw error;
        Errors.push({ Key: object.Key, VersionId: object.VersionId, Code: error.name, Message: error.message });
      };
      for (const object of allowed.filter(({ ETag }) => ETag !== undefined)) {
        try {
          Deleted.push(entry(object, await db.transaction((tx) => remove(tx, input.Bucket, object))));
        } catch (error) {
          refused(object, error);
        }
      }
      // In one order for all, so that two requests for the same keys wait for each other instead of deadlocking.
      const plain = allowed.filter(({ ETag }) => ETag === undefined).toSorted((a, b) => Buffer.compare(Buffer.from(a.Key), Buffer.from(b.Key)));
      for (let at = 0; at < plain.length; at += DELETES_AT_ONCE) {
        const some = plain.slice(at, at + DELETES_AT_ONCE);
        const done = await db.transaction(async (tx) => {
          const entries: DeletedObject[] = [];
          for (const object of some) entries.push(entry(object, await remove(tx, input.Bucket, object)));
          return entries;
        });
        Deleted.push(...done);
      }
      return { Deleted: input.Delete.Quiet ? [] : Deleted, Errors };
    },
  } satisfies Partial<Operations<S3Api>>;

  /** Each key is allowed or denied on its own: one that is denied is an entry in the answer. */
  async function admitted(bucket: string, asked: readonly ObjectIdentifier[], call: Call, errors: DeleteError[]): Promise<ObjectIdentifier[]> {
    const allowed: ObjectIdentifier[] = [];
    for (const object of asked) {
      const { Key, VersionId } = object;
      if (await isAllowed(authorizer, call, deleteRequest(bucket, Key, VersionId))) {
        try {
          if (VersionId !== undefined) checkVersionId(VersionId);
          allowed.push(object);
        } catch (error) {
          errors.push({ Key, VersionId, Code: (error as Error).name, Message: (error as Error).message });
        }
      } else errors.push({ Key, VersionId, Code: 'AccessDenied', Message: 'Access Denied' });
    }
    return allowed;
  }
}

function entry({ Key, VersionId }: ObjectIdentifier, deleted: Deleted): DeletedObject {
  return { Key, VersionId, ...(deleted.marker ? { DeleteMarker: true, DeleteMarkerVersionId: deleted.version } : {}) };
}
