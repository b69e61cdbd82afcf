import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFile, savedCacheFile, sourceFolder, type Buildspec, type BuildSpec } from '@slipway/builder';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../build.ts';
import { findProject } from '../store.ts';
import { expandCacheKey } from './key.ts';
import { isKeepable, localCache, s3Cache, type CacheStore } from './store.ts';

export interface CacheDeps {
  readonly db: Database;
  readonly peers: Peers;
  /** Beside the builds' folders: caches of this server's own. */
  readonly cacheFolder: string;
}

interface CacheRequest {
  readonly build: StoredBuild;
  readonly role: Caller;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** The key of a cache that the buildspec gives none. */
const ONLY = 'cache';

export interface RestoredCache {
  /** For the supervisor; absent where the build has no cache. */
  readonly spec?: NonNullable<BuildSpec['cache']>;
  /** Under which the cache is to be kept; null when it is not. */
  readonly saveKey: string | null;
  readonly lines: readonly string[];
}

/** Fetches what the buildspec's cache asks for, so that it lies ready in the build's folder. A cache that cannot be had fails no build. */
export async function restoreCache(deps: CacheDeps, request: CacheRequest, { buildspec, source, env }: { buildspec: Buildspec; source: string; env: Readonly<Record<string, string>> }): Promise<RestoredCache> {
  const { cache } = buildspec;
  const store = await storeOf(deps, request);
  if (!cache || !store || cache.paths.length === 0) return { saveKey: null, lines: [] };
  const expand = (key: string): Promise<string> => expandCacheKey(key, { env, source: sourceFolder(request.folder, source) });
  const key = cache.key === undefined ? ONLY : await expand(cache.key);
  if (!isKeepable(key)) return { saveKey: null, lines: ['Nothing is cached: the key of the cache is too long'] };
  let restored: string | undefined;
  const lines: string[] = [];
  try {
    if (cache.action !== 'save') restored = await found(store, key, cache.key === undefined ? [] : await Promise.all(cache.fallbackKeys.map(expand)), cacheFile(request.folder));
    if (cache.action !== 'save') lines.push(restored === undefined ? `No cache is found for the key ${key}` : `The cache of the key ${restored} is found`);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    lines.push(`The cache cannot be read: ${error.name}: ${error.message}`);
  }
  // A key says what it holds: what lies under it already stays.
  const save = cache.action !== 'restore' && (cache.key === undefined || restored !== key);
  return { spec: { paths: cache.paths, restore: restored !== undefined, save }, saveKey: save ? key : null, lines };
}

async function found(store: CacheStore, key: string, fallbacks: readonly string[], file: string): Promise<string | undefined> {
  if (await store.take(key, file)) return key;
  for (const prefix of fallbacks) {
    const other = await store.newest(prefix);
    if (other !== undefined && (await store.take(other, file))) return other;
  }
  return undefined;
}

/** Keeps what a build that has succeeded left to be kept. Answers what the log says of it. */
export async function saveCache(deps: CacheDeps, request: CacheRequest): Promise<string[]> {
  const { build, folder } = request;
  const file = savedCacheFile(folder);
  if (build.cache_key === null || !(await lstat(file).catch(() => undefined))?.isFile()) return [];
  const store = await storeOf(deps, request);
  if (!store) return [];
  try {
    await store.put(build.cache_key, file);
    return [`The cache is kept under the key ${build.cache_key}`];
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return [`The cache cannot be kept: ${error.name}: ${error.message}`];
  }
}

async function storeOf({ db, peers, cacheFolder }: CacheDeps, { build, role, signal }: CacheRequest): Promise<CacheStore | undefined> {
  const { cache } = build.definition;
  if (cache?.type !== 'S3' && !(cache?.type === 'LOCAL' && cache.modes?.includes('LOCAL_CUSTOM_CACHE'))) return undefined;
  const generation = (await findProject(db, build, build.project))?.cache_generation ?? 0;
  return cache.type === 'S3' ? s3Cache(peers, { role, build, generation, signal }) : localCache(join(cacheFolder), { build, generation, signal });
}
