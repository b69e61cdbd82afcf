import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ArtifactError, collectArtifact } from '../artifacts/collect.ts';
import type { CacheSpec } from '../buildspec/types.ts';

/** `$(codebuild-hash-files package-lock.json "src/**")` */
const HASH = /\$\(\s*codebuild-hash-files\s+([^()]*?)\s*\)/g;
const VARIABLE = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/**
 * A cache's key as a buildspec writes it, with variables and `codebuild-hash-files` filled in. No shell reads it: this
 * happens before the build has one. Files that are not there hash to nothing, so that the key is the same each time.
 */
export async function expandCacheKey(key: string, { env, source }: { readonly env: Readonly<Record<string, string>>; readonly source: string }): Promise<string> {
  let hashed = '';
  let from = 0;
  for (const match of key.matchAll(HASH)) {
    hashed += key.slice(from, match.index) + (await hashOf(source, (match[1] ?? '').split(/\s+/).map((word) => word.replace(/^(["'])(.*)\1$/, '$2')).filter((word) => word !== '')));
    from = match.index + match[0].length;
  }
  return (hashed + key.slice(from)).replace(VARIABLE, (_all, braced?: string, bare?: string) => env[braced ?? bare ?? ''] ?? '');
}

async function hashOf(source: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  try {
    const { entries } = await collectArtifact(source, { files, excludePaths: [], discardPaths: false });
    for (const { path, file } of entries) {
      hash.update(`${path}\0`);
      for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
    }
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
  }
  return hash.digest('hex');
}

/** AWS's "cache version": caches of a key are found only by who caches the same paths. Without a key there is one cache. */
export function cacheVersion({ key, paths }: CacheSpec): string {
  return key === undefined ? '' : createHash('sha256').update(JSON.stringify(paths.toSorted())).digest('hex').slice(0, 16);
}
