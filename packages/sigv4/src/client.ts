import { canonicalRequest, sha256Hex, UNSIGNED_PAYLOAD } from './canonical.ts';
import { ALGORITHM, amzDate, scopeText, sign, signingKey, stringToSign } from './signature.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly service: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** ms UTC */
  readonly now: number;
  /** The whole body; or give `payloadHash` for a body that is streamed (`UNSIGNED-PAYLOAD`, or its SHA-256 in hex). */
  readonly body?: string | Uint8Array;
  readonly payloadHash?: string;
}

/** Headers that proxies and HTTP clients change on the way, so that no client signs them. */
const UNSIGNED_HEADERS = new Set(['authorization', 'connection', 'content-length', 'expect', 'transfer-encoding', 'user-agent', 'x-amzn-trace-id']);

/** The headers to send, lower-case: those given, `host`, the date, the payload's hash and `authorization`. */
export function signRequest(request: RequestToSign): Record<string, string> {
  const url = new URL(request.url);
  const timestamp = amzDate(request.now);
  const payloadHash = request.payloadHash ?? sha256Hex(request.body ?? '');
  const headers: Record<string, string> = {
    ...lowerCase(request.headers),
    host: url.host,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payloadHash,
    ...(request.credentials.sessionToken !== undefined && { 'x-amz-security-token': request.credentials.sessionToken }),
  };
  const signedHeaders = Object.keys(headers).filter((name) => !UNSIGNED_HEADERS.has(name)).toSorted();
  const { scope, signature } = signUrl(request, url, timestamp, headers, signedHeaders, payloadHash);
  headers['authorization'] =
    `${ALGORITHM} Credential=${request.credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return headers;
}

/** A URL that anyone may use until `now + expiresIn` seconds, without further headers than those given. */
export function presignUrl(request: Omit<RequestToSign, 'body'> & { readonly expiresIn: number }): string {
  const url = new URL(request.url);
  const timestamp = amzDate(request.now);
  const headers: Record<string, string> = { ...lowerCase(request.headers), host: url.host };
  const signedHeaders = Object.keys(headers).filter((name) => !UNSIGNED_HEADERS.has(name)).toSorted();
  const scope = scopeText({ date: timestamp.slice(0, 8), region: request.region, service: request.service });
  url.searchParams.set('X-Amz-Algorithm', ALGORITHM);
  url.searchParams.set('X-Amz-Credential', `${request.credentials.accessKeyId}/${scope}`);
  url.searchParams.set('X-Amz-Date', timestamp);
  url.searchParams.set('X-Amz-Expires', String(request.expiresIn));
  url.searchParams.set('X-Amz-SignedHeaders', signedHeaders.join(';'));
  if (request.credentials.sessionToken !== undefined) url.searchParams.set('X-Amz-Security-Token', request.credentials.sessionToken);
  const payloadHash = request.payloadHash ?? (request.service === 's3' ? UNSIGNED_PAYLOAD : sha256Hex(''));
  const { signature } = signUrl(request, url, timestamp, headers, signedHeaders, payloadHash);
  url.searchParams.set('X-Amz-Signature', signature);
  return url.href;
}

function signUrl(
  request: Pick<RequestToSign, 'method' | 'service' | 'region' | 'credentials'>,
  url: URL,
  timestamp: string,
  headers: Record<string, string>,
  signedHeaders: readonly string[],
  payloadHash: string,
): { scope: string; signature: string } {
  const scope = { date: timestamp.slice(0, 8), region: request.region, service: request.service };
  const canonical = canonicalRequest({
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    headers,
    signedHeaders,
    payloadHash,
    pathForm: request.service === 's3' ? 'as-sent' : 'normalised',
  });
  const key = signingKey(request.credentials.secretAccessKey, scope);
  return { scope: scopeText(scope), signature: sign(key, stringToSign(timestamp, scope, canonical)) };
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
