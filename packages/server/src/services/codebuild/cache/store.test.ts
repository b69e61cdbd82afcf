import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StoredBuild } from '../build.ts';
import { isKeepable, localCache } from './store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-caches-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('a cache on the server is found by its whole key and by how that begins, whatever it holds', async () => {
  const build = { account: '111122223333', region: 'eu-central-1', project: 'site' } as StoredBuild;
  const cache = localCache(folder, { build, generation: 0, signal: new AbortController().signal });
  const [file, out] = [join(folder, 'file'), join(folder, 'out')];
  // Each of these characters takes nine in a file's name.
  const key = `${'€'.repeat(25)}/../a`;
  await writeFile(file, 'archive');
  await cache.put(key, file);
  expect(await cache.take(`${key}b`, out)).toBe(false);
  expect(await cache.newest('€'.repeat(24))).toBe(key);
  expect(await cache.take(key, out)).toBe(true);
});

it('a key that no file could be called by is none', () => {
  expect(isKeepable('€'.repeat(27))).toBe(true);
  expect(isKeepable('€'.repeat(28))).toBe(false);
});
