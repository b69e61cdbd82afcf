import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants } from 'node:fs';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../build.ts';

/** Where a build's caches lie: archives by key. */
export interface CacheStore {
  /** Puts the archive of this key into the file; answers whether there was one. */
  take(key: string, file: string): Promise<boolean>;
  /** The newest key that begins like this. */
  newest(prefix: string): Promise<string | undefined>;
  put(key: string, file: string): Promise<void>;
}

/** A key may hold anything; what it becomes a part of, not. */
const encoded = (key: string): string => encodeURIComponent(key).replaceAll('*', '%2A').replaceAll('.', '%2E');

/** As long as a file's name may be, with its ending, here and on most machines. */
const LONGEST = 250;

/** Whether a cache can be kept under this key. */
export const isKeepable = (key: string): boolean => encoded(key).length <= LONGEST;

/** The key of a name; undefined for a name that is none of ours. */
function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** In a bucket, read and written as the build's role: `<prefix>/<namespace or project>/<key>.tar`. */
export function s3Cache(peers: Peers, { role, build, generation, signal }: { role: Caller; build: StoredBuild; generation: number; signal: AbortSignal }): CacheStore {
  const { location = '', cacheNamespace } = build.definition.cache ?? {};
  const [Bucket = '', ...path] = location.replace(/^arn:[^:]*:s3:::/, '').split('/').filter((part) => part !== '');
  const prefix = [...path, cacheNamespace ?? build.project, ...(generation === 0 ? [] : [String(generation)]), ''].join('/');
  const options = { region: build.region, signal };
  return {
    async take(key, file) {
      try {
        const { Body } = await peers.as(role).s3.GetObject({ Bucket, Key: `${prefix}${encoded(key)}.tar` }, options);
        if (!Body) return false;
        await pipeline(Body, createWriteStream(file, { mode: 0o600 }), { signal });
        return true;
      } catch (error) {
        if (error instanceof ServiceError && error.name === 'NoSuchKey') return false;
        throw error;
      }
    },
    async newest(start) {
      const found: { key: string; at: number }[] = [];
      for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
        const page = await peers.as(role).s3.ListObjectsV2({ Bucket, Prefix: prefix + encoded(start), ContinuationToken: token }, options);
        for (const { Key = '', LastModified = 0 } of page.Contents ?? []) if (/^[^/]+\.tar$/.test(Key.slice(prefix.length))) found.push({ key: Key.slice(prefix.length, -4), at: LastModified });
        token = page.NextContinuationToken;
      }
      const best = found.toSorted((a, b) => b.at - a.at)[0];
      return best && decoded(best.key);
    },
    async put(key, file) {
      const { size } = await stat(file);
      const Body = createReadStream(file);
      Body.on('error', () => undefined);
      try {
        await peers.as(role).s3.PutObject({ Bucket, Key: `${prefix}${encoded(key)}.tar`, Body, ContentLength: size }, options);
      } finally {
        Body.destroy();
      }
    },
  };
}

/** On this server's own disk: LOCAL_CUSTOM_CACHE. */
export function localCache(folder: string, { build, generation, signal }: { build: StoredBuild; generation: number; signal: AbortSignal }): CacheStore {
  const place = join(folder, build.account, build.region, build.project, String(generation));
  const fileOf = (key: string): string => join(place, `${encoded(key)}.tar`);
  return {
    async take(key, file) {
      const handle = await open(fileOf(key), constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
      if (!handle) return false;
      await pipeline(handle.createReadStream(), createWriteStream(file, { mode: 0o600 }), { signal });
      const now = new Date();
      await utimes(fileOf(key), now, now);
      return true;
    },
    async newest(start) {
      const names = (await readdir(place).catch(() => [])).filter((name) => name.startsWith(encoded(start)) && name.endsWith('.tar'));
      const times = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(place, name))).mtimeMs })));
      const best = times.toSorted((a, b) => b.at - a.at)[0];
      return best && decoded(best.name.slice(0, -4));
    },
    async put(key, file) {
      await mkdir(place, { recursive: true, mode: 0o700 });
      // One archive for each project and key; older generations were invalidated.
      for (const other of await readdir(dirname(place))) if (other !== String(generation)) await rm(join(dirname(place), other), { recursive: true, force: true });
      await rename(file, fileOf(key));
    },
  };
}
