import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { GitService } from '../../../git/index.ts';
import { isRepositoryName } from '../checks.ts';

/** What a request to `/v1/repos/…` asks for. */
export interface GitRequest {
  /** Undefined where the name could be nobody's. */
  readonly repositoryName: string | undefined;
  /** What git was given, and what its helpers have signed: `/v1/repos/name` or `/v1/repos/name.git`. */
  readonly signedPath: string;
  readonly service: GitService;
  readonly verb: 'advertise' | 'serve';
}

const PATH = /^(\/v1\/repos\/([^/]+))\/(info\/refs|git-upload-pack|git-receive-pack)$/;

const LFS_PATH = /^\/v1\/repos\/[^/]+\/info\/lfs\//;

export const isGitPath = (path: string): boolean => PATH.test(path) || LFS_PATH.test(path);

export const isLfsPath = (url: string): boolean => LFS_PATH.test(url);

/** Git LFS shows the message of an answer in its own media type; CodeCommit has no LFS either. */
export function refuseLfs(request: IncomingMessage, response: ServerResponse): undefined {
  request.resume();
  const message = 'CodeCommit does not store Git LFS objects: point lfs.url at an LFS server of your own, or commit the files themselves.';
  response.writeHead(501, { 'Content-Type': 'application/vnd.git-lfs+json' }).end(`${JSON.stringify({ message })}\n`);
  return undefined;
}

/** The sender has been silent for too long; what it holds on the server is given back. */
export class SlowSender extends Error {
  override readonly name = 'SlowSender';
}

/** The body, unless nothing of it comes for so long. ms */
export async function* hurried(body: AsyncIterable<Uint8Array>, idle: number): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let giveUp: ((error: SlowSender) => void) | undefined;
  const timer = setTimeout(() => giveUp?.(new SlowSender('Nothing was received for too long.')), idle);
  try {
    for (;;) {
      timer.refresh();
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject;
        chunks.next().then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Undefined for what no smart HTTP client sends, such as the old protocol's plain file requests. */
export function gitRequest({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): GitRequest | undefined {
  const [path = '', query = ''] = url.split('?');
  const match = PATH.exec(path);
  if (!match) return undefined;
  const [, signedPath = '', name = '', rest = ''] = match;
  const bare = name.replace(/\.git$/, '');
  const repositoryName = isRepositoryName(bare) ? bare : undefined;
  if (rest !== 'info/refs') return method === 'POST' ? { repositoryName, signedPath, service: rest as GitService, verb: 'serve' } : undefined;
  const service = new URLSearchParams(query).get('service');
  if (method !== 'GET' || (service !== 'git-upload-pack' && service !== 'git-receive-pack')) return undefined;
  return { repositoryName, signedPath, service, verb: 'advertise' };
}

/** The body as git wrote it; clients compress what they ask for when it is long. Undefined for an encoding that git does not use. */
export function plainBody(request: IncomingMessage): AsyncIterable<Uint8Array> | undefined {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return request;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return undefined;
  const gunzip = createGunzip();
  // It may fail before anybody reads it; whoever reads it then is told. Without a listener it would end the process.
  gunzip.on('error', () => {});
  request.once('error', (error) => gunzip.destroy(error));
  request.once('close', () => { if (!request.complete) gunzip.destroy(new Error('the request broke off')); });
  return request.pipe(gunzip);
}
