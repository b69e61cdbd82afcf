import { ALGORITHM, parseAmzDate } from '@slipway/sigv4';
import { refuse } from '../common-errors.ts';
import type { Route } from '../face.ts';

/** A signature as the request states it, from the header or the query. */
export interface StatedSignature {
  readonly in: 'header' | 'query';
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260101T120000Z`, and the same in ms UTC. */
  readonly timestamp: string;
  readonly time: number;
  readonly sessionToken?: string;
  /** Seconds; presigned requests only. */
  readonly expires?: number;
}

/** Undefined when the request is not signed at all. */
export function parseSignature(route: Route): StatedSignature | undefined {
  const { headers } = route.request;
  const authorization = headers['authorization'];
  if (authorization !== undefined) {
    if (route.query.has('X-Amz-Signature')) throw refuse('IncompleteSignatureException', 'Only one auth mechanism allowed; the request has both an Authorization header and X-Amz-Signature.');
    return fromHeader(authorization, headers);
  }
  if (route.query.has('X-Amz-Algorithm') || route.query.has('X-Amz-Signature')) return fromQuery(route.query);
  return undefined;
}

function fromHeader(authorization: string, headers: Route['request']['headers']): StatedSignature {
  if (!authorization.startsWith(ALGORITHM)) throw refuse('IncompleteSignatureException', `Unsupported authorization type: '${authorization.split(' ', 1)[0]}'.`);
  const fields = new Map(authorization.slice(ALGORITHM.length).split(',').map((field) => {
    const equals = field.indexOf('=');
    return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()] as const;
  }));
  for (const name of ['Credential', 'Signature', 'SignedHeaders']) {
    if (!fields.get(name)) throw refuse('IncompleteSignatureException', `Authorization header requires '${name}' parameter.`);
  }
  const date = headers['x-amz-date'] ?? headers['date'];
  if (date === undefined) {
    throw refuse('IncompleteSignatureException', "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  return {
    in: 'header',
    ...credential(fields.get('Credential')!),
    ...timestampOf(date),
    signedHeaders: signedHeaders(fields.get('SignedHeaders')!),
    signature: fields.get('Signature')!,
    ...(headers['x-amz-security-token'] !== undefined && { sessionToken: headers['x-amz-security-token'] }),
  };
}

/** A week, the longest that a presigned request may live. */
const LONGEST_EXPIRY = 604_800;

function fromQuery(query: URLSearchParams): StatedSignature {
  const required = (name: string): string => {
    const value = query.get(name);
    if (!value) throw refuse('IncompleteSignatureException', `AWS query-string parameters must include '${name}'.`);
    return value;
  };
  if (required('X-Amz-Algorithm') !== ALGORITHM) throw refuse('IncompleteSignatureException', `'X-Amz-Algorithm' must be '${ALGORITHM}'.`);
  const expires = Number(query.get('X-Amz-Expires') ?? 300);
  if (!Number.isInteger(expires) || expires < 0 || expires > LONGEST_EXPIRY) {
    throw refuse('IncompleteSignatureException', `X-Amz-Expires must be between 0 and ${LONGEST_EXPIRY} seconds.`);
  }
  const sessionToken = query.get('X-Amz-Security-Token');
  return {
    in: 'query',
    ...credential(required('X-Amz-Credential')),
    ...timestampOf(required('X-Amz-Date')),
    signedHeaders: signedHeaders(required('X-Amz-SignedHeaders')),
    signature: required('X-Amz-Signature'),
    expires,
    ...(sessionToken !== null && { sessionToken }),
  };
}

/** Each once: a long header named a thousand times would be copied as often before the signature turns out wrong. */
function signedHeaders(text: string): string[] {
  const names = text.toLowerCase().split(';');
  if (new Set(names).size !== names.length) throw refuse('IncompleteSignatureException', 'SignedHeaders must name each header once.');
  return names;
}

function credential(text: string): Pick<StatedSignature, 'accessKeyId' | 'date' | 'region' | 'service'> {
  const [accessKeyId, date, region, service, end, ...more] = text.split('/');
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || more.length > 0) {
    throw refuse('IncompleteSignatureException', 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.');
  }
  return { accessKeyId, date, region, service };
}

function timestampOf(text: string): { timestamp: string; time: number } {
  const exact = parseAmzDate(text);
  if (exact !== undefined) return { timestamp: text, time: exact };
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw refuse('IncompleteSignatureException', `Date must be in ISO-8601 'basic format'. Got '${text}'.`);
  return { timestamp: new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, ''), time };
}
