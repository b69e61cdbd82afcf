import type { S3Api } from '@slipway/contracts';
import type { GetObjectRequest, HeadObjectOutput, ObjectPart } from '@slipway/contracts/s3';
import { Readable } from 'node:stream';
import type { ByteRange } from '../../blobs/index.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { openBucket } from './bucket.ts';
import { parseChecksum, shown, type ChecksumMembers } from './checksums.ts';
import { checkRead } from './conditions.ts';
import { openContent } from './content.ts';
import type { S3Deps } from './deps.ts';
import { fail, invalidArgument } from './fail.ts';
import { limits } from './limits.ts';
import { lookUp } from './lookup.ts';
import type { PartRow, VersionRow } from './migrations.ts';
import { shownVersion } from './versioning.ts';
import { headersOf, metadataOf, tagsOf } from './properties.ts';
import { rangeOf } from './ranges.ts';
import { parts as partStore } from './store.ts';

type ReadInput = Omit<GetObjectRequest, 'SSECustomerAlgorithm' | 'SSECustomerKey' | 'SSECustomerKeyMD5'>;

export function reading({ db, blobs, authorizer }: Pick<S3Deps, 'db' | 'blobs' | 'authorizer'>) {
  /** What GetObject and HeadObject have in common: everything but the bytes. */
  async function describe(input: ReadInput, call: Call): Promise<{ row: VersionRow; parts: PartRow[]; range: ByteRange | undefined; output: HeadObjectOutput }> {
    const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
    const row = await lookUp({ db, authorizer }, call, input);
    checkRead(input, row);
    if (input.Range !== undefined && input.PartNumber !== undefined) throw fail('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter');
    const parts = await partStore.all(db, row.content);
    const part = input.PartNumber === undefined ? undefined : partOf(row, parts, input.PartNumber);
    const range = part ? part.range : rangeOf(input.Range, row.size);
    const tags = Object.keys(tagsOf(row)).length;
    const output: HeadObjectOutput = {
      ...headersOf(row),
      ...overrides(input),
      ...(input.ChecksumMode === 'ENABLED' ? checksumOf(row, input, part?.row) : {}),
      AcceptRanges: 'bytes',
      LastModified: row.modified,
      ContentLength: range ? range.end - range.start + 1 : row.size,
      ContentRange: range && `bytes ${range.start}-${range.end}/${row.size}`,
      ETag: `"${row.etag}"`,
      VersionId: shownVersion(bucket, row.version),
      ServerSideEncryption: 'AES256',
      Metadata: metadataOf(row),
      PartsCount: input.PartNumber !== undefined && row.parts > 0 ? row.parts : undefined,
      TagCount: tags > 0 ? tags : undefined,
    };
    return { row, parts, range, output };
  }

  return {
    async HeadObject(input, call) {
      return (await describe(input, call)).output;
    },

    async GetObject(input, call) {
      const { row, parts, range, output } = await describe(input, call);
      const Body = row.size === 0 ? Readable.from([]) : await openContent(blobs, parts, range);
      return { ...output, Body };
    },

    async GetObjectAttributes(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const row = await lookUp({ db, authorizer }, call, input);
      const wanted = new Set(input.ObjectAttributes);
      const checksum = parseChecksum(row.checksum);
      return {
        LastModified: row.modified,
        VersionId: shownVersion(bucket, row.version),
        ETag: wanted.has('ETag') ? row.etag : undefined,
        Checksum: wanted.has('Checksum') && checksum ? shown(checksum) : undefined,
        ObjectSize: wanted.has('ObjectSize') ? row.size : undefined,
        StorageClass: wanted.has('StorageClass') ? 'STANDARD' : undefined,
        ObjectParts: wanted.has('ObjectParts') && row.parts > 0 ? await attributesOfParts(row, input) : undefined,
      };
    },
  } satisfies Partial<Operations<S3Api>>;

  async function attributesOfParts(row: VersionRow, input: { readonly MaxParts?: number; readonly PartNumberMarker?: string }) {
    const max = Math.min(input.MaxParts ?? limits.page, limits.page);
    const marker = Number(input.PartNumberMarker ?? '0');
    if (!Number.isInteger(marker)) throw invalidArgument('x-amz-part-number-marker', input.PartNumberMarker ?? '', 'Provided part number marker is invalid');
    const found = await partStore.page(db, row.content, marker, max + 1);
    const page = found.slice(0, max);
    return {
      TotalPartsCount: row.parts,
      PartNumberMarker: String(marker),
      NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
      MaxParts: max,
      IsTruncated: found.length > max,
      Parts: page.map((part): ObjectPart => ({ PartNumber: part.number, Size: part.size, ...checksumsOfPart(part) })),
    };
  }
}

/** A part as part of a range; an object put whole is its own and only part. */
function partOf(row: VersionRow, parts: readonly PartRow[], number: number): { row: PartRow | undefined; range: ByteRange | undefined } {
  const invalid = (): Error => fail('InvalidPartNumber', 'The requested partnumber is not satisfiable', { PartNumberRequested: number, ActualPartCount: Math.max(row.parts, 1) });
  if (row.parts === 0) {
    if (number !== 1) throw invalid();
    return { row: undefined, range: undefined };
  }
  let start = 0;
  for (const part of parts) {
    if (part.number === number) return { row: part, range: part.size === 0 ? undefined : { start, end: start + part.size - 1 } };
    start += part.size;
  }
  throw invalid();
}

/** The checksum of just what is answered: the whole, or a whole part. A range has none. */
function checksumOf(row: VersionRow, input: ReadInput, part: PartRow | undefined): ChecksumMembers {
  const checksum = parseChecksum(row.checksum);
  if (part) return checksum?.type === 'COMPOSITE' ? { ...checksumsOfPart(part), ChecksumType: 'COMPOSITE' } as ChecksumMembers : {};
  return input.Range === undefined ? shown(checksum) : {};
}

export function checksumsOfPart(part: Pick<PartRow, 'checksums'>): ChecksumMembers {
  const checksums = JSON.parse(part.checksums) as Record<string, string>;
  return Object.fromEntries(Object.entries(checksums).map(([algorithm, value]) => [`Checksum${algorithm}`, value]));
}

function overrides(input: ReadInput): HeadObjectOutput {
  const given: HeadObjectOutput = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
    Expires: input.ResponseExpires,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
