import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { refuse } from './common-errors.ts';
import type { WireRequest } from './face.ts';

/** Node's request as the wire sees it. */
export function wireRequest(message: IncomingMessage): WireRequest {
  // Clients choose which names are looked up, `constructor` among them.
  const headers = Object.create(null) as Record<string, string | undefined>;
  for (const [name, value] of Object.entries(message.headers)) headers[name] = Array.isArray(value) ? value.join(',') : value;
  return { method: message.method ?? 'GET', url: message.url ?? '/', headers, body: message };
}

/** @throws ServiceError RequestEntityTooLarge as soon as more than `limit` bytes have come or are announced. */
export async function readAll(body: Readable, limit: number, announced?: string): Promise<Buffer> {
  if (Number(announced ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  // Destroying the request on the way out would close the socket before the refusal is sent.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(limit: number): Error {
  return refuse('RequestEntityTooLarge', `Request body is larger than ${limit} bytes.`);
}

/** Path and query of a request's target, undecoded. A proxy's absolute form is accepted. */
export function splitUrl(url: string): { path: string; query: string } {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target || '/', query: '' } : { path: target.slice(0, mark) || '/', query: target.slice(mark + 1) };
}
