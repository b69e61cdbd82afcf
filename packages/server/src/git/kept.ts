import { constants, existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GitFailed, runGit } from './process.ts';

/**
 * Git's metadata of a source, kept from one clone to the next: a bare repository with a clone's references. Only our own
 * fetches write to it, and a working tree gets copies of its files, never links to them: whatever a build does to its
 * clone, the next one begins with what the remote has. Its holder lets nobody else use it meanwhile.
 */
export interface Filling {
  /** Becomes the working tree; made where it is missing, and empty. */
  readonly folder: string;
  /** How many commits back; 0: all of them, with every branch and tag. */
  readonly depth: number;
  readonly originUrl?: string;
  readonly signal?: AbortSignal;
}

/** What a clone has of its remote; what the remote no longer has is forgotten. */
export const KEPT_REFERENCES = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'] as const;

/** The one transport between repositories of our own, by paths that no input names. */
export const FROM_DISK = [['protocol.file.allow', 'always'], ['uploadpack.allowAnySHA1InWant', 'true']] as const;

/** `file://` makes git send only what is asked for; a bare path would ignore the depth. */
export const diskUrl = (path: string): string => `file://${path.split('/').map(encodeURIComponent).join('/')}`;

/** Each fetch brings a pack; so many are made one, without what no reference leads to any more. */
const TIDY = [['gc.autoPackLimit', '20'], ['gc.pruneExpire', 'now'], ['gc.reflogExpire', 'now']] as const;

/**
 * A clone by way of what is kept at `kept`, which is made where it is missing. `fetch` brings it up to date and answers
 * the commit. Should what is kept be damaged it is thrown away, and `straight` clones without it. A failure that is the
 * asker's (`isAnswer`) is thrown as it is.
 */
export async function cloneKept(kept: string, filling: Filling, work: { fetch(repository: string): Promise<string>; straight(): Promise<string>; isAnswer(error: unknown): boolean }): Promise<string> {
  const { signal } = filling;
  if (!(await isWhole(kept))) await rm(kept, { recursive: true, force: true });
  try {
    await runGit(['init', '--quiet', '--bare', '--template=', '--initial-branch=main', '--', kept], signal ? { signal } : {});
    const commit = await work.fetch(kept);
    await fill(kept, commit, filling);
    await runGit(['gc', '--auto', '--quiet'], { repository: kept, configuration: TIDY, ...signal ? { signal } : {} });
    await writeFile(join(kept, SIZES), await packSizes(kept));
    return commit;
  } catch (error) {
    if (!(error instanceof GitFailed) || signal?.aborted || work.isAnswer(error)) throw error;
    await rm(kept, { recursive: true, force: true });
    for (const name of await readdir(filling.folder)) await rm(join(filling.folder, name), { recursive: true, force: true });
    return work.straight();
  }
}

/** Git works round packs that a power failure has cut off, and complains of them in every clone: their sizes are written down. */
const SIZES = 'slipway-packs';

async function isWhole(kept: string): Promise<boolean> {
  return (await readFile(join(kept, SIZES), 'utf8').catch(() => undefined)) === (await packSizes(kept).catch(() => ''));
}

async function packSizes(kept: string): Promise<string> {
  const folder = join(kept, 'objects', 'pack');
  const lines = await Promise.all((await readdir(folder)).toSorted().map(async (name) => `${name} ${(await stat(join(folder, name))).size}\n`));
  return lines.join('');
}

async function fill(kept: string, commit: string, { folder, depth, originUrl, signal }: Filling): Promise<void> {
  const local = { cwd: folder, ...signal ? { signal } : {} };
  await mkdir(folder, { recursive: true });
  await runGit(['init', '--quiet', '--template=', '--initial-branch=main', '--', '.'], local);
  if (depth > 0) {
    await runGit(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', `--depth=${depth}`, '--', diskUrl(resolve(kept)), commit], { ...local, configuration: FROM_DISK });
  } else {
    await runGit(['pack-refs', '--all'], { repository: kept, ...signal ? { signal } : {} });
    await cp(join(kept, 'objects'), join(folder, '.git', 'objects'), { recursive: true, mode: constants.COPYFILE_FICLONE });
    const references = join(kept, 'packed-refs');
    if (existsSync(references)) await copyFile(references, join(folder, '.git', 'packed-refs'), constants.COPYFILE_FICLONE);
  }
  if (originUrl !== undefined) await runGit(['remote', 'add', '--', 'origin', originUrl], local);
  await runGit(['checkout', '--quiet', '--detach', commit, '--'], local);
}
