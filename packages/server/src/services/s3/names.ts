import { createHash, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Tag } from '@slipway/contracts/s3';
import { fail } from './fail.ts';
import { limits } from './limits.ts';

export const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`;
export const objectArn = (bucket: string, key: string): string => `${bucketArn(bucket)}/${key}`;

/** S3's owner id: 64 hex digits that name the account and do not show it. */
export const canonicalId = (account: string): string => createHash('sha256').update(`slipway canonical user ${account}`).digest('hex');

const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'];

/** Refuses a name that no general purpose bucket can have. */
export function checkBucketName(name: string): void {
  const wellFormed =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && isIP(name) === 0 &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) && !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix));
  if (!wellFormed) throw fail('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
}

export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > limits.keyBytes) {
    throw fail('KeyTooLongError', 'Your key is too long', { Size: Buffer.byteLength(key), MaxSizeAllowed: limits.keyBytes });
  }
  // Neither database stores this character in text the way S3 compares it.
  if (key.includes('\0')) throw fail('InvalidArgument', 'A key with the character U+0000 is not supported by Slipway yet');
}

const NULL_VERSION = 'null';
export const nullVersion = NULL_VERSION;
const SEQ_DIGITS = 10;

/** A version id begins with its place among the key's versions, so that a listing goes on behind one that is deleted meanwhile. */
export function versionIdOf(seq: number): string {
  return seq.toString(36).padStart(SEQ_DIGITS, '0') + randomBytes(16).toString('base64url');
}

export function seqOf(versionId: string): number | undefined {
  return /^[0-9a-z]{10}[\w-]{22}$/.test(versionId) ? Number.parseInt(versionId.slice(0, SEQ_DIGITS), 36) : undefined;
}

/** Upload ids of one key sort by their beginning: ListMultipartUploads answers them oldest first. */
export const uploadIdAt = (now: number): string => now.toString(36).padStart(9, '0') + randomBytes(24).toString('base64url').replaceAll('-', '.');
export const newContentId = (): string => randomBytes(16).toString('hex');

export type Tags = Readonly<Record<string, string>>;

/** `x-amz-tagging`: pairs as in a URL's query. */
export function parseTagging(header: string | undefined): Tags {
  if (header === undefined) return {};
  const pairs = [...new URLSearchParams(header)];
  return checkTags(pairs.map(([Key, Value]) => ({ Key, Value })), limits.objectTags);
}

export function checkTags(list: readonly Tag[], most: number): Tags {
  const tags = new Map<string, string>();
  for (const { Key, Value } of list) {
    if (Key.length === 0 || Key.length > limits.tagKey) throw fail('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: Key });
    if (Value.length > limits.tagValue) throw fail('InvalidTag', 'The TagValue you have provided is invalid', { TagKey: Key, TagValue: Value });
    if (Key.startsWith('aws:')) throw fail('InvalidTag', 'System tags cannot be added/updated by requester', { TagKey: Key });
    if (tags.has(Key)) throw fail('InvalidTag', 'Cannot provide multiple Tags with the same key', { TagKey: Key });
    tags.set(Key, Value);
  }
  if (tags.size > most) throw fail('InvalidTag', most === limits.objectTags ? 'Object tags cannot be greater than 10' : `Bucket tag count cannot be greater than ${most}`);
  return Object.fromEntries(tags);
}

export const tagSet = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** `encoding-type=url`: what XML cannot carry comes percent-encoded, slashes stay. */
export function encoderFor(encoding: string | undefined): (text: string) => string {
  if (encoding === undefined) return (text) => text;
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/').replace(/[!'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
