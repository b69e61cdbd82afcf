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

/**
 * By events rather than by iterating, which costs several times as much for the one piece that most bodies are.
 * @throws ServiceError RequestEntityTooLarge as soon as more than `limit` bytes have come or are announced.
 */
export function readAll(body: Readable, limit: number, announced?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= limit) return;
      // Not destroyed: for a request that would close the socket before the refusal is sent.
      body.off('data', take).pause();
      reject(tooLarge(limit));
    };
    const end = (): void => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
    const close = (): void => {
      if (!body.readableEnded) reject(new Error('The body broke off'));
    };
    if (Number(announced ?? 0) > limit) reject(tooLarge(limit));
    else if (body.destroyed) reject(new Error('The body broke off'));
    else body.on('data', take).once('end', end).once('error', reject).once('close', close);
  });
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
