import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** An image registry in memory: as much of the distribution API as `docker push` and a pull of one image need. */
export interface TestRegistry {
  readonly host: string;
  readonly url: string;
  /** `name:tag` of every image that was pushed. */
  readonly pushed: string[];
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
  const wanted = auth === undefined ? undefined : `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;

  const handle = async (request: IncomingMessage): Promise<{ status: number; headers?: Record<string, string>; body?: Buffer }> => {
    const { method = '' } = request;
    const url = new URL(request.url ?? '/', 'http://registry');
    const body = await buffer(request);
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
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host, url: `http://${host}`, pushed,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
