import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, isIP } from 'node:net';
import type { LookupFunction, Server, Socket } from 'node:net';
import { join, serveHttp } from './connections.ts';
import { Refused, createReach } from './reach.ts';
import type { Reach, ReachRules } from './reach.ts';

/** Serves an HTTP proxy on a socket that listens in a build's network: CONNECT, and plain requests with a whole URL. */
export function serveProxy(server: Server, sockets: Set<Socket>, rules: ReachRules): void {
  const reach = createReach(rules);
  const http = createServer((incoming, outgoing) => {
    forward(incoming, outgoing, reach).catch((error: unknown) => refuse(outgoing, error));
  });
  http.on('connect', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    tunnel(incoming, socket, head, sockets, reach).catch((error: unknown) => {
      socket.end(`HTTP/1.1 ${error instanceof Refused ? '403 Forbidden' : '502 Bad Gateway'}\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${words(error)}\n`);
    });
  });
  serveHttp(server, http, sockets);
}

async function tunnel(incoming: IncomingMessage, socket: Socket, head: Buffer, sockets: Set<Socket>, reach: Reach): Promise<void> {
  const url = new URL(`http://${incoming.url ?? ''}`);
  const port = Number(url.port || 80);
  const lookup = pinned(await reach(url.hostname, port));
  if (socket.destroyed) return;
  const upstream = connect({ host: 'judged', port, lookup });
  // Whoever asked may be gone before an address has answered, which may take minutes.
  socket.once('close', () => upstream.destroy(new Error('Nobody waits for the connection any more')));
  await new Promise<void>((resolve, reject) => upstream.once('connect', resolve).once('error', reject));
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.length > 0) upstream.write(head);
  join(socket, upstream, sockets);
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

async function forward(incoming: IncomingMessage, outgoing: ServerResponse, reach: Reach): Promise<void> {
  const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined;
  if (url?.protocol !== 'http:') throw new Refused('This is a proxy: it takes http:// URLs and CONNECT');
  const port = Number(url.port || 80);
  const lookup = pinned(await reach(url.hostname, port));
  if (outgoing.destroyed) return;
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
  const upstream = request({ host: 'judged', lookup, port, method: incoming.method, path: `${url.pathname}${url.search}`, headers: { ...headers, host: url.host }, agent: false });
  upstream.on('error', (error) => refuse(outgoing, error));
  upstream.on('response', (response) => {
    const passed = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
    response.on('error', () => outgoing.destroy());
    try {
      outgoing.writeHead(response.statusCode ?? 502, passed);
    } catch (error) {
      // Nobody outside may end this process with an answer that cannot be passed on.
      upstream.destroy();
      return refuse(outgoing, error);
    }
    response.pipe(outgoing);
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

function refuse(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(error instanceof Refused ? 403 : 502, { 'content-type': 'text/plain', connection: 'close' }).end(`${words(error)}\n`);
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Leads to these addresses whatever the name is. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all: wantsAll }, callback) => {
    if (wantsAll === true) callback(null, all);
    else callback(null, all[0]?.address ?? '', all[0]?.family);
  };
}
