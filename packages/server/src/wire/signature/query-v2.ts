import { createHmac } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sameSignature, signingKey, UNSIGNED_PAYLOAD } from '@slipway/sigv4';
import type { AccessKeys } from '../../kernel/access.ts';
import { ServiceError } from '../../kernel/errors.ts';
import { refuse } from '../common-errors.ts';
import type { Route, Verified } from '../face.ts';
import { splitUrl } from '../request.ts';
import { bucketOfHost } from '../route-s3.ts';
import { checkedPayload } from './payload.ts';

/**
 * Presigned URLs of Signature Version 2 (`AWSAccessKeyId`, `Expires`, `Signature`): what version 1 of the aws CLI and
 * boto3 still make for S3 unless told otherwise. Requests signed so in a header are not answered: no current client sends them.
 */
export function isQueryV2(route: Route): boolean {
  return route.contract.signingName === 's3' && route.query.has('AWSAccessKeyId') && route.query.has('Signature');
}

/** Such a signature names no region; `region` is the one that the server stands for. */
export async function verifyQueryV2(route: Route, context: { readonly accessKeys: AccessKeys; readonly now: number; readonly region: string }): Promise<Omit<Verified, 'body'> & { readonly body: Readable }> {
  const { query } = route;
  refuseUnsigned(route);
  const accessKeyId = query.get('AWSAccessKeyId') ?? '';
  const expires = Number(query.get('Expires') ?? '');
  if (!Number.isSafeInteger(expires) || expires <= 0) throw new ServiceError('AccessDenied', 'Invalid date (should be seconds since epoch)', { status: 403 });
  if (context.now > expires * 1000) {
    throw new ServiceError('AccessDenied', 'Request has expired', { status: 403, detail: { Expires: new Date(expires * 1000).toISOString(), ServerTime: new Date(context.now).toISOString() } });
  }
  const key = await context.accessKeys.find(accessKeyId);
  if (!key) throw refuse('UnrecognizedClientException', 'The AWS Access Key Id you provided does not exist in our records.', { AWSAccessKeyId: accessKeyId });
  const token = query.get('x-amz-security-token') ?? undefined;
  if (key.sessionToken === undefined ? token !== undefined : !sameSignature(token ?? '', key.sessionToken)) {
    throw new ServiceError('InvalidToken', 'The provided token is malformed or otherwise invalid.', { status: 400 });
  }
  if (key.expiration !== undefined && key.expiration <= context.now) throw refuse('ExpiredTokenException', 'The provided token has expired.');

  const stated = query.get('Signature') ?? '';
  const signature = createHmac('sha1', key.secretAccessKey).update(stringToSign(route, resource(route))).digest('base64');
  if (!sameSignature(signature, stated)) {
    throw refuse('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. Check your key and signing method.', { AWSAccessKeyId: accessKeyId });
  }
  const scope = { date: '', region: context.region, service: 's3' };
  const body = checkedPayload(route, UNSIGNED_PAYLOAD, { key: signingKey(key.secretAccessKey, scope), timestamp: '', scope, seed: '' });
  return { caller: key.caller, region: context.region, body };
}

/** The query parameters that are part of the resource and thus signed. */
const SIGNED_PARAMETERS: ReadonlySet<string> = new Set([
  'accelerate', 'acl', 'analytics', 'cors', 'defaultObjectAcl', 'delete', 'inventory', 'lifecycle', 'location', 'logging', 'metrics', 'notification', 'object-lock',
  'partNumber', 'policy', 'replication', 'requestPayment', 'response-cache-control', 'response-content-disposition', 'response-content-encoding',
  'response-content-language', 'response-content-type', 'response-expires', 'restore', 'select', 'select-type', 'storageClass', 'tagging', 'torrent', 'uploadId',
  'uploads', 'versionId', 'versioning', 'versions', 'website',
]);

/**
 * The path as sent, behind the bucket where the host names it. Nothing else: with the path alone a URL for `/a/b` would
 * open `b`'s namesakes in every other bucket, since this version does not sign the host.
 */
function resource(route: Route): string {
  const signed = [...route.query].filter(([name]) => SIGNED_PARAMETERS.has(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const bare = new Set(splitUrl(route.request.url).query.split('&'));
  const parameters = signed.map(([name, value]) => (value === '' && bare.has(name) ? name : `${name}=${value}`)).join('&');
  const bucket = bucketOfHost(route.request.headers['host'] ?? '');
  return `${bucket === undefined ? '' : `/${bucket}`}${route.path}${parameters === '' ? '' : `?${parameters}`}`;
}

/** A sub-resource that is not signed would let whoever has the URL choose another operation on the same resource. */
function refuseUnsigned(route: Route): void {
  const http = route.operation === undefined ? undefined : route.contract.operations[route.operation]?.http;
  for (const [name] of new URLSearchParams(http?.uri.split('?')[1])) {
    if (!SIGNED_PARAMETERS.has(name) && !HARMLESS_PARAMETERS.has(name)) {
      throw new ServiceError('AccessDenied', `The parameter ${name} is not covered by Signature Version 2; sign with version 4.`, { status: 403 });
    }
  }
}

/** Forms of an operation that reads the same with and without them. */
const HARMLESS_PARAMETERS: ReadonlySet<string> = new Set(['list-type', 'x-id']);

function stringToSign(route: Route, resource: string): string {
  const { headers, method } = route.request;
  const given = (name: string): string => headers[name] ?? route.query.get(name) ?? '';
  const amz = new Map<string, string>();
  for (const [name, value] of route.query) if (name.toLowerCase().startsWith('x-amz-')) amz.set(name.toLowerCase(), value);
  for (const [name, value] of Object.entries(headers)) if (name.startsWith('x-amz-') && value !== undefined) amz.set(name, value);
  const lines = [...amz].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}:${value.trim()}\n`).join('');
  return `${method}\n${given('content-md5')}\n${given('content-type')}\n${route.query.get('Expires')}\n${lines}${resource}`;
}
