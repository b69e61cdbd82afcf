/** Where a build's caches lie: archives by key. Those whose paths differ are no caches of each other, see `cacheVersion`. */
export interface CacheStore {
  /** Puts the archive of this key into the file; answers whether there was one. */
  take(key: string, file: string): Promise<boolean>;
  /** The newest key that begins like this. */
  newest(prefix: string): Promise<string | undefined>;
  /** `once`: what lies under the key already stays. The file may be taken away. */
  put(key: string, file: string, options: { readonly once: boolean }): Promise<CachePut>;
}

export type CachePut = 'kept' | 'there' | 'too large' | 'invalidated';

/** A key may hold anything; what it becomes a part of, not. */
export const encoded = (key: string): string => encodeURIComponent(key).replaceAll('*', '%2A').replaceAll('.', '%2E');

/** As long as a file's name may be, with its ending, here and on most machines. */
const LONGEST = 250;

/** Whether a cache can be kept under this key. */
export const isKeepable = (key: string): boolean => encoded(key).length <= LONGEST;

/** The key of a name; undefined for a name that is none of ours. */
export function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
