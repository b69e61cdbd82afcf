import { copyFile, link, lstat, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode } from '../is-code.ts';
import { decoded, encoded, type CacheStore } from './store.ts';

/**
 * Archives in a folder of this machine. They come by renames and links, whole or not at all; the time of a file is when it
 * was last used. Files to take and to put may lie on another file system, where they are copied.
 */
export function folderCache(folder: string): CacheStore {
  const fileOf = (key: string): string => join(folder, `${encoded(key)}.tar`);
  return {
    async take(key, file) {
      await rm(file, { force: true });
      // Another name of the same file: it stays whole even if it is evicted or replaced meanwhile.
      const came = await linked(fileOf(key), file).catch(ifAbsent('absent'));
      if (came === 'absent') return false;
      await touch(fileOf(key)).catch(ifAbsent(undefined));
      return (await lstat(file)).isFile();
    },

    async newest(start) {
      const names = (await readdir(folder).catch(ifAbsent([]))).filter((name) => name.startsWith(encoded(start)) && name.endsWith('.tar'));
      const times = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name)).catch(ifAbsent(undefined)))?.birthtimeMs ?? 0 })));
      const best = times.toSorted((a, b) => b.at - a.at)[0];
      return best && decoded(best.name.slice(0, -4));
    },

    async put(key, packed, { once }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const aside = join(folder, `.${encoded(key).slice(0, 100)}.${process.pid}.${performance.now()}`);
      try {
        await owned(packed, aside);
        await sync(aside);
        await touch(aside);
        if (!once) await rename(aside, fileOf(key));
        else if ((await linked(aside, fileOf(key))) === 'there') return 'there';
        // Whoever wrote to it further would write to the cache.
        await rm(packed);
        return 'kept';
      } finally {
        await rm(aside, { force: true });
      }
    },
  };
}

/** What is not there, or was evicted meanwhile, is no error. */
const ifAbsent = <T>(instead: T) => (error: unknown): T => {
  if (isCode(error, 'ENOENT')) return instead;
  throw error;
};

/** The file under another name, or a copy of it: where it is of another file system, or of another user's, such as a container's root. */
async function owned(file: string, to: string): Promise<void> {
  if ((await lstat(file)).uid === process.geteuid?.()) await linked(file, to);
  else await copyFile(file, to);
}

async function linked(file: string, to: string): Promise<'linked' | 'there'> {
  try {
    await link(file, to);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return 'there';
    // Other file systems, and those that know no links.
    if (!isCode(error, 'EXDEV', 'EPERM', 'ENOTSUP')) throw error;
    await copyFile(file, to);
  }
  return 'linked';
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

/** A machine that loses its power must not be left with the name of a file whose bytes are gone. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
