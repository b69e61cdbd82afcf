import type { S3Api } from '@slipway/contracts';
import type { CommonPrefix, DeleteMarkerEntry, Object as ListedObject, ObjectVersion } from '@slipway/contracts/s3';
import { pages } from '../../kernel/paging.ts';
import type { PageKey } from '../../kernel/paging.ts';
import type { Operations } from '../../kernel/service.ts';
import { openBucket } from './bucket.ts';
import { parseChecksum } from './checksums.ts';
import type { S3Deps } from './deps.ts';
import { invalidArgument, wrongToken } from './fail.ts';
import { limits } from './limits.ts';
import { canonicalId, encoderFor, seqOf } from './names.ts';
import { rolledUp, scan, successor, type Entry, type From } from './scan.ts';
import { objects, versions, type ListedVersion } from './store.ts';

interface ListInput {
  readonly Bucket: string;
  readonly Prefix?: string;
  readonly Delimiter?: string;
  readonly MaxKeys?: number;
  readonly EncodingType?: string;
}

export function listings({ db, paging }: Pick<S3Deps, 'db' | 'paging'>) {
  /** Current objects behind a key. A marker that is itself a common prefix stands for all that is under it. */
  const page = (input: ListInput, from: From<ListedVersion>, max: number) =>
    scan<ListedVersion>({ prefix: input.Prefix ?? '', delimiter: input.Delimiter ?? '', max, from, fetch: (at, end, limit) => objects.page(db, input.Bucket, at, end, limit) });

  return {
    async ListObjects(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const max = pageSize('max-keys', input.MaxKeys);
      const { entries, truncated } = await page(input, behind<ListedVersion>(input, input.Marker), max);
      const encode = encoderFor(input.EncodingType);
      const last = entries.at(-1);
      return {
        ...echoed(input, max),
        Marker: encode(input.Marker ?? ''),
        // As S3 does, a next marker comes only with a delimiter: without one it is the last key.
        NextMarker: truncated && last && (input.Delimiter ?? '') !== '' ? encode(nameOf(last)) : undefined,
        IsTruncated: truncated,
        Contents: contents(entries, encode, bucket.account),
        CommonPrefixes: prefixes(entries, encode),
      };
    },

    async ListObjectsV2(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const max = pageSize('max-keys', input.MaxKeys);
      // The bucket's place, not the caller's: whoever may list it may go on. A token holds the last entry's name and whether that is a common prefix.
      const listing = pages(paging, bucket, 's3:ListObjectsV2', [input.Bucket, input.Prefix ?? '', input.Delimiter ?? ''], () => wrongToken(input.ContinuationToken));
      const last = listing.read(input.ContinuationToken);
      const from = last === undefined ? behind<ListedVersion>(input, input.StartAfter) : resume(last);
      const { entries, truncated } = await page(input, from, max);
      const encode = encoderFor(input.EncodingType);
      const end = entries.at(-1);
      return {
        ...echoed(input, max),
        StartAfter: input.StartAfter === undefined ? undefined : encode(input.StartAfter),
        ContinuationToken: input.ContinuationToken,
        NextContinuationToken: truncated && end ? listing.after([nameOf(end), 'row' in end ? 0 : 1]) : undefined,
        IsTruncated: truncated,
        KeyCount: entries.length,
        Contents: contents(entries, encode, input.FetchOwner ? bucket.account : undefined),
        CommonPrefixes: prefixes(entries, encode),
      };
    },

    async ListObjectVersions(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const max = pageSize('max-keys', input.MaxKeys);
      const { entries, truncated } = await scan<Pick<ListedVersion, 'key' | 'seq'> & Partial<ListedVersion>>({
        prefix: input.Prefix ?? '',
        delimiter: input.Delimiter ?? '',
        max,
        from: await behindVersion(input, input.KeyMarker, input.VersionIdMarker),
        fetch: (at, end, limit) => versions.page(db, input.Bucket, at, end, limit),
      });
      const encode = encoderFor(input.EncodingType);
      const rows = entries.flatMap((entry) => ('row' in entry ? [entry.row as ListedVersion] : []));
      const Owner = { ID: canonicalId(bucket.account) };
      const last = truncated ? entries.at(-1) : undefined;
      return {
        ...echoed(input, max),
        KeyMarker: encode(input.KeyMarker ?? ''),
        VersionIdMarker: input.VersionIdMarker ?? '',
        IsTruncated: truncated,
        NextKeyMarker: last && encode(nameOf(last)),
        NextVersionIdMarker: last && 'row' in last ? last.row.version : undefined,
        Versions: rows.filter((row) => row.marker === 0).map((row): ObjectVersion => ({ ...listed(row, encode), VersionId: row.version, IsLatest: row.seq === row.current, Owner })),
        DeleteMarkers: rows.filter((row) => row.marker === 1).map((row): DeleteMarkerEntry => ({
          Key: encode(row.key), VersionId: row.version, IsLatest: row.seq === row.current, LastModified: row.modified, Owner,
        })),
        CommonPrefixes: prefixes(entries, encode),
      };
    },
  } satisfies Partial<Operations<S3Api>>;

  /** Goes on within the versions of a key, also when the version that the marker names was deleted since. */
  async function behindVersion(input: ListInput, key: string | undefined, version: string | undefined): Promise<From<Pick<ListedVersion, 'key' | 'seq'>>> {
    if (version !== undefined && version !== '' && (key ?? '') === '') throw invalidArgument('version-id-marker', version, 'A version-id marker cannot be specified without a key marker.');
    if (key === undefined || key === '') return behindKey(input, undefined);
    if (version === undefined || version === '') return behindKey(input, key);
    const row = await versions.find(db, input.Bucket, key, version);
    const seq = row?.seq ?? seqOf(version);
    return seq === undefined ? behindKey(input, key) : { after: { key, seq } };
  }
}

/** Listings of versions: behind all versions of a key. */
function behindKey(input: ListInput, key: string | undefined): From<Pick<ListedVersion, 'key' | 'seq'>> {
  const from = behind(input, key);
  return from !== undefined && 'after' in from ? { after: { key: from.after.key, seq: 0 } } : from;
}

/** Where a page begins behind a marker that may be a key, a common prefix, or any text. */
export function behind<Row extends { readonly key: string }>(input: Pick<ListInput, 'Prefix' | 'Delimiter'>, marker: string | undefined): From<Row> {
  const prefix = input.Prefix ?? '';
  if (marker === undefined || marker === '') return { key: prefix };
  if (Buffer.compare(Buffer.from(marker), Buffer.from(prefix)) < 0) return { key: prefix };
  if (marker.startsWith(prefix) && rolledUp(marker, prefix, input.Delimiter ?? '') === marker) return { key: successor(marker) ?? marker };
  return { after: { key: marker } as Row };
}

export function pageSize(name: string, asked: number | undefined): number {
  if (asked === undefined) return limits.page;
  if (asked < 0) throw invalidArgument(name, asked, `Argument ${name} must be an integer between 0 and 2147483647`);
  return Math.min(asked, limits.page);
}

export const nameOf = (entry: Entry<{ readonly key: string }>): string => ('row' in entry ? entry.row.key : entry.prefix);

export function prefixes(entries: readonly Entry<unknown>[], encode: (text: string) => string): CommonPrefix[] {
  return entries.flatMap((entry) => (typeof entry === 'object' && 'prefix' in entry ? [{ Prefix: encode(entry.prefix) }] : []));
}

function resume([last, isPrefix]: PageKey): From<ListedVersion> {
  const name = String(last);
  return isPrefix === 1 ? { key: successor(name) ?? name } : { after: { key: name } as ListedVersion };
}

function echoed(input: ListInput, max: number) {
  const encode = encoderFor(input.EncodingType);
  return {
    Name: input.Bucket,
    Prefix: encode(input.Prefix ?? ''),
    Delimiter: input.Delimiter ? encode(input.Delimiter) : undefined,
    MaxKeys: max,
    EncodingType: input.EncodingType === 'url' ? ('url' as const) : undefined,
  };
}

function listed(row: ListedVersion, encode: (text: string) => string) {
  const checksum = parseChecksum(row.checksum);
  return {
    Key: encode(row.key),
    LastModified: row.modified,
    ETag: `"${row.etag}"`,
    Size: row.size,
    StorageClass: 'STANDARD' as const,
    ChecksumAlgorithm: checksum ? [checksum.algorithm] : undefined,
    ChecksumType: checksum?.type,
  };
}

function contents(entries: readonly Entry<ListedVersion>[], encode: (text: string) => string, owner: string | undefined): ListedObject[] {
  const Owner = owner === undefined ? undefined : { ID: canonicalId(owner) };
  return entries.flatMap((entry) => ('row' in entry ? [{ ...listed(entry.row, encode), Owner }] : []));
}
