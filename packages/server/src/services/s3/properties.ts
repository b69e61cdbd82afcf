import { Readable } from 'node:stream';
import { BlobMismatch, BlobTooLarge } from '../../blobs/index.ts';
import type { Call } from '../../kernel/service.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';
import type { VersionRow } from './migrations.ts';
import { parseTagging, type Tags } from './names.ts';

/** The system metadata that S3 keeps and answers as it was given. */
export interface StoredHeaders {
  readonly ContentType?: string;
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  /** ms UTC */
  readonly Expires?: number;
}

type Metadata = Readonly<Record<string, string>>;

/** What S3 answers for an object put without one. */
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

/** What a writing request says of the object beside its bytes, as columns. */
export function properties(input: StoredHeaders & { readonly Metadata?: Metadata; readonly Tagging?: string }): Pick<VersionRow, 'headers' | 'metadata' | 'tags'> {
  return { headers: JSON.stringify(storedHeaders(input)), metadata: JSON.stringify(checkMetadata(input.Metadata ?? {})), tags: JSON.stringify(parseTagging(input.Tagging)) };
}

function storedHeaders(input: StoredHeaders): StoredHeaders {
  const { ContentType = DEFAULT_CONTENT_TYPE, CacheControl, ContentDisposition, ContentLanguage, Expires } = input;
  return { ContentType, CacheControl, ContentDisposition, ContentEncoding: withoutChunking(input.ContentEncoding), ContentLanguage, Expires };
}

/** `aws-chunked` says how the request was sent, not what the object is. */
function withoutChunking(encoding: string | undefined): string | undefined {
  const kept = encoding?.split(',').map((name) => name.trim()).filter((name) => name !== 'aws-chunked').join(',');
  return kept === '' ? undefined : kept;
}

function checkMetadata(metadata: Metadata): Metadata {
  const entries = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value] as const);
  const size = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (size > limits.metadataBytes) {
    throw fail('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', { Size: size, MaxSizeAllowed: limits.metadataBytes });
  }
  return Object.fromEntries(entries);
}

export const headersOf = (row: Pick<VersionRow, 'headers'>): StoredHeaders => JSON.parse(row.headers) as StoredHeaders;
export const metadataOf = (row: Pick<VersionRow, 'metadata'>): Metadata => JSON.parse(row.metadata) as Metadata;
export const tagsOf = (row: Pick<VersionRow, 'tags'>): Tags => JSON.parse(row.tags) as Tags;

/** S3's times of objects are whole seconds. */
export const wholeSecond = (now: number): number => Math.floor(now / 1000) * 1000;

/** The request's body as a source of bytes, and its size where the request says it. */
export function bodyOf(input: { readonly Body?: Readable; readonly ContentLength?: number }, call: Call): { readonly source: Readable; readonly size: number | undefined; readonly maxBytes: number } {
  const announced = call.headers['x-amz-decoded-content-length'];
  // In chunked encoding Content-Length counts the chunks' frames too.
  const chunked = call.headers['content-encoding']?.includes('aws-chunked') || call.headers['x-amz-content-sha256']?.startsWith('STREAMING-');
  const size = announced === undefined ? (chunked ? undefined : input.ContentLength) : Number(announced);
  if (size !== undefined && size > limits.singlePutBytes) {
    throw fail('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', { ProposedSize: size, MaxSizeAllowed: limits.singlePutBytes });
  }
  return { source: input.Body ?? Readable.from([]), size, maxBytes: limits.singlePutBytes };
}

/** Runs a write of a blob and says in S3's words what was wrong with the bytes. */
export async function inS3Words<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof BlobTooLarge) throw fail('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', { MaxSizeAllowed: limits.singlePutBytes });
    if (!(error instanceof BlobMismatch)) throw error;
    if (error.what === 'size') throw fail('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header');
    if (error.what === 'MD5') throw fail('BadDigest', 'The Content-MD5 you specified did not match what we received.');
    throw fail('BadDigest', `The ${error.what} you specified did not match the calculated checksum.`);
  }
}
