import type { Readable } from 'node:stream';
import type { Contract } from '@slipway/contracts';
import type { WireError } from '../common-errors.ts';
import type { Route, WireResponse } from '../face.ts';

/** One protocol, both ways. A table in `index.ts` maps each protocol to its codec. */
export interface Codec {
  /** @throws ServiceError SerializationException for what cannot be read. */
  decode(route: Route & { readonly operation: string }, body: Buffer | Readable): unknown;
  encode(route: Route & { readonly operation: string }, output: unknown, requestId: string): WireResponse;
  /** `contract` is undefined when no service was found. */
  encodeError(contract: Contract | undefined, error: WireError, requestId: string): WireResponse;
}

export function textResponse(status: number, contentType: string, text: string, headers: Readonly<Record<string, string>>): WireResponse {
  const body = Buffer.from(text, 'utf8');
  return { status, headers: { ...headers, ...(text !== '' && { 'content-type': contentType }), 'content-length': String(body.length) }, body };
}
