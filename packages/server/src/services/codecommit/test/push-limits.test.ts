import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gitClient } from './git-client.ts';
import { openHouse } from './house.ts';
import type { House } from './house.ts';

const MEGABYTE = 1_024 ** 2;
const LARGEST = 3 * MEGABYTE;
let house: House;
let home: string;
let local: ReturnType<typeof gitClient>;

beforeEach(async () => {
  house = await openHouse({ largestFile: LARGEST });
  await house.call('CreateRepository', { repositoryName: 'site' });
  home = await mkdtemp(join(tmpdir(), 'slipway-limits-'));
  local = gitClient(home);
  await local('init', '-q', '-b', 'main');
  await local('remote', 'add', 'origin', house.url('site'));
});
afterEach(async () => {
  await house.close();
  await rm(home, { recursive: true });
});

async function commit(content: Buffer, ...words: string[]): Promise<void> {
  await writeFile(join(home, 'a'), content);
  await local('add', 'a');
  expect(await local('commit', '-q', ...words)).toMatchObject({ code: 0 });
}

it.each([['that compresses well', Buffer.alloc(LARGEST + 1)], ['that does not compress', randomBytes(LARGEST + 1)]])('a push of a file over the limit %s is refused, and one at the limit is not', async (_, content) => {
  await commit(content.subarray(0, LARGEST), '-m', 'At the limit');
  expect(await local('push', '-q', 'origin', 'main')).toMatchObject({ code: 0 });
  await commit(content, '-m', 'Over it');
  const refused = await local('push', '-q', 'origin', 'main');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain(`A file may have at most ${LARGEST} bytes: `);
});

it('a commit whose metadata has more than 20 MB is refused', async () => {
  await writeFile(join(home, 'words'), 'word '.repeat(4 * MEGABYTE + 1_000));
  await commit(Buffer.from('1'), '-F', 'words', '--cleanup=verbatim');
  const refused = await local('push', '-q', 'origin', 'main');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('at most 20 MB');
});
