import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { cacheFile, savedCacheFile, sourceFolder, type Buildspec, type BuildSpec } from '@slipway/builder';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../build.ts';
import type { KeptGit } from '../sources/index.ts';
import { findProject } from '../store.ts';
import { expandCacheKey } from './key.ts';
import type { CacheLife, LocalCaches } from './local.ts';
import { s3Cache } from './s3.ts';
import { isKeepable, type CacheStore } from './store.ts';

export { createLocalCaches, type LocalCaches } from './local.ts';

export interface CacheDeps {
  readonly db: Database;
  readonly peers: Peers;
  readonly log: Log;
  readonly caches: LocalCaches;
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
  /** Where the cache is to be kept, for `saveCache`; null when it is not. */
  readonly saveKey: string | null;
  readonly lines: readonly string[];
}

/** Where a build's cache is kept when it has succeeded, as its row has it: what was invalidated meanwhile does not come back. */
interface KeptPlace {
  readonly key: string;
  readonly version: string;
  /** The buildspec names a key: what lies under it already stays. */
  readonly once: boolean;
  readonly life: Pick<CacheLife, 'created_at' | 'cache_generation'>;
}

const none = (...lines: string[]): RestoredCache => ({ saveKey: null, lines });

/** Fetches what the buildspec's cache asks for, so that it lies ready in the build's folder. A cache that cannot be had fails no build. */
export async function restoreCache(deps: CacheDeps, request: CacheRequest, { buildspec, source, env }: { buildspec: Buildspec; source: string; env: Readonly<Record<string, string>> }): Promise<RestoredCache> {
  const { cache } = buildspec;
  const missing = missingOf(request.build, cache);
  if (missing !== undefined) return none(missing);
  const life = await lifeOf(deps, request.build);
  if (!cache || cache.paths.length === 0 || !life || !keepsPaths(request.build)) return none();
  const expand = (key: string): Promise<string> => expandCacheKey(key, { env, source: sourceFolder(request.folder, source) });
  const place: KeptPlace = { key: cache.key === undefined ? ONLY : await expand(cache.key), version: versionOf(cache), once: cache.key !== undefined, life };
  const { key, once } = place;
  if (!isKeepable(key)) return none('Nothing is cached: the key of the cache is too long');
  let restored: string | undefined;
  const lines: string[] = [];
  if (cache.action !== 'save') {
    try {
      restored = await found(storeOf(deps, request, place), key, once ? await Promise.all(cache.fallbackKeys.map(expand)) : [], cacheFile(request.folder));
      lines.push(restored === undefined ? `No cache is found for the key ${key}` : `The cache of the key ${restored} is found`);
    } catch (error) {
      lines.push(`Unable to download cache: ${inWords(deps, request, error)}`);
    }
  }
  const save = cache.action !== 'restore' && !(once && restored === key);
  return { spec: { paths: cache.paths, restore: restored !== undefined, save }, saveKey: save ? JSON.stringify(place) : null, lines };
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
  const file = savedCacheFile(request.folder);
  if (request.build.cache_key === null || !(await lstat(file).catch(() => undefined))?.isFile()) return [];
  const place = JSON.parse(request.build.cache_key) as KeptPlace;
  try {
    const came = await storeOf(deps, request, place).put(place.key, file, place);
    return [{
      kept: `The cache is kept under the key ${place.key}`,
      there: `The cache is not kept: there is one of the key ${place.key} already`,
      'too large': 'The cache is not kept: it is larger than what this installation keeps',
      invalidated: 'The cache is not kept: the cache of the project was invalidated while the build ran',
    }[came]];
  } catch (error) {
    return [`Unable to upload cache: ${inWords(deps, request, error)}`];
  }
}

/** For LOCAL_SOURCE_CACHE, where the project has it. */
export async function keptGit(deps: CacheDeps, { build, folder, signal }: Omit<CacheRequest, 'role'>, say: (line: string) => void): Promise<KeptGit | undefined> {
  const { cache } = build.definition;
  if (cache?.type !== 'LOCAL' || !cache.modes?.includes('LOCAL_SOURCE_CACHE')) return undefined;
  const life = await lifeOf(deps, build);
  return life && deps.caches.git(life, { scratch: folder, signal, say });
}

/** What the log says where a cache is asked for that is none. */
function missingOf(build: StoredBuild, cache: Buildspec['cache']): string | undefined {
  const { type = 'NO_CACHE' } = build.definition.cache ?? {};
  const wanted = (cache?.paths.length ?? 0) > 0;
  if (keepsPaths(build)) return wanted ? undefined : 'Skip cache due to: no paths specified to be cached';
  if (!wanted) return undefined;
  return `The paths of the buildspec's cache are neither restored nor saved: the project has ${type === 'NO_CACHE' ? 'no cache' : 'a cache without LOCAL_CUSTOM_CACHE'}`;
}

const keepsPaths = ({ definition: { cache } }: StoredBuild): boolean => cache?.type === 'S3' || (cache?.type === 'LOCAL' && cache.modes?.includes('LOCAL_CUSTOM_CACHE') === true);

/** AWS's "cache version": caches of a key are found only by who caches the same paths. Without a key there is one cache. */
function versionOf({ key, paths }: NonNullable<Buildspec['cache']>): string {
  return key === undefined ? '' : createHash('sha256').update(JSON.stringify(paths.toSorted())).digest('hex').slice(0, 16);
}

async function lifeOf({ db }: CacheDeps, build: StoredBuild): Promise<CacheLife | undefined> {
  const row = await findProject(db, build, build.project);
  return row && { account: row.account, region: row.region, name: row.name, created_at: row.created_at, cache_generation: row.cache_generation };
}

function storeOf({ peers, caches }: CacheDeps, { build, role, signal }: CacheRequest, { version, life }: KeptPlace): CacheStore {
  if (build.definition.cache?.type === 'LOCAL') return caches.archives({ account: build.account, region: build.region, name: build.project, ...life }, version);
  return s3Cache(peers, { role, build, generation: life.cache_generation, version, signal });
}

/** What went wrong, for everybody to read: what is the machine's matter is its operator's. @throws anything else */
function inWords({ log }: CacheDeps, { build, signal }: CacheRequest, error: unknown): string {
  if (error instanceof ServiceError) return `${error.name}: ${error.message}`;
  if (signal.aborted || !(error instanceof Error && 'syscall' in error)) throw error;
  log.warn('The cache of a build cannot be read or written', { build: build.id, error });
  return 'the server has a difficulty that its own log tells';
}
