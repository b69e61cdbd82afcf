import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { folderCache, type CacheStore } from '@slipway/builder';
import type { Database } from '../../../kernel/database.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Place } from '../../../kernel/place.ts';
import type { KeptGit } from '../sources/source.ts';
import { findProject, findProjects, type ProjectRow } from '../projects/store.ts';

export interface LocalCachesDeps {
  readonly db: Database;
  readonly log: Log;
  /** Beside the builds' folders, on the same file system: caches come and go by renames, whole or not at all. */
  readonly folder: string;
  /** What all of them may take together, bytes. The least recently used go first. */
  readonly maxBytes: number;
}

/** Names one life of a project's caches: another project of its name, or an invalidation, begins another. */
export type CacheLife = Pick<ProjectRow, 'account' | 'region' | 'name' | 'created_at' | 'cache_generation'>;

/**
 * Caches of type LOCAL: on this server's own disk, for one project each, where no build can see them.
 * `<account>/<region>/<project>/<life>/archives/<version>/<key>.tar` and `…/git/<hash of the location>`.
 */
export interface LocalCaches {
  /** LOCAL_CUSTOM_CACHE */
  archives(life: CacheLife, version: string): CacheStore;
  /** LOCAL_SOURCE_CACHE. `scratch`: the build's own folder. `say` takes lines for the build's log. */
  git(life: CacheLife, at: { scratch: string; signal: AbortSignal; say: (line: string) => void }): KeptGit;
  /** Removes what no project has any more and, beyond the bound, what was used least recently. Never throws. */
  tidy(): Promise<void>;
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  /** ms */
  readonly used: number;
}

export function createLocalCaches({ db, log, folder, maxBytes }: LocalCachesDeps): LocalCaches {
  const placeOf = (life: CacheLife): string => join(folder, life.account, life.region, life.name, lifeOf(life));
  const goesOn = async (life: CacheLife): Promise<boolean> => {
    const row = await findProject(db, life, life.name);
    return row !== undefined && lifeOf(row) === lifeOf(life);
  };

  function archives(life: CacheLife, version: string): CacheStore {
    const store = folderCache(join(placeOf(life), 'archives', version === '' ? 'any' : version));
    return {
      ...store,
      async put(key, file, options) {
        if ((await lstat(file)).size > maxBytes) return 'too large';
        if (!(await goesOn(life))) return 'invalidated';
        const came = await store.put(key, file, options);
        await tidy();
        return came;
      },
    };
  }

  function git(life: CacheLife, { scratch, signal, say }: { scratch: string; signal: AbortSignal; say: (line: string) => void }): KeptGit {
    return {
      async with(location, work) {
        const entry = join(placeOf(life), 'git', createHash('sha256').update(location).digest('hex').slice(0, 40));
        const taken = join(scratch, 'kept.git');
        // Who takes it has it alone. Whoever comes meanwhile finds none; a crash leaves it to be removed with the build's folder.
        await rm(taken, { recursive: true, force: true });
        const found = await moved(entry, taken);
        say(found ? `Source cache: only what has changed in ${location} is fetched` : `Source cache: nothing is kept of ${location} yet`);
        try {
          return await work(taken);
        } finally {
          if (!signal.aborted) await giveBack(life, taken, entry, say);
        }
      },
    };
  }

  async function giveBack(life: CacheLife, taken: string, entry: string, say: (line: string) => void): Promise<void> {
    const bytes = await bytesOf(taken);
    if (bytes > maxBytes) say('Source cache: the metadata is not kept: it is larger than what this installation keeps');
    else if (bytes > 0 && (await goesOn(life))) {
      await mkdir(dirname(entry), { recursive: true, mode: 0o700 });
      await touch(taken);
      await moved(taken, entry);
    }
    await rm(taken, { recursive: true, force: true });
    await tidy();
  }

  /** One after the other: two would remove more than is needed. */
  let tidying = Promise.resolve();
  function tidy(): Promise<void> {
    tidying = tidying.then(tidyNow).catch((error: unknown) => log.warn('The caches of builds cannot be tidied', { error }));
    return tidying;
  }

  async function tidyNow(): Promise<void> {
    const entries: Entry[] = [];
    for (const account of await namesIn(folder)) {
      for (const region of await namesIn(join(folder, account))) entries.push(...(await entriesOf({ account, region })));
    }
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of entries.toSorted((a, b) => a.used - b.used)) {
      if (bytes <= maxBytes) return;
      await rm(entry.path, { recursive: true, force: true });
      bytes -= entry.bytes;
    }
  }

  async function entriesOf(place: Place): Promise<Entry[]> {
    const within = join(folder, place.account, place.region);
    const names = await namesIn(within);
    const rows: ProjectRow[] = [];
    for (let from = 0; from < names.length; from += 100) rows.push(...(await findProjects(db, place, names.slice(from, from + 100))));
    const lives = new Map(rows.map((row) => [row.name, lifeOf(row)]));
    const found: Entry[] = [];
    for (const name of names) {
      for (const life of await namesIn(join(within, name))) {
        const path = join(within, name, life);
        if (lives.get(name) !== life) await rm(path, { recursive: true, force: true });
        else for (const file of await kept(path)) found.push({ path: file, bytes: await bytesOf(file), used: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 });
      }
    }
    return found;
  }

  return { archives, git, tidy };
}

const lifeOf = ({ created_at, cache_generation }: CacheLife): string => `${created_at}-${cache_generation}`;

async function kept(life: string): Promise<string[]> {
  const versions = (await namesIn(join(life, 'archives'))).map((version) => join(life, 'archives', version));
  const files: string[] = [];
  for (const within of [...versions, join(life, 'git')]) files.push(...(await namesIn(within)).map((name) => join(within, name)));
  return files;
}

const isCode = (error: unknown, ...codes: string[]): boolean => error instanceof Error && 'code' in error && codes.includes(String(error.code));

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

/** False where there is nothing to move, or something else in the way. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

/** What a file, or a folder with all below it, takes; 0 for nothing. Things may go while it counts. */
async function bytesOf(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined || !stats.isDirectory()) return stats?.size ?? 0;
  let bytes = 0;
  for (const name of await namesIn(path)) bytes += await bytesOf(join(path, name));
  return bytes;
}
