import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { loadContract } from '@slipway/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../kernel/dispatch.ts';
import type { Door } from '../kernel/door.ts';
import { systemClock } from '../kernel/clock.ts';
import { silent } from '../kernel/log.ts';
import { createWire } from '../wire/index.ts';
import { createEdge } from './server.ts';
import type { Edge } from './server.ts';

const broken: Door = {
  name: 'broken',
  matches({ path }) {
    if (path === '/broken/match') throw new Error('a door that cannot even tell');
    return path.startsWith('/broken');
  },
  async handle(_request, response) {
    response.setHeader('x-strange', 'fine');
    throw new Error('a door that fails');
  },
};

describe('the edge', () => {
  let edge: Edge;
  let port: number;
  const errors: string[] = [];
  beforeEach(async () => {
    errors.length = 0;
    edge = createEdge({
      wire: createWire({ contracts: [loadContract('sts'), loadContract('s3')] }),
      dispatcher: {} as Dispatcher,
      accessKeys: { find: async () => undefined },
      doors: [broken],
      regionExists: () => true,
      clock: systemClock,
      log: { ...silent, warn: (message) => void errors.push(message), error: (message) => void errors.push(message) },
      tls: undefined,
      maxConnections: 3,
    });
    ({ port } = await edge.listen(0, '127.0.0.1'));
  });
  afterEach(() => edge.close());

  const raw = async (request: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.end(request);
    return text(socket).catch((error: NodeJS.ErrnoException) => error.code ?? '');
  };
  const isAlive = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/_slipway/health`)).ok;

  it('breaks off a request whose failure cannot be answered, and goes on', async () => {
    expect(await raw('GET /broken/match HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    expect(errors).toEqual(['answering failed']);
    expect(await raw('GET /broken HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 500/);
    expect(await isAlive()).toBe(true);
  });

  it('closes connections beyond the limit, keeps the others, and takes new ones when one has gone', async () => {
    const open = [];
    for (let i = 0; i < 3; i++) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      open.push(socket);
    }
    // Accepting is the server's, so a round over one of them says that it has them all.
    open[2]!.write('GET /_slipway/health HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(open[2]!, 'data'))[0])).toMatch(/^HTTP\/1.1 200/);
    expect(await raw('GET /_slipway/health HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^$|^ECONNRESET|^EPIPE/);
    expect(await raw('GET /_slipway/health HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^$|^ECONNRESET|^EPIPE/);
    expect(errors).toEqual(['connections are closed: there are as many as can be']);
    open[0]!.write('GET /_slipway/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await text(open[0]!)).toMatch(/^HTTP\/1.1 200/);
    await expect.poll(isAlive).toBe(true);
    for (const socket of open) socket.destroy();
  });

  it.each([
    ['no HTTP', '\x16\x03\x01\x02\0\x01\0', /^HTTP\/1.1 400/],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1.1 400/],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', /^HTTP\/1.1 400/],
    ['a length and chunks', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1.1 400/],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`, /^HTTP\/1.1 431/],
    ['a target in absolute form', 'GET http://elsewhere/_slipway/../x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /^HTTP\/1.1 4/],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', /^$|^ECONNRESET/],
    ['another protocol to change to', 'GET /_slipway/health HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', /^HTTP\/1.1 200/],
    ['a body that breaks off', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nAction=', /^$|^HTTP\/1.1 4|^ECONNRESET/],
    ['requests in a row', 'GET /_slipway/health HTTP/1.1\r\nHost: x\r\n\r\nGET /broken HTTP/1.1\r\nHost: x\r\n\r\nGET /_slipway/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /200 OK[^]*500[^]*200 OK/],
  ])('outlives %s', async (_name, request, answer) => {
    expect(await raw(request)).toMatch(answer);
    expect(await isAlive()).toBe(true);
  });
});
