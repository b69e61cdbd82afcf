import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isObjectId } from './names.ts';
import { runGit } from './process.ts';

export interface CheckoutOptions {
  /** Becomes the working tree; made where it is missing, and must be empty. */
  readonly folder: string;
  /**
   * `none`: files only. `full`: a clone with every branch and tag. A number: a clone of that many commits back.
   * A clone's HEAD is detached at the commit, as CodeBuild's is.
   */
  readonly history: 'none' | 'full' | number;
  /** What a clone calls `origin`, so that `git fetch` in a build goes through the front door. */
  readonly originUrl?: string;
  readonly signal?: AbortSignal;
}

/** The one transport that a checkout uses: from our own bare repository's path, which no input names. */
const FROM_DISK = [['protocol.file.allow', 'always'], ['uploadpack.allowAnySHA1InWant', 'true']] as const;

/** Writes a commit's files into a folder, with or without a repository of their own. */
export async function checkout(path: string, commit: string, options: CheckoutOptions): Promise<void> {
  if (!isObjectId(commit)) throw new Error('not a commit id');
  const wanted = { ...options, folder: resolve(options.folder) };
  await mkdir(wanted.folder, { recursive: true });
  await (options.history === 'none' ? files(path, commit, wanted) : clone(path, commit, wanted));
}

async function files(path: string, commit: string, { folder, signal }: CheckoutOptions): Promise<void> {
  const index = join(path, `checkout-${randomBytes(6).toString('hex')}.index`);
  const options = { repository: path, cwd: folder, env: { GIT_INDEX_FILE: index, GIT_WORK_TREE: folder }, ...signal ? { signal } : {} };
  try {
    await runGit(['read-tree', commit], options);
    await runGit(['checkout-index', '--all', '--force'], options);
  } finally {
    await rm(index, { force: true });
  }
}

async function clone(path: string, commit: string, { folder, history, originUrl, signal }: CheckoutOptions): Promise<void> {
  const options = { cwd: folder, configuration: FROM_DISK, ...signal ? { signal } : {} };
  await runGit(['init', '--quiet', '--template=', '--initial-branch=main', '--', '.'], options);
  // `file://` makes git send only what is asked for; a bare path would ignore the depth.
  const source = `file://${path.split('/').map(encodeURIComponent).join('/')}`;
  await runGit(history === 'full'
    ? ['fetch', '--quiet', '--no-write-fetch-head', '--', source, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*', commit]
    : ['fetch', '--quiet', '--no-tags', `--depth=${history}`, '--', source, commit], options);
  if (originUrl !== undefined) await runGit(['remote', 'add', '--', 'origin', originUrl], options);
  await runGit(['checkout', '--quiet', '--detach', commit, '--'], options);
}
