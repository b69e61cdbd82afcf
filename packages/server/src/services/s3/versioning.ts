import type { Blobs } from '../../blobs/index.ts';
import type { Transaction } from '../../kernel/database.ts';
import { matches } from './conditions.ts';
import { noSuchKey, preconditionFailed } from './fail.ts';
import { noSuchBucket } from './bucket.ts';
import type { S3Deps } from './deps.ts';
import type { BucketRow, VersionRow } from './migrations.ts';
import { nullVersion, versionIdOf } from './names.ts';
import { buckets, objects, parts, versions } from './store.ts';

export type NewVersion = Omit<VersionRow, 'seq' | 'version' | 'marker'>;

/** Conditional writes. */
export interface WriteConditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

/** The version id as responses show it: not at all in a bucket that never had versioning. */
export const shownVersion = (bucket: Pick<BucketRow, 'versioning'>, version: string): string | undefined => (bucket.versioning === '' ? undefined : version);

/**
 * Makes a version the current one of its key. Without versioning, or with it suspended, it takes the place of the null
 * version. Conditions are decided here, under the key's lock.
 */
export async function putVersion(tx: Transaction, { blobs, watches }: Pick<S3Deps, 'blobs' | 'watches'>, next: NewVersion, conditions: WriteConditions): Promise<{ bucket: BucketRow; row: VersionRow }> {
  const bucket = await buckets.hold(tx, next.bucket);
  if (bucket === undefined) throw noSuchBucket(next.bucket);
  const object = await objects.lockOrMake(tx, next.bucket, next.key);
  if (conditions.IfMatch !== undefined || conditions.IfNoneMatch !== undefined) {
    checkWrite(conditions, next.key, visible(await versions.current(tx, next.bucket, next.key)));
  }
  const versioned = bucket.versioning === 'Enabled';
  if (!versioned) await removeNull(tx, blobs, next.bucket, next.key);
  const row: VersionRow = { ...next, seq: object.next, version: versioned ? versionIdOf(object.next) : nullVersion, marker: 0 };
  await versions.insert(tx, row);
  await objects.point(tx, row);
  await watches.notify(tx, { kind: 's3/object', account: bucket.account, region: bucket.region, id: `${next.bucket}/${next.key}` });
  return { bucket, row };
}

export interface Deleted {
  /** Of the version that went, or of the delete marker that was made. */
  readonly version: string | undefined;
  /** Whether that is a delete marker. */
  readonly marker: boolean;
  /** Whether the marker is new. */
  readonly made: boolean;
}

/** Removes one version, or hides the key behind a delete marker, as the bucket's versioning says. What is not there is deleted already. */
export async function deleteVersion(
  tx: Transaction, blobs: Blobs, target: { bucket: string; key: string; version: string | undefined; ifMatch: string | undefined; now: number },
): Promise<Deleted> {
  const { bucket: name, key, version, ifMatch, now } = target;
  const bucket = await buckets.hold(tx, name);
  if (bucket === undefined) throw noSuchBucket(name);
  const nothing: Deleted = { version, marker: false, made: false };

  if (version === undefined && bucket.versioning !== '') {
    const object = await objects.lockOrMake(tx, name, key);
    if (ifMatch !== undefined) checkWrite({ IfMatch: ifMatch }, key, visible(await versions.current(tx, name, key)));
    if (bucket.versioning === 'Suspended') await removeNull(tx, blobs, name, key);
    const row: VersionRow = {
      bucket: name, key, seq: object.next, version: bucket.versioning === 'Enabled' ? versionIdOf(object.next) : nullVersion, marker: 1,
      content: '', etag: '', size: 0, parts: 0, modified: now, headers: '{}', metadata: '{}', tags: '{}', checksum: null,
    };
    await versions.insert(tx, row);
    await objects.point(tx, row);
    return { version: row.version, marker: true, made: true };
  }

  if ((await objects.lock(tx, name, key)) === undefined) {
    if (ifMatch !== undefined) throw noSuchKey(key);
    return nothing;
  }
  const row = await versions.find(tx, name, key, version ?? nullVersion);
  if (ifMatch !== undefined) checkWrite({ IfMatch: ifMatch }, key, visible(row));
  if (row === undefined) return nothing;
  await removeRow(tx, blobs, row);
  const newest = await versions.newest(tx, name, key);
  if (newest === undefined) await objects.remove(tx, name, key);
  else await objects.point(tx, newest);
  return { version: shownVersion(bucket, row.version), marker: row.marker === 1, made: false };
}

const visible = (row: VersionRow | undefined): VersionRow | undefined => (row?.marker === 1 ? undefined : row);

function checkWrite({ IfMatch, IfNoneMatch }: WriteConditions, key: string, current: VersionRow | undefined): void {
  if (IfNoneMatch !== undefined && current !== undefined && matches(IfNoneMatch, current.etag)) throw preconditionFailed('If-None-Match');
  if (IfMatch === undefined) return;
  if (current === undefined) throw noSuchKey(key);
  if (!matches(IfMatch, current.etag)) throw preconditionFailed('If-Match');
}

async function removeNull(tx: Transaction, blobs: Blobs, bucket: string, key: string): Promise<void> {
  const old = await versions.find(tx, bucket, key, nullVersion);
  if (old !== undefined) await removeRow(tx, blobs, old);
}

async function removeRow(tx: Transaction, blobs: Blobs, row: VersionRow): Promise<void> {
  await versions.remove(tx, row);
  if (row.marker === 0) await blobs.release(tx, await parts.remove(tx, row.content));
}
