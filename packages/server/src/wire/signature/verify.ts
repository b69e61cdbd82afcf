import type { Readable } from 'node:stream';
import { amzDate, canonicalRequest, sameSignature, sha256Hex, sign, signingKey, stringToSign, UNSIGNED_PAYLOAD } from '@slipway/sigv4';
import type { AccessKey, AccessKeys } from '../../kernel/access.ts';
import { ServiceError } from '../../kernel/errors.ts';
import { familyOf, refuse } from '../common-errors.ts';
import type { Family } from '../common-errors.ts';
import type { Route, Verified } from '../face.ts';
import { readAll, splitUrl } from '../request.ts';
import { isStreamingInput } from '../shapes.ts';
import type { ChunkSigning } from './chunked.ts';
import { parseSignature } from './parse.ts';
import type { StatedSignature } from './parse.ts';
import { checkedPayload } from './payload.ts';
import { isQueryV2, verifyQueryV2 } from './query-v2.ts';

const SKEW = 15 * 60_000;

export interface VerifyContext {
  readonly accessKeys: AccessKeys;
  /** ms UTC */
  readonly now: number;
  readonly maxBodyBytes: number;
  /** Of requests whose signature names none. */
  readonly region: string;
}

/** Establishes who sent a request and that it came as it was signed. */
export async function verifySignature(route: Route, context: VerifyContext): Promise<Verified> {
  if (isQueryV2(route)) {
    const verified = await verifyQueryV2(route, context);
    return isStreamingInput(route.contract, route.operation) ? verified : { ...verified, body: await readAll(verified.body, context.maxBodyBytes) };
  }
  const family = familyOf(route.contract);
  const stated = parseSignature(route);
  if (!stated) {
    throw refuse('MissingAuthenticationTokenException', family === 's3' ? 'Access Denied' : 'Request is missing Authentication Token');
  }
  checkScope(stated, route, family);
  checkTime(stated, context.now, family);
  const key = await context.accessKeys.find(stated.accessKeyId);
  if (!key) throw unknownKey(stated, family);
  checkToken(stated, key, context.now, family);

  const payload = await payloadOf(route, stated, context, family);
  const seed = checkSignature(route, stated, key, payload.hash, family);
  const body = payload.body ?? await streamedBody(route, stated, key, seed, payload.hash, context);
  return { caller: key.caller, region: stated.region, body };
}

function checkScope(stated: StatedSignature, route: Route, family: Family): void {
  if (!stated.timestamp.startsWith(stated.date)) {
    throw refuse('InvalidSignatureException', `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${stated.date}' != '${stated.timestamp.slice(0, 8)}'.`);
  }
  if (stated.service !== route.contract.signingName) {
    throw refuse('InvalidSignatureException', `Credential should be scoped to correct service: '${route.contract.signingName}'.`);
  }
  if (!stated.signedHeaders.includes('host')) throw refuse('InvalidSignatureException', "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  const { headers } = route.request;
  const loose = Object.keys(headers).filter((name) => mustBeSigned(name, family) && !stated.signedHeaders.includes(name));
  if (loose.length > 0) {
    const message = 'There were headers present in the request which were not signed';
    throw family === 's3' ? new ServiceError('AccessDenied', message, { status: 403, detail: { HeadersNotSigned: loose.join(', ') } }) : refuse('InvalidSignatureException', `${message}: ${loose.join(', ')}`);
  }
}

/** Headers that change what a request does. The payload's hash stands in the canonical request anyway. */
function mustBeSigned(name: string, family: Family): boolean {
  if (family === 's3') return name.startsWith('x-amz-') && name !== 'x-amz-content-sha256' && name !== 'x-amz-user-agent';
  return name === 'x-amz-target';
}

function checkTime(stated: StatedSignature, now: number, family: Family): void {
  const s3 = family === 's3';
  if (stated.in === 'query' && now > stated.time + stated.expires! * 1000) {
    const expired = amzDate(stated.time + stated.expires! * 1000);
    throw s3
      ? new ServiceError('AccessDenied', 'Request has expired', { status: 403, detail: { Expires: new Date(stated.time + stated.expires! * 1000).toISOString(), ServerTime: new Date(now).toISOString() } })
      : refuse('InvalidSignatureException', `Signature expired: ${expired} is now earlier than ${amzDate(now)}.`);
  }
  const early = stated.in === 'header' && stated.time < now - SKEW;
  const late = stated.time > now + SKEW;
  if (!early && !late) return;
  if (s3) {
    throw new ServiceError('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.', {
      status: 403,
      detail: { RequestTime: stated.timestamp, ServerTime: new Date(now).toISOString(), MaxAllowedSkewMilliseconds: SKEW },
    });
  }
  throw refuse('InvalidSignatureException', early
    ? `Signature expired: ${stated.timestamp} is now earlier than ${amzDate(now - SKEW)} (${amzDate(now)} - 15 min.)`
    : `Signature not yet current: ${stated.timestamp} is still later than ${amzDate(now + SKEW)} (${amzDate(now)} + 15 min.)`);
}

function unknownKey(stated: StatedSignature, family: Family): ServiceError {
  return family === 's3'
    ? refuse('UnrecognizedClientException', 'The AWS Access Key Id you provided does not exist in our records.', { AWSAccessKeyId: stated.accessKeyId })
    : refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
}

function checkToken(stated: StatedSignature, key: AccessKey, now: number, family: Family): void {
  // A permanent key with a token, or a temporary one without its own, is as good as unknown.
  const same = key.sessionToken === undefined ? stated.sessionToken === undefined : sameSignature(stated.sessionToken ?? '', key.sessionToken);
  if (!same) {
    throw family === 's3' && stated.sessionToken !== undefined
      ? new ServiceError('InvalidToken', 'The provided token is malformed or otherwise invalid.', { status: 400 })
      : unknownKey(stated, family);
  }
  if (key.expiration !== undefined && key.expiration <= now) {
    throw refuse('ExpiredTokenException', family === 's3' ? 'The provided token has expired.' : 'The security token included in the request is expired');
  }
}

/** The hash that was signed. Only S3 lets the client state it; elsewhere it is taken of the body itself. */
async function payloadOf(route: Route, stated: StatedSignature, context: VerifyContext, family: Family): Promise<{ hash: string; body?: Buffer }> {
  const claimed = route.request.headers['x-amz-content-sha256'];
  if (family === 's3') {
    const hash = claimed ?? (stated.in === 'query' ? UNSIGNED_PAYLOAD : undefined);
    if (hash === undefined) throw new ServiceError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256', { status: 400 });
    return { hash };
  }
  const body = route.buffered ?? await readAll(route.request.body, context.maxBodyBytes, route.request.headers['content-length']);
  return { hash: sha256Hex(body), body };
}

/** Answers the signature, which seeds the chain of chunk signatures. */
function checkSignature(route: Route, stated: StatedSignature, key: AccessKey, payloadHash: string, family: Family): string {
  const { path, query } = splitUrl(route.request.url);
  const signingSecret = signingKey(key.secretAccessKey, stated);
  // S3's clients sign the path as they send it; some of them let characters stand that S3 itself would escape.
  for (const pathForm of family === 's3' ? (['as-sent', 'encoded-once'] as const) : (['normalised', 'as-sent'] as const)) {
    const canonical = canonicalRequest({
      method: route.request.method, path, query, headers: route.request.headers, signedHeaders: stated.signedHeaders, payloadHash, pathForm,
    });
    if (sameSignature(sign(signingSecret, stringToSign(stated.timestamp, stated, canonical)), stated.signature)) return stated.signature;
  }
  throw family === 's3'
    ? refuse('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. Check your key and signing method.', { AWSAccessKeyId: stated.accessKeyId })
    : refuse('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.');
}

async function streamedBody(route: Route, stated: StatedSignature, key: AccessKey, seed: string, hash: string, context: VerifyContext): Promise<Buffer | Readable> {
  const signing: ChunkSigning = { key: signingKey(key.secretAccessKey, stated), timestamp: stated.timestamp, scope: stated, seed };
  const body = checkedPayload(route, hash, signing);
  if (isStreamingInput(route.contract, route.operation)) return body;
  return readAll(body, context.maxBodyBytes);
}
