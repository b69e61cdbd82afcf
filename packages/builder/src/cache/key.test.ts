import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expandCacheKey } from './key.ts';

let source: string;
beforeAll(async () => {
  source = await mkdtemp(join(tmpdir(), 'slipway-key-'));
  await writeFile(join(source, 'package-lock.json'), '{}');
  await symlink('/etc/hostname', join(source, 'out'));
});
afterAll(() => rm(source, { recursive: true }));

const expand = (key: string) => expandCacheKey(key, { env: { BRANCH: 'main', EVIL: '$(touch x)' }, source });

it('fills in variables and the hashes of files, and runs nothing', async () => {
  expect(await expand('npm-$BRANCH-${BRANCH}-$NONE')).toBe('npm-main-main-');
  const hashed = await expand('npm-$(codebuild-hash-files package-lock.json)');
  expect(hashed).toMatch(/^npm-[0-9a-f]{64}$/);
  await writeFile(join(source, 'package-lock.json'), '{"a":1}');
  expect(await expand('npm-$(codebuild-hash-files "package-lock.json")')).not.toBe(hashed);
  expect(await expand('$EVIL $(touch y)')).toBe('$(touch x) $(touch y)');
});

it('hashes nothing outside the source', async () => {
  expect(await expand('$(codebuild-hash-files out)')).toBe(await expand('$(codebuild-hash-files none)'));
  expect(await expand('$(codebuild-hash-files ../../etc/passwd)')).toBe(await expand('$(codebuild-hash-files none)'));
});
