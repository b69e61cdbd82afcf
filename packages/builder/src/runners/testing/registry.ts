import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { encodeHeader } from '../container/engine.ts';
import { imageReference } from '../container/reference.ts';
import type { TestEngine } from './engines.ts';

/** An image registry in memory: as much of the distribution API as `docker push` and a pull of one image need. */
export interface TestRegistry {
  readonly host: string;
  readonly url: string;
  /** `name:tag` of every image that was pushed. */
  readonly pushed: string[];
  /** The `Authorization` of every request. */
  readonly asked: (string | undefined)[];
  close(): void;
}

interface Stored {
  readonly type: string;
  readonly bytes: Buffer;
}

/** With `auth`, everything takes this user and password. */
export async function startRegistry(auth?: { readonly username: string; readonly password: string }): Promise<TestRegistry> {
  const blobs = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer>();
  const manifests = new Map<string, Stored>();
  const pushed: string[] = [];
  const asked: (string | undefined)[] = [];
  const wanted = auth === undefined ? undefined : `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;

  const handle = async (request: IncomingMessage): Promise<{ status: number; headers?: Record<string, string>; body?: Buffer }> => {
    const { method = '' } = request;
    const url = new URL(request.url ?? '/', 'http://registry');
    const body = await buffer(request);
    asked.push(request.headers.authorization);
    if (wanted !== undefined && request.headers.authorization !== wanted) return { status: 401, headers: { 'www-authenticate': 'Basic realm="test"' } };
    if (url.pathname === '/v2/') return { status: 200, body: Buffer.from('{}') };
    const [, name = '', kind = '', id = ''] = /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === 'blobs/uploads' && method === 'POST') {
      const upload = randomUUID();
      uploads.set(upload, Buffer.alloc(0));
      return { status: 202, headers: { location: `/v2/${name}/blobs/uploads/${upload}`, range: '0-0', 'docker-upload-uuid': upload } };
    }
    if (kind === 'blobs/uploads') {
      const whole = Buffer.concat([uploads.get(id) ?? Buffer.alloc(0), body]);
      uploads.set(id, whole);
      if (method === 'PATCH') return { status: 202, headers: { location: `/v2/${name}/blobs/uploads/${id}`, range: `0-${whole.length - 1}`, 'docker-upload-uuid': id } };
      const digest = url.searchParams.get('digest') ?? '';
      if (digestOf(whole) !== digest) return { status: 400 };
      blobs.set(digest, whole);
      return { status: 201, headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest } };
    }
    if (kind === 'manifests' && method === 'PUT') {
      const stored = { type: request.headers['content-type'] ?? '', bytes: body };
      for (const key of [`${name}:${id}`, `${name}:${digestOf(body)}`]) manifests.set(key, stored);
      pushed.push(`${name}:${id}`);
      return { status: 201, headers: { 'docker-content-digest': digestOf(body) } };
    }
    const found = kind === 'blobs' ? { type: 'application/octet-stream', bytes: blobs.get(id) } : manifests.get(`${name}:${id}`);
    if (found?.bytes === undefined) return { status: 404 };
    return { status: 200, headers: { 'content-type': found.type, 'content-length': String(found.bytes.length), 'docker-content-digest': digestOf(found.bytes) }, ...(method === 'HEAD' ? {} : { body: found.bytes }) };
  };

  const server: Server = createServer((request, response) => {
    handle(request).then(({ status, headers, body }) => response.writeHead(status, headers).end(body), (error: unknown) => response.destroy(error as Error));
  });
  await listen(server);
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host, url: `http://${host}`, pushed, asked,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** At one of TEST_REGISTRY_PORTS where there are any: Podman takes plain HTTP from no other. */
async function listen(server: Server): Promise<void> {
  for (const port of [...(process.env['TEST_REGISTRY_PORTS'] ?? '').split(' ').filter((each) => each !== '').map(Number), 0]) {
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return;
    } catch (error) {
      // Another test has it.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

/** Has the engine push one of its images, and then forget the name that it has in the registry. */
export async function pushTo({ name, socket }: TestEngine, { host, pushed }: TestRegistry, image: string, from: string, auth?: { readonly username: string; readonly password: string }): Promise<void> {
  const { repository = '', tag = '' } = imageReference(image) ?? {};
  await ask(socket, 'POST', `/images/${from}/tag?${new URLSearchParams({ repo: repository, tag })}`);
  const said = await ask(socket, 'POST', `/images/${repository}/push?${new URLSearchParams({ tag, ...(name === 'Podman' ? { tlsVerify: 'false' } : {}) })}`, {
    'x-registry-auth': encodeHeader(auth === undefined ? {} : { ...auth, serveraddress: host }),
  });
  if (!pushed.includes(image.slice(host.length + 1))) throw new Error(`The test's image could not be pushed: ${said}`);
  await forgetImage(socket, image);
}

export async function forgetImage(socket: string, image: string): Promise<void> {
  await ask(socket, 'DELETE', `/images/${image}`);
}

async function ask(socketPath: string, method: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    send({ socketPath, method, path, agent: false, headers: { host: 'engine', ...headers } }, (response) => { text(response).then(resolve, reject); }).on('error', reject).end();
  });
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
