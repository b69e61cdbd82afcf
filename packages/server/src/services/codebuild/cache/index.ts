import { lstat } from 'node:fs/promises';
import { cacheFile, cacheVersion, putLine, savedCacheFile, seekCache, sourceFolder, type Buildspec, type BuildSpec, type CacheStore } from '@slipway/builder';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../builds/build.ts';
import type { KeptGit } from '../sources/index.ts';
import { findProject } from '../projects/store.ts';
import type { CacheLife, LocalCaches } from './local.ts';
import { s3Cache } from './s3.ts';

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
  const place = { version: cacheVersion(cache), once: cache.key !== undefined, life };
  const sought = await seekCache(storeOf(deps, request, place), cache, { env, source: sourceFolder(request.folder, source), file: cacheFile(request.folder), inWords: (error) => inWords(deps, request, error) });
  if (sought === undefined) return none('Nothing is cached: the key of the cache is too long');
  const { key, restore, save, lines } = sought;
  return { spec: { paths: cache.paths, restore, save }, saveKey: save ? JSON.stringify({ ...place, key } satisfies KeptPlace) : null, lines };
}

/** Keeps what a build that has succeeded left to be kept. Answers what the log says of it. */
export async function saveCache(deps: CacheDeps, request: CacheRequest): Promise<string[]> {
  const file = savedCacheFile(request.folder);
  if (request.build.cache_key === null || !(await lstat(file).catch(() => undefined))?.isFile()) return [];
  const place = JSON.parse(request.build.cache_key) as KeptPlace;
  try {
    return [putLine(place.key, await storeOf(deps, request, place).put(place.key, file, place))];
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

async function lifeOf({ db }: CacheDeps, build: StoredBuild): Promise<CacheLife | undefined> {
  const row = await findProject(db, build, build.project);
  return row && { account: row.account, region: row.region, name: row.name, created_at: row.created_at, cache_generation: row.cache_generation };
}

function storeOf({ peers, caches }: CacheDeps, { build, role, signal }: CacheRequest, { version, life }: Omit<KeptPlace, 'key'>): CacheStore {
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
