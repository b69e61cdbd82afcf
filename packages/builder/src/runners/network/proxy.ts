import { lookup } from 'node:dns/promises';
import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList, connect, isIP } from 'node:net';
import type { Server, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from './join.ts';

export interface ProxyRules {
  /** Whether the outside may be reached at all. */
  readonly outside: boolean;
  /** `host:port` that may be reached in any case: the server's own endpoint. */
  readonly always?: string;
}

/** Nothing of these is outside: this machine, unset addresses, and where clouds hand out credentials: link-local addresses and a few others. */
const CLOSED = new BlockList();
for (const [address, prefix] of [['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 3], ['100.100.100.200', 32], ['168.63.129.16', 32], ['192.0.0.192', 32]] as const) CLOSED.addSubnet(address, prefix, 'ipv4');
for (const [address, prefix] of [['::', 127], ['fe80::', 10], ['fd00:ec2::', 32], ['ff00::', 8]] as const) CLOSED.addSubnet(address, prefix, 'ipv6');
// Addresses of the fourth version in the clothes of the sixth are taken for what they are by `plainAddress`; the translated ones are closed.
for (const [address, prefix] of [['64:ff9b::', 96], ['2002::', 16], ['::ffff:0:0:0', 96], ['::', 96]] as const) CLOSED.addSubnet(address, prefix, 'ipv6');

/** Serves an HTTP proxy on a socket that listens in a build's network: CONNECT, and plain requests with a whole URL. */
export function serveProxy(server: Server, sockets: Set<Socket>, rules: ProxyRules): void {
  const http = createServer((incoming, outgoing) => {
    forward(incoming, outgoing, rules).catch((error: unknown) => refuse(outgoing, error));
  });
  http.on('connect', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    tunnel(incoming, socket, head, sockets, rules).catch((error: unknown) => {
      socket.end(`HTTP/1.1 ${error instanceof Refused ? '403 Forbidden' : '502 Bad Gateway'}\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${words(error)}\n`);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    http.emit('connection', socket);
  });
}

/** The address is closed to builds. */
class Refused extends Error {
  override readonly name = 'Refused';
}

async function tunnel(incoming: IncomingMessage, socket: Socket, head: Buffer, sockets: Set<Socket>, rules: ProxyRules): Promise<void> {
  const url = new URL(`http://${incoming.url ?? ''}`);
  const port = Number(url.port || 80);
  const upstream = connect({ host: await reachable(url.hostname, port, rules), port });
  await new Promise<void>((resolve, reject) => upstream.once('connect', resolve).once('error', reject));
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.length > 0) upstream.write(head);
  join(socket, upstream, sockets);
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

async function forward(incoming: IncomingMessage, outgoing: ServerResponse, rules: ProxyRules): Promise<void> {
  const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined;
  if (url?.protocol !== 'http:') throw new Refused('This is a proxy: it takes http:// URLs and CONNECT');
  const port = Number(url.port || 80);
  const host = await reachable(url.hostname, port, rules);
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
  const upstream = request({ host, port, method: incoming.method, path: `${url.pathname}${url.search}`, headers: { ...headers, host: url.host }, agent: false });
  upstream.on('error', (error) => refuse(outgoing, error));
  upstream.on('response', (response) => {
    const passed = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
    outgoing.writeHead(response.statusCode ?? 502, passed);
    response.pipe(outgoing);
    response.on('error', () => outgoing.destroy());
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

function refuse(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(error instanceof Refused ? 403 : 502, { 'content-type': 'text/plain', connection: 'close' }).end(`${words(error)}\n`);
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The address to connect to: looked up once, so that what was checked is what is reached. */
async function reachable(hostname: string, port: number, { outside, always }: ProxyRules): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const isServer = always === `${hostname}:${port}`;
  // Before the name is looked up: names alone can carry something outside.
  if (!outside && !isServer) throw new Refused(`Builds reach nothing but the server here, not ${hostname}:${port}`);
  const address = isIP(host) ? host : (await lookup(host)).address;
  if (isServer) return address;
  if (isClosed(address)) throw new Refused(`Builds do not reach this machine nor link-local addresses: ${hostname} is ${address}`);
  return address;
}

export function isClosed(address: string): boolean {
  const plain = plainAddress(address);
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((one) => one.address));
  return CLOSED.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6') || own.includes(plain);
}

/** `::ffff:127.0.0.1` in any spelling is 127.0.0.1. */
function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [parseInt(mapped[1] ?? '', 16), parseInt(mapped[2] ?? '', 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
