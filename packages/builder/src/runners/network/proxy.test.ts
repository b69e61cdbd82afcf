import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { serveProxy } from './proxy.ts';
import type { ReachRules } from './reach.ts';

const closing: { close(): unknown }[] = [];

afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

async function listening(address: string, says: string, port = 0): Promise<Server> {
  const server = createServer((_, response) => response.end(says)).listen(port, address);
  await once(server, 'listening');
  closing.push(server);
  return server;
}

async function proxy(rules: ReachRules): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  serveProxy(server, sockets, rules);
  closing.push(server, { close: () => sockets.forEach((socket) => socket.destroy()) });
  return portOf(server);
}

async function get(port: number, url: string): Promise<string> {
  const [response] = await once(request({ host: '127.0.0.1', port, path: url, headers: { host: new URL(url).host }, agent: false }).end(), 'response');
  return `${response.statusCode} ${await text(response)}`;
}

async function tunnel(port: number, authority: string): Promise<number> {
  const [response, socket] = await once(request({ host: '127.0.0.1', port, method: 'CONNECT', path: authority, agent: false }).end(), 'connect');
  socket.destroy();
  return response.statusCode;
}

test('a name leads to the addresses that were judged, however it resolves a moment later', async () => {
  const open = await listening('127.0.0.2', 'open');
  await listening('127.0.0.1', 'closed', portOf(open));
  let asked = 0;
  const port = await proxy({ outside: true, allow: ['127.0.0.2/32'], resolver: async () => (asked++ % 2 === 0 ? ['127.0.0.2'] : ['127.0.0.1']) });
  expect(await get(port, `http://rebinding.example:${portOf(open)}/`)).toBe('200 open');
  expect(await get(port, `http://rebinding.example:${portOf(open)}/`)).toMatch(/^403 Builds reach public addresses/);
  expect(await tunnel(port, `rebinding.example:${portOf(open)}`)).toBe(200);
  expect(await tunnel(port, `rebinding.example:${portOf(open)}`)).toBe(403);
  expect(asked).toBe(4);
});

test('no connection is made for whoever is gone before the name is known', async () => {
  const upstream = createTcpServer().listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  closing.push(upstream);
  let resolved: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => {
    resolved = resolve;
  });
  let answer: (() => void) | undefined;
  const named = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let connections = 0;
  upstream.on('connection', () => (connections += 1));
  const port = await proxy({ outside: true, allow: ['127.0.0.0/8'], resolver: async () => {
    resolved?.();
    await named;
    return ['127.0.0.1'];
  } });
  const asking = connect(port, '127.0.0.1');
  asking.write(`CONNECT slow.example:${portOf(upstream)} HTTP/1.1\r\nhost: slow.example\r\n\r\n`);
  await begun;
  asking.destroy();
  await once(asking, 'close');
  // The proxy sees the end of what it was asked by before the name is known.
  await tunnel(port, '127.0.0.1:1');
  answer?.();
  expect(await tunnel(port, `127.0.0.1:${portOf(upstream)}`)).toBe(200);
  expect(connections).toBe(1);
});

test('of a name with open and closed addresses the open ones are tried', async () => {
  const open = await listening('127.0.0.2', 'open');
  await listening('127.0.0.1', 'closed', portOf(open));
  const port = await proxy({ outside: true, allow: ['127.0.0.2/32'], resolver: async () => ['127.0.0.1', '127.0.0.2'] });
  expect(await get(port, `http://mixed.example:${portOf(open)}/`)).toBe('200 open');
});

test('the request keeps the name that the build has asked for', async () => {
  const server = createServer((incoming, response) => response.end(incoming.headers.host)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(server);
  const port = await proxy({ outside: true, allow: ['127.0.0.0/8'], resolver: async () => ['127.0.0.1'] });
  expect(await get(port, `http://named.example:${portOf(server)}/`)).toBe(`200 named.example:${portOf(server)}`);
});

test('an answer that is none of HTTP is refused, and the next request served', async () => {
  const odd = createTcpServer((socket) => socket.end('HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n')).listen(0, '127.0.0.1');
  await once(odd, 'listening');
  closing.push(odd);
  const open = await listening('127.0.0.1', 'open');
  const port = await proxy({ outside: true, allow: ['127.0.0.0/8'] });
  expect(await get(port, `http://127.0.0.1:${portOf(odd)}/`)).toMatch(/^502 /);
  expect(await get(port, `http://127.0.0.1:${portOf(open)}/`)).toBe('200 open');
});
