import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest silence on the connection. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

// More sockets than commands can run: a held poll never delays a report.
const plain = new http.Agent({ keepAlive: true, maxSockets: 32 });
const secure = new https.Agent({ keepAlive: true, maxSockets: 32, ...certificates() });

/** AWS_CA_BUNDLE, the variable by which AWS's own tools learn of a private CA. */
function certificates(): { ca?: string } {
  const file = process.env['AWS_CA_BUNDLE'];
  return file === undefined || file === '' ? {} : { ca: readFileSync(file, 'utf8') };
}

/** Sends one request; answers as soon as the headers are there, the body unread. */
export function send(request: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const tls = request.url.protocol === 'https:';
    const outgoing = (tls ? https : http).request(request.url, {
      method: request.method,
      headers: request.headers,
      agent: tls ? secure : plain,
      timeout: request.timeoutMs,
      signal: request.signal,
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer from ${request.url.origin} for ${request.timeoutMs / 1000} seconds`)));
    outgoing.once('error', reject);
    outgoing.once('response', resolve);
    outgoing.end(request.body);
  });
}

/** The body as text; an answer longer than `most` bytes is an error. */
export async function textOf(response: IncomingMessage, most = 4 * 1024 * 1024): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most) throw new Error(`an answer of more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
