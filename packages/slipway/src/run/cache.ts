import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFile, cacheVersion, folderCache, putLine, savedCacheFile, seekCache, sourceFolder, type Buildspec, type BuildSpec } from '@slipway/builder';

/** The cache of one run. */
export interface RunCache {
  readonly spec?: NonNullable<BuildSpec['cache']>;
  readonly lines: readonly string[];
  /** After a build that has succeeded. Answers what the log says. */
  save(): Promise<string[]>;
}

const none = (...lines: string[]): RunCache => ({ lines, save: async () => [] });

const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Looks in the folder of `--cache` for what the buildspec's cache names. */
export async function openCache(folder: string | undefined, { cache }: Buildspec, { build, source, env }: { build: string; source: string; env: Readonly<Record<string, string>> }): Promise<RunCache> {
  if (cache === undefined || cache.paths.length === 0) return none();
  if (folder === undefined) return none("The paths of the buildspec's cache are neither restored nor saved: --cache names a folder for it");
  const store = folderCache(join(folder, cacheVersion(cache) || 'any'));
  const sought = await seekCache(store, cache, { env, source: sourceFolder(build, source), file: cacheFile(build), inWords });
  if (sought === undefined) return none('Nothing is cached: the key of the cache is too long');
  const { key, restore, save, lines } = sought;
  return {
    spec: { paths: cache.paths, restore, save },
    lines,
    async save() {
      if (!existsSync(savedCacheFile(build))) return [];
      try {
        return [putLine(key, await store.put(key, savedCacheFile(build), { once: cache.key !== undefined }))];
      } catch (error) {
        return [`Unable to upload cache: ${inWords(error)}`];
      }
    },
  };
}
