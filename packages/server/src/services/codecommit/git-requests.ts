import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { GitService } from '../../git/index.ts';
import { isRepositoryName } from './checks.ts';

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

export const isGitPath = (path: string): boolean => PATH.test(path);

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
