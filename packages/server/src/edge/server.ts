import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { AccessKeys } from '../kernel/access.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Dispatcher } from '../kernel/dispatch.ts';
import type { Door } from '../kernel/door.ts';
import { ServiceError } from '../kernel/errors.ts';
import { uuid } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Call } from '../kernel/service.ts';
import { wireRequest, type Route, type Wire } from '../wire/index.ts';
import { maxConnections, maxHeaderBytes, requestTimeoutMs } from './limits.ts';
import { openAnswer } from './open.ts';
import { send } from './send.ts';

export interface EdgeDeps {
  readonly wire: Wire;
  readonly dispatcher: Dispatcher;
  readonly accessKeys: AccessKeys;
  readonly doors: readonly Door[];
  /** Whether a region exists; requests signed for another are refused. */
  readonly regionExists: (region: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly maxConnections?: number;
}

export interface Edge {
  listen(port: number, address: string): Promise<AddressInfo>;
  /** Stops accepting, aborts what is open, resolves when the last connection is gone. */
  close(): Promise<void>;
}

/** What is known of a request before anything in it is believed. */
interface Visit {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly path: string;
  readonly endpoint: string;
  readonly secure: boolean;
  readonly signal: AbortSignal;
}

/** The one HTTP(S) endpoint. The steps of a request stand in `answer`, in order. */
export function createEdge(deps: EdgeDeps): Edge {
  const open = new Set<AbortController>();
  const serving = new Set<Promise<void>>();

  const listener: RequestListener = (message, response) => {
    const done = answer(visit(message, response)).catch((error: unknown) => breakOff(response, error)).finally(() => serving.delete(done));
    serving.add(done);
  };

  /** The last resort of a request whose failure could not be answered either: without it one request would end the process. */
  function breakOff(response: ServerResponse, error: unknown): void {
    response.destroy();
    deps.log.error('answering failed', { error });
  }

  function visit(message: IncomingMessage, response: ServerResponse): Visit {
    const gone = new AbortController();
    open.add(gone);
    response.once('close', () => {
      open.delete(gone);
      // Aborting makes an error with its stack, too dear for every answer that was sent whole.
      if (!response.writableFinished) gone.abort();
    });
    const secure = deps.tls !== undefined;
    return {
      message,
      response,
      requestId: uuid(),
      path: (message.url ?? '/').split('?', 1)[0] ?? '/',
      endpoint: `${secure ? 'https' : 'http'}://${message.headers.host ?? 'localhost'}`,
      secure,
      signal: gone.signal,
    };
  }

  async function answer(at: Visit): Promise<void> {
    const method = at.message.method ?? 'GET';
    const host = at.message.headers.host ?? '';
    const query = (at.message.url ?? '').slice(at.path.length + 1);
    const signed = isSigned(at.message);
    const door = deps.doors.find((candidate) => candidate.matches({ method, host, path: at.path, query, signed }));
    if (door) return enterDoor(door, at);
    const open = openAnswer({ method, path: at.path, signed });
    if (open) {
      at.message.resume();
      return send(at, { status: open.status, headers: { 'content-type': open.contentType, 'content-length': String(Buffer.byteLength(open.body)) }, body: Buffer.from(open.body) }, deps.log);
    }
    return answerOperation(at);
  }

  async function answerOperation(at: Visit): Promise<void> {
    const started = performance.now();
    let route: Route | undefined;
    let caller: string | undefined;
    try {
      const request = wireRequest(at.message);
      route = await deps.wire.route(request);
      const verified = await deps.wire.verifySignature(route, { accessKeys: deps.accessKeys, now: deps.clock.now() });
      caller = verified.caller.arn;
      refuseUnknownRegion(verified.region);
      const input = await deps.wire.decode(route, verified.body);
      const call: Call = {
        caller: verified.caller,
        account: verified.caller.account,
        region: verified.region,
        requestId: at.requestId,
        endpoint: at.endpoint,
        sourceIp: at.message.socket.remoteAddress,
        userAgent: at.message.headers['user-agent'],
        secure: at.secure,
        signal: at.signal,
        headers: request.headers,
      };
      const output = await deps.dispatcher.call(route.contract.service, route.operation ?? '', input, call);
      await send(at, deps.wire.encode(route, output, at.requestId), deps.log);
      deps.log.info('call', { requestId: at.requestId, service: route.contract.service, operation: route.operation, caller, status: at.response.statusCode, ms: since(started) });
    } catch (error) {
      await refuse(at, route, error, { caller, ms: since(started) });
    }
  }

  async function refuse(at: Visit, route: Route | undefined, error: unknown, fields: Record<string, unknown>): Promise<void> {
    const about = { requestId: at.requestId, service: route?.contract.service, operation: route?.operation, ...fields };
    if (error instanceof ServiceError) deps.log.info('refused', { ...about, error: error.name, reason: error.message });
    else if (!at.signal.aborted) deps.log.error('failed', { ...about, error });
    // What is left of an unread body would otherwise hold the connection.
    at.message.resume();
    if (at.response.headersSent) at.response.destroy();
    else await send(at, deps.wire.encodeError(route, error, at.requestId), deps.log);
  }

  async function enterDoor(door: Door, at: Visit): Promise<void> {
    try {
      await door.handle(at.message, at.response, { requestId: at.requestId, endpoint: at.endpoint, sourceIp: at.message.socket.remoteAddress, signal: at.signal });
    } catch (error) {
      if (!at.signal.aborted) deps.log.error('door failed', { door: door.name, requestId: at.requestId, error });
      if (at.response.headersSent) at.response.destroy();
      else at.response.writeHead(500, { 'content-type': 'text/plain' }).end(`Internal error, request ${at.requestId}\n`);
    }
  }

  function refuseUnknownRegion(region: string): void {
    if (!deps.regionExists(region)) throw new ServiceError('InvalidSignatureException', `Credential should be scoped to a valid region, not '${region}'.`, { status: 403 });
  }

  const options = { maxHeaderSize: maxHeaderBytes, requestTimeout: requestTimeoutMs, keepAliveTimeout: 65_000, noDelay: true };
  const server: Server = deps.tls ? createHttpsServer({ ...options, ...deps.tls }, listener) : createHttpServer(options, listener);

  server.maxConnections = deps.maxConnections ?? maxConnections;
  let full = false;
  server.on('connection', () => (full = false));
  server.on('drop', (dropped) => {
    // Once, not for each: who floods us should not flood the log too.
    if (!full) deps.log.warn('connections are closed: there are as many as can be', { limit: server.maxConnections, from: dropped?.remoteAddress });
    full = true;
  });

  return {
    listen: (port, address) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, address, () => {
          server.off('error', reject);
          // Such as the want of file descriptors for a new connection. The others go on.
          server.on('error', (error) => deps.log.error('a connection was not accepted', { error }));
          resolve(server.address() as AddressInfo);
        });
      }),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const gone of open) gone.abort();
      server.closeAllConnections();
      await Promise.allSettled(serving);
      await closed;
    },
  };
}

function isSigned(message: IncomingMessage): boolean {
  return message.headers.authorization !== undefined || /[?&](X-Amz-Signature|AWSAccessKeyId)=/.test(message.url ?? '');
}

const since = (started: number): number => Math.round((performance.now() - started) * 100) / 100;
