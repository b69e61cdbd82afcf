import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { removeTree } from './remove.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-remove-'));
});

test('a folder that is not there is removed already', async () => {
  await removeTree(join(folder, 'absent'));
  await removeTree(folder);
});

test('folders are removed that nobody may change', async () => {
  await mkdir(join(folder, 'closed', 'inner'), { recursive: true });
  await writeFile(join(folder, 'closed', 'inner', 'file'), 'x');
  await chmod(join(folder, 'closed', 'inner'), 0o500);
  await chmod(join(folder, 'closed'), 0o000);
  await removeTree(folder);
  expect(existsSync(folder)).toBe(false);
});

test('folders are removed that lie deeper than a path can name', async () => {
  const nest = "for (let at = 0; at < 50; at += 1) { require('fs').mkdirSync('d'.repeat(200)); process.chdir('d'.repeat(200)); }";
  execFileSync(process.execPath, ['-e', nest], { cwd: folder });
  await removeTree(folder);
  expect(existsSync(folder)).toBe(false);
});
