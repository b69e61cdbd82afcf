import { createHash } from 'node:crypto';
import type { S3Api } from '@slipway/contracts';
import type { CompletedPart } from '@slipway/contracts/s3';
import type { WrittenBlob } from '../../blobs/index.ts';
import type { Operations } from '../../kernel/service.ts';
import type { ChecksumAlgorithm } from '../../kernel/checksums.ts';
import { noSuchBucket, openBucket } from './bucket.ts';
import { algorithmNamed, DEFAULT_ALGORITHM, expectedOf, givenChecksum, ofParts, parseChecksum, shown, type StoredChecksum } from './checksums.ts';
import { openContent } from './content.ts';
import { openSource } from './copying.ts';
import type { S3Deps } from './deps.ts';
import { fail, invalidArgument, noSuchUpload } from './fail.ts';
import { limits } from './limits.ts';
import { behind, nameOf, pageSize, prefixes } from './listings.ts';
import type { PartRow, UploadRow } from './migrations.ts';
import { canonicalId, checkKey, encoderFor, uploadIdAt } from './names.ts';
import { bodyOf, inS3Words, properties, wholeSecond } from './properties.ts';
import { copyRangeOf } from './ranges.ts';
import { checksumsOfPart } from './reading.ts';
import { scan, type From } from './scan.ts';
import { buckets, parts, uploads as store, versions } from './store.ts';
import { putVersion, shownVersion } from './versioning.ts';

type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';
type Target = { readonly Bucket: string; readonly Key: string; readonly UploadId: string };

export function uploads(deps: S3Deps) {
  const { db, blobs, clock } = deps;

  async function find({ Bucket, Key, UploadId }: Target): Promise<UploadRow> {
    const upload = await store.find(db, Bucket, Key, UploadId);
    if (upload === undefined) throw noSuchUpload(UploadId);
    return upload;
  }

  /** Puts a written blob in the place of the part's former one. */
  async function storePart(target: Target, number: number, blob: WrittenBlob): Promise<PartRow> {
    const row: PartRow = {
      content: target.UploadId,
      number,
      blob: blob.id,
      size: blob.size,
      md5: blob.md5.toString('hex'),
      checksums: JSON.stringify(Object.fromEntries(Object.entries(blob.checksums).filter(([name]) => name !== 'MD5').map(([name, digest]) => [name, digest.toString('base64')]))),
      modified: wholeSecond(clock.now()),
    };
    try {
      await db.transaction(async (tx) => {
        if ((await store.lock(tx, target.Bucket, target.Key, target.UploadId)) === undefined) throw noSuchUpload(target.UploadId);
        await blobs.release(tx, await parts.remove(tx, target.UploadId, number));
        await blobs.claim(tx, [blob.id]);
        await parts.insert(tx, row);
      });
    } catch (error) {
      await blobs.discard(blob.id);
      throw error;
    }
    return row;
  }

  return {
    async CreateMultipartUpload(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      checkKey(input.Key);
      const algorithm = algorithmNamed(input.ChecksumAlgorithm);
      const type = checksumType(algorithm ?? DEFAULT_ALGORITHM, input.ChecksumType);
      const now = clock.now();
      const row: UploadRow = {
        bucket: bucket.name, key: input.Key, id: uploadIdAt(now), initiated: now, initiator: call.caller.arn, ...properties(input),
        algorithm: algorithm ?? DEFAULT_ALGORITHM, checksum_type: type, asked: algorithm === undefined ? 0 : 1,
      };
      await db.transaction(async (tx) => {
        if ((await buckets.hold(tx, bucket.name)) === undefined) throw noSuchBucket(bucket.name);
        await store.insert(tx, row);
      });
      return { Bucket: row.bucket, Key: row.key, UploadId: row.id, ServerSideEncryption: 'AES256', ...(algorithm ? { ChecksumAlgorithm: algorithm, ChecksumType: type } : {}) };
    },

    async UploadPart(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      checkPartNumber(input.PartNumber);
      const upload = await find(input);
      const { algorithm, asked, expected } = expectedOf(input, call.headers);
      if (asked && upload.asked === 1 && algorithm !== upload.algorithm) {
        throw fail('InvalidRequest', `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${algorithm.toLowerCase()}`);
      }
      const { source, size, maxBytes } = bodyOf(input, call);
      const blob = await inS3Words(blobs.write(source, { checksums: [upload.algorithm as ChecksumAlgorithm, algorithm], expected, size, maxBytes }));
      const part = await storePart(input, input.PartNumber, blob);
      return { ETag: `"${part.md5}"`, ServerSideEncryption: 'AES256', ...(asked || upload.asked === 1 ? { [`Checksum${algorithm}`]: blob.checksums[algorithm]?.toString('base64') } : {}) };
    },

    async UploadPartCopy(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      checkPartNumber(input.PartNumber);
      const upload = await find(input);
      const { bucket, row } = await openSource(deps, input, call);
      const range = input.CopySourceRange === undefined ? undefined : copyRangeOf(input.CopySourceRange, row.size);
      const size = range ? range.end - range.start + 1 : row.size;
      if (size > limits.singlePutBytes) throw fail('InvalidRequest', `The specified copy source is larger than the maximum allowable size for a copy source: ${limits.singlePutBytes}`);
      const bytes = await openContent(blobs, await parts.all(db, row.content), range);
      const blob = await inS3Words(blobs.write(bytes, { checksums: [upload.algorithm as ChecksumAlgorithm], size }));
      const part = await storePart(input, input.PartNumber, blob);
      return {
        CopyPartResult: { ETag: `"${part.md5}"`, LastModified: part.modified, ...(upload.asked === 1 ? checksumsOfPart(part) : {}) },
        CopySourceVersionId: shownVersion(bucket, row.version),
        ServerSideEncryption: 'AES256',
      };
    },

    async CompleteMultipartUpload(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const chosen = input.MultipartUpload?.Parts ?? [];
      if (chosen.length === 0) throw fail('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
      const row = await db.transaction(async (tx) => {
        // The bucket first, then the upload, then the key: in the order of everything else that locks them.
        if ((await buckets.hold(tx, input.Bucket)) === undefined) throw noSuchBucket(input.Bucket);
        const upload = await store.lock(tx, input.Bucket, input.Key, input.UploadId);
        if (upload === undefined) {
          // A repeated request is answered again: its first answer may not have arrived.
          const completed = await versions.withContent(tx, input.Bucket, input.Key, input.UploadId);
          if (completed === undefined) throw noSuchUpload(input.UploadId);
          return completed;
        }
        const uploaded = await parts.all(tx, upload.id);
        const kept = choose(upload, uploaded, chosen);
        const size = kept.reduce((sum, part) => sum + part.size, 0);
        const checksum = completedChecksum(upload, kept);
        checkWhole(input, checksum, size);
        for (const part of uploaded) if (!kept.includes(part)) await blobs.release(tx, await parts.remove(tx, upload.id, part.number));
        const { row } = await putVersion(tx, deps, {
          bucket: upload.bucket, key: upload.key, content: upload.id, etag: compositeEtag(kept), size, parts: kept.length, modified: wholeSecond(clock.now()),
          headers: upload.headers, metadata: upload.metadata, tags: upload.tags, checksum: JSON.stringify(checksum),
        }, input);
        await store.remove(tx, upload);
        return row;
      });
      return {
        Location: `${call.endpoint}/${row.bucket}/${encodeURIComponent(row.key)}`,
        Bucket: row.bucket,
        Key: row.key,
        ETag: `"${row.etag}"`,
        VersionId: shownVersion(bucket, row.version),
        ServerSideEncryption: 'AES256',
        ...shown(parseChecksum(row.checksum)),
      };
    },

    async AbortMultipartUpload(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      await db.transaction(async (tx) => {
        const upload = await store.lock(tx, input.Bucket, input.Key, input.UploadId);
        if (upload === undefined) throw noSuchUpload(input.UploadId);
        await blobs.release(tx, await parts.remove(tx, upload.id));
        await store.remove(tx, upload);
      });
      return {};
    },

    async ListParts(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const upload = await find(input);
      const max = pageSize('max-parts', input.MaxParts);
      const marker = Number(input.PartNumberMarker ?? '0');
      if (!Number.isInteger(marker)) throw invalidArgument('part-number-marker', input.PartNumberMarker ?? '', 'Provided part-number-marker not an integer or within integer range');
      const found = await parts.page(db, upload.id, marker, max + 1);
      const page = found.slice(0, max);
      return {
        Bucket: upload.bucket,
        Key: upload.key,
        UploadId: upload.id,
        PartNumberMarker: String(marker),
        NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
        MaxParts: max,
        IsTruncated: found.length > max && max > 0,
        Parts: page.map((part) => ({ PartNumber: part.number, LastModified: part.modified, ETag: `"${part.md5}"`, Size: part.size, ...(upload.asked === 1 ? checksumsOfPart(part) : {}) })),
        Initiator: { ID: upload.initiator },
        Owner: { ID: canonicalId(bucket.account) },
        StorageClass: 'STANDARD',
        ...(upload.asked === 1 ? { ChecksumAlgorithm: upload.algorithm as ChecksumAlgorithm, ChecksumType: upload.checksum_type as ChecksumType } : {}),
      };
    },

    async ListMultipartUploads(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const max = pageSize('max-uploads', input.MaxUploads);
      // S3 ignores an upload-id-marker without a key-marker.
      const from: From<Pick<UploadRow, 'key' | 'id'>> = input.KeyMarker && input.UploadIdMarker ? { after: { key: input.KeyMarker, id: input.UploadIdMarker } } : behindKey(input);
      const { entries, truncated } = await scan<Pick<UploadRow, 'key' | 'id'> & Partial<UploadRow>>({
        prefix: input.Prefix ?? '', delimiter: input.Delimiter ?? '', max, from, fetch: (at, end, limit) => store.page(db, input.Bucket, at, end, limit),
      });
      const encode = encoderFor(input.EncodingType);
      const last = truncated ? entries.at(-1) : undefined;
      return {
        Bucket: input.Bucket,
        KeyMarker: encode(input.KeyMarker ?? ''),
        UploadIdMarker: input.UploadIdMarker ?? '',
        NextKeyMarker: last && encode(nameOf(last)),
        NextUploadIdMarker: last && 'row' in last ? last.row.id : undefined,
        Prefix: encode(input.Prefix ?? ''),
        Delimiter: input.Delimiter ? encode(input.Delimiter) : undefined,
        EncodingType: input.EncodingType,
        MaxUploads: max,
        IsTruncated: truncated,
        Uploads: entries.flatMap((entry) => ('row' in entry ? [{
          Key: encode(entry.row.key),
          UploadId: entry.row.id,
          Initiated: entry.row.initiated,
          Initiator: { ID: entry.row.initiator },
          Owner: { ID: canonicalId(bucket.account) },
          StorageClass: 'STANDARD' as const,
          ...(entry.row.asked === 1 ? { ChecksumAlgorithm: entry.row.algorithm as ChecksumAlgorithm, ChecksumType: entry.row.checksum_type as ChecksumType } : {}),
        }] : [])),
        CommonPrefixes: prefixes(entries, encode),
      };
    },
  } satisfies Partial<Operations<S3Api>>;
}

/** Behind all uploads of the marker's key: no id is above this one. */
function behindKey(input: { readonly Prefix?: string; readonly Delimiter?: string; readonly KeyMarker?: string }): From<Pick<UploadRow, 'key' | 'id'>> {
  const from = behind<Pick<UploadRow, 'key' | 'id'>>(input, input.KeyMarker);
  return from !== undefined && 'after' in from ? { after: { key: from.after.key, id: '\u{10ffff}' } } : from;
}

function checkPartNumber(number: number): void {
  if (number >= 1 && number <= limits.parts) return;
  throw invalidArgument('partNumber', number, `Part number must be an integer between 1 and ${limits.parts}, inclusive`);
}

/** CRCs of a whole follow from their parts'; hashes can only be hashed again. */
function checksumType(algorithm: ChecksumAlgorithm, asked: string | undefined): ChecksumType {
  const possible: readonly ChecksumType[] = algorithm === 'CRC64NVME' ? ['FULL_OBJECT'] : algorithm.startsWith('CRC') ? ['COMPOSITE', 'FULL_OBJECT'] : ['COMPOSITE'];
  const type = asked === undefined ? possible[0] : possible.find((name) => name === asked);
  if (type === undefined) throw fail('InvalidRequest', `The ${asked} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`);
  return type;
}

/** The uploaded parts that the request lists, in its order, which must be theirs. */
function choose(upload: UploadRow, uploaded: readonly PartRow[], chosen: readonly CompletedPart[]): PartRow[] {
  const byNumber = new Map(uploaded.map((part) => [part.number, part]));
  const kept = chosen.map((wanted, index) => {
    const before = chosen[index - 1];
    if (before && (wanted.PartNumber ?? 0) <= (before.PartNumber ?? 0)) throw fail('InvalidPartOrder', 'The list of parts was not in ascending order. The parts list must be specified in order by part number.', { UploadId: upload.id });
    const part = byNumber.get(wanted.PartNumber ?? 0);
    if (part === undefined || wanted.ETag?.replaceAll('"', '') !== part.md5) throw invalidPart(upload, wanted);
    const given = givenChecksum(wanted);
    const known = JSON.parse(part.checksums) as Record<string, string>;
    if (given && known[given.algorithm] !== given.value) throw invalidPart(upload, wanted);
    if (!given && upload.asked === 1 && upload.checksum_type === 'COMPOSITE') {
      const algorithm = upload.algorithm.toLowerCase();
      throw fail('InvalidRequest', `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`);
    }
    return part;
  });
  const small = kept.slice(0, -1).find((part) => part.size < limits.smallestPartBytes);
  if (small) {
    throw fail('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', { ProposedSize: small.size, MinSizeAllowed: limits.smallestPartBytes, PartNumber: small.number, ETag: small.md5 });
  }
  return kept;
}

function invalidPart(upload: UploadRow, wanted: CompletedPart) {
  return fail('InvalidPart', "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.", {
    UploadId: upload.id, PartNumber: wanted.PartNumber, ETag: wanted.ETag,
  });
}

function compositeEtag(kept: readonly PartRow[]): string {
  const whole = createHash('md5');
  for (const { md5 } of kept) whole.update(Buffer.from(md5, 'hex'));
  return `${whole.digest('hex')}-${kept.length}`;
}

function completedChecksum(upload: UploadRow, kept: readonly PartRow[]): StoredChecksum {
  const digests = kept.map((part) => ({ size: part.size, digest: Buffer.from((JSON.parse(part.checksums) as Record<string, string>)[upload.algorithm]!, 'base64') }));
  return ofParts(upload.algorithm as ChecksumAlgorithm, upload.checksum_type as ChecksumType, digests);
}

/** What the client says of the whole object must be so. */
function checkWhole(input: S3Api['CompleteMultipartUpload']['input'], checksum: StoredChecksum, size: number): void {
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== size) {
    throw fail('InvalidRequest', `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`);
  }
  if (input.ChecksumType !== undefined && input.ChecksumType !== checksum.type) throw fail('InvalidRequest', `The upload was created with the ${checksum.type} checksum type; the complete request says ${input.ChecksumType}.`);
  const given = givenChecksum(input);
  if (!given) return;
  if (given.algorithm !== checksum.algorithm || given.value.replace(/-\d+$/, '') !== checksum.value.replace(/-\d+$/, '')) {
    throw fail('BadDigest', `The ${given.algorithm.toLowerCase()} you specified did not match the calculated checksum.`);
  }
}

