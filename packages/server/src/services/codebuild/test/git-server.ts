import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A git server of somebody else's: bare repositories below a folder, behind basic authentication when a password is given. `sent`: all bytes so far. */
export async function gitServer(folder: string, password?: string): Promise<{ url: string; asked: string[]; sent(): number; close(): Promise<void> }> {
  const asked: string[] = [];
  let bytes = 0;
  const expected = password === undefined ? undefined : `Basic ${Buffer.from(password).toString('base64')}`;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    asked.push(url.pathname);
    if (expected !== undefined && request.headers.authorization !== expected) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'], GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: url.pathname, QUERY_STRING: url.search.slice(1), REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '', HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '', GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => undefined);
    const pieces: Buffer[] = [];
    backend.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    backend.on('close', () => {
      const all = Buffer.concat(pieces);
      const end = all.indexOf('\r\n\r\n');
      const headers = Object.fromEntries(all.subarray(0, end).toString().split('\r\n').map((line) => line.split(/: (.*)/s, 2)));
      response.writeHead(Number.parseInt(headers['Status'] ?? '200', 10), { 'content-type': headers['Content-Type'] ?? 'text/plain' });
      bytes += all.length;
      response.end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, sent: () => bytes, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Runs git in a folder, with an author and none of this machine's configuration. */
export const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, {
    cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@a', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@a', HOME: cwd, GIT_ALLOW_PROTOCOL: 'file' },
  }).trim();
