import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Readonly<Record<string, string>>;
}

/** An HTTP endpoint that keeps what comes and answers as it is told. */
export interface Sink {
  readonly url: string;
  readonly received: Received[];
  /** By default 200. */
  respond: (received: Received, request: IncomingMessage, response: ServerResponse) => void;
  /** The first request, past or to come, that is accepted. */
  until(accepts: (received: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

export async function httpSink(): Promise<Sink> {
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks).toString();
      let json: Record<string, string> = {};
      try {
        json = JSON.parse(body) as Record<string, string>;
      } catch {
        // Raw bodies need not be JSON.
      }
      const received = { headers: request.headers, body, json };
      sink.received.push(received);
      sink.respond(received, request, response);
      for (const wake of waiting) wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sink: Sink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sink`,
    received: [],
    respond: (_received, _request, response) => response.writeHead(200).end(),
    async until(accepts) {
      for (;;) {
        const found = sink.received.find(accepts);
        if (found) return found;
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return sink;
}

export const isType = (type: string) => (received: Received): boolean => received.headers['x-amz-sns-message-type'] === type;
