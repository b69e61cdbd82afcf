import { createHmac, timingSafeEqual } from 'node:crypto';
import { sha256Hex } from './canonical.ts';

export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** `20260101/us-east-1/codebuild/aws4_request`, taken apart. */
export interface Scope {
  /** `20260101` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export function scopeText(scope: Scope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

export function stringToSign(timestamp: string, scope: Scope, canonicalRequest: string): string {
  return `${ALGORITHM}\n${timestamp}\n${scopeText(scope)}\n${sha256Hex(canonicalRequest)}`;
}

/** Deriving a key takes four HMACs and a key serves for a day, so the latest are kept. */
const keys = new Map<string, Buffer>();
const KEPT_KEYS = 500;

export function signingKey(secretAccessKey: string, scope: Scope): Buffer {
  const name = `${secretAccessKey}/${scopeText(scope)}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  let key = hmac(`AWS4${secretAccessKey}`, scope.date);
  for (const part of [scope.region, scope.service, 'aws4_request']) key = hmac(key, part);
  if (keys.size >= KEPT_KEYS) keys.delete(keys.keys().next().value!);
  keys.set(name, key);
  return key;
}

export function sign(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Compares two signatures in a time that does not tell where they differ. */
export function sameSignature(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** `20260101T120000Z` of a time in ms UTC. */
export function amzDate(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** ms UTC of `20260101T120000Z`; undefined when it is not such a text. */
export function parseAmzDate(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return undefined;
  const time = Date.parse(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`);
  return Number.isNaN(time) ? undefined : time;
}
