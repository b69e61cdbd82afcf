import { hash } from 'node:crypto';

export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

export interface CanonicalRequestParts {
  readonly method: string;
  /** As sent, undecoded. */
  readonly path: string;
  /** As sent, undecoded, without `?`. `X-Amz-Signature` is left out of the canonical form. */
  readonly query: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
  /** S3 alone signs the path as sent; every other service signs it normalised and encoded once more. */
  readonly pathForm: 'as-sent' | 'encoded-once' | 'normalised';
}

export function canonicalRequest(parts: CanonicalRequestParts): string {
  const headers = parts.signedHeaders.map((name) => `${name}:${(parts.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`).join('');
  return [
    parts.method,
    canonicalPath(parts.path, parts.pathForm),
    canonicalQuery(parts.query),
    headers,
    parts.signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n');
}

function canonicalPath(path: string, form: CanonicalRequestParts['pathForm']): string {
  switch (form) {
    case 'as-sent': return path;
    case 'encoded-once': return path.split('/').map((segment) => uriEncode(uriDecode(segment))).join('/');
    case 'normalised': return normalise(path).split('/').map(uriEncode).join('/');
  }
}

function normalise(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs: [name: string, value: string][] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (name === 'X-Amz-Signature') continue;
    pairs.push([recode(name), equals < 0 ? '' : recode(pair.slice(equals + 1))]);
  }
  return pairs.toSorted(byNameThenValue).map(([name, value]) => `${name}=${value}`).join('&');
}

function byNameThenValue(a: readonly [string, string], b: readonly [string, string]): number {
  return compare(a[0], b[0]) || compare(a[1], b[1]);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function recode(text: string): string {
  return uriEncode(uriDecode(text.replaceAll('+', ' ')));
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A malformed escape stands for itself: the signature then does not match, which is the answer it deserves. */
function uriDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data);
}
