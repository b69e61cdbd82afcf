import type { CacheSpec } from '../buildspec/types.ts';
import { expandCacheKey } from './key.ts';
import { isKeepable, type CachePut, type CacheStore } from './store.ts';

/** The key of a cache that the buildspec gives none. */
const ONLY = 'cache';

export interface SoughtCache {
  /** The key with its variables filled in. */
  readonly key: string;
  /** An archive lies in the file. */
  readonly restore: boolean;
  /** It is wanted anew. */
  readonly save: boolean;
  /** What the log says. */
  readonly lines: readonly string[];
}

export interface CacheQuestion {
  readonly env: Readonly<Record<string, string>>;
  /** The folder of the primary source. */
  readonly source: string;
  /** Where an archive goes. */
  readonly file: string;
  /** An error of the store's in words for the log. @throws what is none */
  readonly inWords: (error: unknown) => string;
}

/** Looks for a buildspec's cache: under its key, then by how its fallback keys begin. One that cannot be had fails no build. Undefined where the key can name none. */
export async function seekCache(store: CacheStore, cache: CacheSpec, { env, source, file, inWords }: CacheQuestion): Promise<SoughtCache | undefined> {
  const expand = (key: string): Promise<string> => expandCacheKey(key, { env, source });
  const key = cache.key === undefined ? ONLY : await expand(cache.key);
  if (!isKeepable(key)) return undefined;
  const wanted = cache.action !== 'restore';
  if (cache.action === 'save') return { key, restore: false, save: true, lines: [] };
  try {
    const restored = await found(store, key, cache.key === undefined ? [] : await Promise.all(cache.fallbackKeys.map(expand)), file);
    const line = restored === undefined ? `No cache is found for the key ${key}` : `The cache of the key ${restored} is found`;
    // A key says what it holds: what lies under it already stays.
    return { key, restore: restored !== undefined, save: wanted && !(cache.key !== undefined && restored === key), lines: [line] };
  } catch (error) {
    return { key, restore: false, save: wanted, lines: [`Unable to download cache: ${inWords(error)}`] };
  }
}

async function found(store: CacheStore, key: string, fallbacks: readonly string[], file: string): Promise<string | undefined> {
  if (await store.take(key, file)) return key;
  for (const prefix of fallbacks) {
    const other = await store.newest(prefix);
    if (other !== undefined && (await store.take(other, file))) return other;
  }
  return undefined;
}

/** What the log says of an archive that was to be kept. */
export const putLine = (key: string, came: CachePut): string =>
  ({
    kept: `The cache is kept under the key ${key}`,
    there: `The cache is not kept: there is one of the key ${key} already`,
    'too large': 'The cache is not kept: it is larger than what this installation keeps',
    invalidated: 'The cache is not kept: the cache of the project was invalidated while the build ran',
  })[came];
