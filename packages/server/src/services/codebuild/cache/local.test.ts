import { existsSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../../kernel/database/index.ts';
import type { Database } from '../../../kernel/database.ts';
import { kernelMigrations } from '../../../kernel/migrations.ts';
import { migrations } from '../migrations.ts';
import { deleteProject, insertProject, updateProject } from '../projects/store.ts';
import { createLocalCaches, type CacheLife, type LocalCaches } from './local.ts';

const place = { account: '111122223333', region: 'eu-central-1' };
const log = { info: () => undefined, warn: (message: string) => { throw new Error(message); }, error: () => undefined };

let folder: string;
let db: Database;
let caches: LocalCaches;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-caches-'));
  db = await openDatabase({ file: join(folder, 'db') });
  await db.migrate([...kernelMigrations, ...migrations]);
  caches = createLocalCaches({ db, log, folder: join(folder, '.cache'), maxBytes: 1_000 });
});
afterEach(async () => {
  await db.close();
  await rm(folder, { recursive: true });
});

async function project(name: string, created_at = 1): Promise<CacheLife> {
  const life = { ...place, name, created_at, cache_generation: 0 };
  await db.transaction((tx) => insertProject(tx, { ...life, definition: '{}', last_build_number: 0, modified_at: 1 }));
  return life;
}

const archive = async (bytes = 400): Promise<string> => {
  await writeFile(join(folder, 'packed'), 'a'.repeat(bytes));
  return join(folder, 'packed');
};
const out = (): string => join(folder, 'out');
const at = (name: string, key: string): string => join(folder, '.cache', place.account, place.region, name, '1-0', 'archives', 'any', `${key}.tar`);
const fill = (text: string) => async (kept: string): Promise<void> => {
  await mkdir(kept, { recursive: true });
  await writeFile(join(kept, 'file'), text);
};
const often = { once: false };

it('a cache is found by its whole key and by how that begins, whatever it holds, and by the paths that it is of', async () => {
  const life = await project('site');
  const store = caches.archives(life, 'v1');
  // Each of these characters takes nine in a file's name.
  const key = `${'€'.repeat(25)}/../a`;
  expect(await store.put(key, await archive(), often)).toBe('kept');
  expect(await store.take(`${key}b`, out())).toBe(false);
  expect(await store.newest('€'.repeat(24))).toBe(key);
  expect(await store.take(key, out())).toBe(true);
  expect((await readFile(out())).length).toBe(400);
  expect(await caches.archives(life, 'v2').take(key, out())).toBe(false);
  expect(await caches.archives(await project('other'), 'v1').take(key, out())).toBe(false);
});

it('what lies under a key that a buildspec names stays', async () => {
  const store = caches.archives(await project('site'), '');
  expect(await store.put('k', await archive(10), { once: true })).toBe('kept');
  expect(await store.put('k', await archive(20), { once: true })).toBe('there');
  await store.take('k', out());
  expect((await readFile(out())).length).toBe(10);
});

it('beyond the bound the least recently used go, of whichever project', async () => {
  const [one, two] = [caches.archives(await project('one'), ''), caches.archives(await project('two'), '')];
  await one.put('old', await archive(), often);
  await two.put('used', await archive(), often);
  const past = new Date(Date.now() - 60_000);
  for (const file of [at('one', 'old'), at('two', 'used')]) utimesSync(file, past, past);
  expect(await two.take('used', out())).toBe(true);
  await two.put('new', await archive(), often);
  expect([existsSync(at('one', 'old')), existsSync(at('two', 'used')), existsSync(at('two', 'new'))]).toEqual([false, true, true]);
  expect(await two.put('huge', await archive(1_001), often)).toBe('too large');
  // What was taken stays whole, whatever becomes of the cache.
  expect((await readFile(out())).length).toBe(400);
});

it('caches go with their project and with their invalidation, and a build that ends later brings none back', async () => {
  const life = await project('site');
  await caches.archives(life, '').put('k', await archive(), often);
  await db.transaction((tx) => updateProject(tx, life, { cache_generation: 1 }));
  await caches.tidy();
  expect(await readdir(join(folder, '.cache', place.account, place.region, 'site'))).toEqual([]);
  expect(await caches.archives(life, '').put('k', await archive(), often)).toBe('invalidated');
  const next = { ...life, cache_generation: 1 };
  expect(await caches.archives(next, '').put('k', await archive(), often)).toBe('kept');
  await db.transaction((tx) => deleteProject(tx, life, 'site'));
  await caches.tidy();
  expect(await caches.archives(next, '').put('k', await archive(), often)).toBe('invalidated');
  // A server that died before it had tidied: another project of the name has a life of its own.
  expect(await caches.archives(await project('site', 2), '').take('k', out())).toBe(false);
});

it('metadata of git is lent to one at a time, comes back whole, and not at all when its build is ended', async () => {
  const life = await project('site');
  const scratch = join(folder, 'build');
  await mkdir(scratch);
  const said: string[] = [];
  const abort = new AbortController();
  const git = caches.git(life, { scratch, signal: abort.signal, say: (line) => said.push(line) });
  const other = caches.git(life, { scratch: folder, signal: abort.signal, say: () => undefined });
  await git.with('https://a', fill('first'));
  await git.with('https://a', async (kept) => {
    expect(await readFile(join(kept, 'file'), 'utf8')).toBe('first');
    await other.with('https://a', async (second) => expect(existsSync(second)).toBe(false));
  });
  await git.with('https://b', async (kept) => expect(existsSync(kept)).toBe(false));
  expect(said.map((line) => line.includes('nothing is kept'))).toEqual([true, false, true]);
  await git.with('https://a', async () => abort.abort());
  await other.with('https://a', async (kept) => expect(existsSync(kept)).toBe(false));
});
