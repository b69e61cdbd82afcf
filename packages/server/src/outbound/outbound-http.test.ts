import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createOutbound, OutboundFailed, OutboundRefused, type OutboundRequest } from './index.ts';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

interface Heard { readonly method: string | undefined; readonly url: string | undefined; readonly headers: IncomingMessage['headers']; readonly body: string }

async function listen(answer: RequestListener, address = '127.0.0.1'): Promise<{ port: number; heard: Heard[] }> {
  const heard: Heard[] = [];
  const server: Server = createServer((message, response) => {
    void text(message).then((body) => {
      heard.push({ method: message.method, url: message.url, headers: message.headers, body });
      answer(message, response);
    });
  });
  servers.push(server);
  await once(server.listen(0, address), 'listening');
  return { port: (server.address() as AddressInfo).port, heard };
}

const asked = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({ method: 'GET', url: new URL(url), timeout: 10_000, maxBody: 1000, ...more });

const names: Record<string, readonly string[]> = { 'here.example': ['127.0.0.1'], 'there.example': ['127.0.0.1'], 'inside.example': ['10.0.0.1'], 'half.example': ['1.1.1.1', '192.168.0.1'], 'nothing.example': [] };
const resolver = async (host: string): Promise<readonly string[]> => names[host] ?? Promise.reject(new Error('ENOTFOUND'));
const open = createOutbound({ allow: LOOPBACK, resolver });
const closed = createOutbound({ allow: [], resolver });

const to = (location: string, status = 302): RequestListener => (message, response) => {
  if (message.url === '/end') response.end('end');
  else response.writeHead(status, { location }).end();
};

const failing = async (request: OutboundRequest, from = open): Promise<OutboundFailed> => {
  const error = await from.request(request).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OutboundFailed);
  return error as OutboundFailed;
};

const speaking = async (words: string): Promise<number> => {
  const server = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(words)));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
};

describe('a request', () => {
  it('goes to the judged address under its own name, with its headers and its body', async () => {
    const { port, heard } = await listen((_message, response) => response.writeHead(201, { 'x-a': ['1', '2'] }).end('thanks'));
    const answer = await open.request(asked(`http://here.example:${port}/p?q=1`, { method: 'POST', headers: { 'X-Key': 'k', 'content-type': 'text/plain' }, body: 'hellö' }));
    expect(answer).toMatchObject({ status: 201, headers: { 'x-a': '1, 2' } });
    expect(answer.body.toString()).toBe('thanks');
    expect(heard[0]).toMatchObject({ method: 'POST', url: '/p?q=1', body: 'hellö', headers: { 'host': `here.example:${port}`, 'x-key': 'k', 'content-length': '6', 'connection': 'close' } });
  });

  it('takes bytes as well as text', async () => {
    const { port, heard } = await listen((_message, response) => response.end());
    await open.request(asked(`http://127.0.0.1:${port}/`, { method: 'PUT', body: Buffer.from('bytes') }));
    expect(heard[0]).toMatchObject({ body: 'bytes', headers: { 'content-length': '5' } });
  });

  it('reads no more of an endless answer than it was told', async () => {
    const { port } = await listen((_message, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1000)));
      };
      response.on('drain', more);
      more();
    });
    expect((await open.request(asked(`http://here.example:${port}/`, { maxBody: 1234 }))).body.toString()).toBe('x'.repeat(1234));
  });

  it.each(['Host', 'content-length', 'Transfer-Encoding', 'connection'])('frames itself: the header %s cannot be given', async (name) => {
    await expect(open.request(asked('http://here.example:1/', { headers: { [name]: 'x' } }))).rejects.toThrow(`the header '${name}' cannot be given`);
  });

  it('refuses a header that would become two', async () => {
    await expect(open.request(asked('http://here.example:1/', { headers: { 'x-a': 'b\r\nx-c: d' } }))).rejects.toBeInstanceOf(OutboundFailed);
  });
});

describe('an address', () => {
  it.each(['http://127.0.0.1', 'http://2130706433', 'http://0x7f.1', 'http://0177.0.0.1', 'http://[::1]', 'http://[::ffff:127.0.0.1]', 'http://[::ffff:7f00:1]', 'http://0', 'http://0.0.0.0', 'http://inside.example', 'http://half.example', 'http://169.254.169.254'])(
    'that is not public is refused, however it is written: %s',
    async (url) => {
      const { port, heard } = await listen((_message, response) => response.end());
      await expect(closed.request(asked(`${url}:${port}/`))).rejects.toBeInstanceOf(OutboundRefused);
      expect(heard).toEqual([]);
    },
  );

  it('is not told of a name that resolves to one', async () => {
    await expect(closed.request(asked('http://inside.example/'))).rejects.toThrow(/^inside\.example resolves to an address that is not public; .*SLIPWAY_ALLOW_ENDPOINTS/);
    await expect(closed.request(asked('http://inside.example/'))).rejects.not.toThrow('10.0.0.1');
  });

  it('is refused for localhost by the machine\'s own resolver', async () => {
    await expect(createOutbound({ allow: [] }).request(asked('http://localhost/'))).rejects.toBeInstanceOf(OutboundRefused);
  });

  it('is the one that was judged, even when the name resolves to another a moment later', async () => {
    const { port, heard } = await listen((_message, response) => response.end());
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    let resolved = 0;
    const rebinding = createOutbound({ allow: LOOPBACK, resolver: async () => answers[resolved++]! });
    expect((await rebinding.request(asked(`http://re.example:${port}/`))).status).toBe(200);
    expect([resolved, heard.length]).toEqual([1, 1]);
    await expect(rebinding.request(asked(`http://re.example:${port}/`))).rejects.toBeInstanceOf(OutboundRefused);
    expect(heard).toHaveLength(1);
  });

  it('is tried after another that does not answer', async () => {
    const { port } = await listen((_message, response) => response.end('here'));
    const two = createOutbound({ allow: LOOPBACK, resolver: async () => ['127.0.0.9', '127.0.0.1'] });
    expect((await two.request(asked(`http://two.example:${port}/`))).body.toString()).toBe('here');
  });

  it('that a resolver makes up is refused', async () => {
    await expect(createOutbound({ allow: LOOPBACK, resolver: async () => ['nonsense'] }).request(asked('http://x.example/'))).rejects.toBeInstanceOf(OutboundRefused);
  });

  it.each([
    ['ftp://here.example/', /'ftp:' is not http: or https:/], ['file:///etc/passwd', /'file:'/], ['http://user:secret@here.example/', /user or password/],
    ['http://user@here.example/', /user or password/], ['http://here.example:0/', /port 0/],
  ])('of a kind that is not requested is refused: %s', async (url, message) => {
    const refused = open.request(asked(url));
    await expect(refused).rejects.toBeInstanceOf(OutboundRefused);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow('secret');
  });

  it('resolves for those who connect themselves', async () => {
    expect(await open.resolve('here.example')).toEqual(['127.0.0.1']);
    expect(await open.resolve('[::1]')).toEqual(['::1']);
    expect(await closed.resolve('1.1.1.1')).toEqual(['1.1.1.1']);
    await expect(closed.resolve('half.example')).rejects.toBeInstanceOf(OutboundRefused);
    await expect(closed.resolve('::1%lo')).rejects.toBeInstanceOf(OutboundRefused);
    await expect(closed.resolve('gone.example')).rejects.toBeInstanceOf(OutboundFailed);
  });
});

describe('a redirect', () => {
  it('is answered, not followed, unless asked for', async () => {
    const { port } = await listen(to('/end'));
    expect(await open.request(asked(`http://here.example:${port}/`))).toMatchObject({ status: 302, headers: { location: '/end' } });
    expect((await open.request(asked(`http://here.example:${port}/`, { redirects: 1 }))).body.toString()).toBe('end');
  });

  it('is followed as often as asked for', async () => {
    const { port, heard } = await listen(to('/again'));
    expect(await open.request(asked(`http://here.example:${port}/`, { redirects: 3 }))).toMatchObject({ status: 302 });
    expect(heard).toHaveLength(4);
  });

  it.each(['http://169.254.169.254/latest/meta-data', 'http://inside.example/', 'http://[fd00::1]/', 'http://user:x@here.example/', 'file:///etc/passwd', '//10.0.0.1/'])('to an address that is not allowed is refused: %s', async (location) => {
    const { port } = await listen(to(location));
    await expect(open.request(asked(`http://here.example:${port}/`, { redirects: 5 }))).rejects.toBeInstanceOf(OutboundRefused);
  });

  it('keeps the body or becomes a GET, as its status says', async () => {
    for (const [status, method, body] of [[301, 'GET', ''], [302, 'GET', ''], [303, 'GET', ''], [307, 'POST', 'b'], [308, 'POST', 'b']] as const) {
      const { port, heard } = await listen(to('/end', status));
      await open.request(asked(`http://here.example:${port}/`, { method: 'POST', body: 'b', redirects: 1, headers: { 'x-key': 'k' } }));
      expect(heard[1]).toMatchObject({ method, body, url: '/end', headers: { 'x-key': 'k' } });
    }
  });

  it('to another origin is not told keys', async () => {
    const end = await listen((_message, response) => response.end());
    const { port } = await listen(to(`http://there.example:${end.port}/end`, 307));
    await open.request(asked(`http://here.example:${port}/`, { method: 'POST', body: 'b', redirects: 1, headers: { 'Authorization': 'Basic x', 'X-Api-Key': 'k', 'Content-Type': 'text/plain' } }));
    expect(end.heard[0]).toMatchObject({ body: 'b', headers: { 'content-type': 'text/plain' } });
    expect(end.heard[0]!.headers).not.toHaveProperty('authorization');
    expect(end.heard[0]!.headers).not.toHaveProperty('x-api-key');
  });

  it('to nowhere is answered', async () => {
    const { port } = await listen(to('http://['));
    expect(await open.request(asked(`http://here.example:${port}/`, { redirects: 1 }))).toMatchObject({ status: 302 });
  });
});

describe('no answer', () => {
  it.each(['gone.example', 'nothing.example'])('when the name does not resolve: %s', async (name) => {
    expect((await failing(asked(`http://${name}/`))).message).toBe(`${name} does not resolve`);
  });

  it('when nobody listens, or the one who does hangs up, speaks no HTTP, or breaks off', async () => {
    const silent = await speaking('');
    expect((await failing(asked(`http://here.example:${silent}/secret?token=x`))).message).toBe(`the request to here.example:${silent} failed: ECONNRESET`);
    await failing(asked(`http://here.example:${await speaking('220 mail ready\r\n')}/`));
    await failing(asked(`http://here.example:${await speaking('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')}/`));
    await failing(asked(`https://here.example:${await speaking('no TLS')}/`));
    expect((await failing(asked('http://127.0.0.1:1/'))).message).toBe('the request to 127.0.0.1:1 failed: ECONNREFUSED');
  });

  it('when the time is over: before the name resolves, before the answer, within it', async () => {
    const { port } = await listen((message, response) => void (message.url === '/half' && response.write('half')));
    for (const path of ['', 'half']) expect((await failing(asked(`http://here.example:${port}/${path}`, { timeout: 50 }))).message).toBe(`here.example:${port} did not answer within 50 ms`);
    const slow = createOutbound({ allow: LOOPBACK, resolver: () => new Promise(() => {}) });
    expect((await failing(asked('http://slow.example/', { timeout: 20 }), slow)).message).toBe('slow.example did not answer within 20 ms');
  });

  it('when the caller breaks off, before or on the way', async () => {
    const { port, heard } = await listen(() => {});
    await failing(asked(`http://here.example:${port}/`, { signal: AbortSignal.abort() }));
    expect(heard).toEqual([]);
    const stop = new AbortController();
    const request = failing(asked(`http://here.example:${port}/`, { signal: stop.signal }));
    await expect.poll(() => heard.length).toBe(1);
    stop.abort();
    expect((await request).message).toBe(`the request to here.example:${port} was broken off`);
  });
});
