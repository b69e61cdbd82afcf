import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cloneKept, diskUrl, FROM_DISK, KEPT_REFERENCES } from './kept.ts';
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
  /** Where the metadata of clones is kept, see `kept.ts`. */
  readonly kept?: string;
  readonly signal?: AbortSignal;
}

/** Writes a commit's files into a folder, with or without a repository of their own. */
export async function checkout(path: string, commit: string, options: CheckoutOptions): Promise<void> {
  if (!isObjectId(commit)) throw new Error('not a commit id');
  const wanted = { ...options, folder: resolve(options.folder) };
  await mkdir(wanted.folder, { recursive: true });
  if (options.history === 'none') await files(path, commit, wanted);
  else if (options.kept === undefined) await clone(path, commit, wanted);
  else await cloneByKept(path, commit, wanted, options.kept);
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
  const source = diskUrl(path);
  await runGit(history === 'full'
    ? ['fetch', '--quiet', '--no-write-fetch-head', '--', source, ...KEPT_REFERENCES, commit]
    : ['fetch', '--quiet', '--no-tags', `--depth=${history}`, '--', source, commit], options);
  if (originUrl !== undefined) await runGit(['remote', 'add', '--', 'origin', originUrl], options);
  await runGit(['checkout', '--quiet', '--detach', commit, '--'], options);
}

async function cloneByKept(path: string, commit: string, options: CheckoutOptions, kept: string): Promise<void> {
  const { folder, history, originUrl, signal } = options;
  await cloneKept(kept, { folder, depth: typeof history === 'number' ? history : 0, ...originUrl === undefined ? {} : { originUrl }, ...signal ? { signal } : {} }, {
    fetch: async (repository) => {
      await runGit(['fetch', '--quiet', '--prune', '--no-write-fetch-head', '--no-auto-maintenance', '--', diskUrl(path), ...KEPT_REFERENCES, commit], { repository, configuration: FROM_DISK, ...signal ? { signal } : {} });
      return commit;
    },
    straight: async () => {
      await clone(path, commit, options);
      return commit;
    },
    isAnswer: () => false,
  });
}
