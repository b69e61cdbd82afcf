import type { WireResponse } from '../face.ts';

/** What S3 does otherwise than restXml says. */

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** `aws-chunked` says how the body travelled and is no property of the object. */
export function afterDecode(input: Record<string, unknown>): Record<string, unknown> {
  const encoding = input['ContentEncoding'];
  if (typeof encoding !== 'string' || !encoding.includes('aws-chunked')) return input;
  const { ContentEncoding: _, ...rest } = input;
  const kept = encoding.split(',').map((each) => each.trim()).filter((each) => each !== 'aws-chunked').join(',');
  return kept === '' ? rest : { ...rest, ContentEncoding: kept };
}

const PARTIAL_CONTENT = 206;

export function afterEncode(operation: string, output: Record<string, unknown>, response: WireResponse): WireResponse {
  switch (operation) {
    case 'GetObject': case 'HeadObject':
      return output['ContentRange'] === undefined ? response : { ...response, status: PARTIAL_CONTENT };
    case 'GetBucketLocation': return bucketLocation(output['LocationConstraint'] as string | undefined, response);
    default: return response;
  }
}

const ERROR_HEADERS: Readonly<Record<string, string>> = { BucketRegion: 'x-amz-bucket-region', DeleteMarker: 'x-amz-delete-marker', DeleteMarkerVersionId: 'x-amz-version-id', ETag: 'etag' };

/** What a refusal says in headers too: a client that sent HEAD or has the object already sees nothing else. */
export function errorHeaders(detail: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(ERROR_HEADERS).flatMap(([name, header]) => (detail[name] === undefined ? [] : [[header, String(detail[name])]])));
}

/** The constraint is the document's root itself, and empty in us-east-1. */
function bucketLocation(constraint: string | undefined, response: WireResponse): WireResponse {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="${NAMESPACE}">${constraint ?? ''}</LocationConstraint>`);
  return { ...response, headers: { ...response.headers, 'content-length': String(body.length) }, body };
}
