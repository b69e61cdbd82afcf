import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { computeLimits } from './compute.ts';
import { sizeOf, withinRoom } from './disk.ts';
import { usageBelow, usageOfUnlinked } from './disk-usage.ts';
import { DiskWatch } from './disk-watch.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

let folder: string;
let watch: DiskWatch | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-disk-'));
});

afterEach(async () => {
  watch?.close();
  watch = undefined;
  await rm(folder, { recursive: true, force: true });
});

test('a compute type grants the disk that AWS gives it, and the operator may give less', () => {
  expect(computeLimits('BUILD_GENERAL1_SMALL')).toMatchObject({ diskBytes: 64 * GIB, inodes: 4_194_304 });
  expect(computeLimits('BUILD_GENERAL1_SMALL', { diskBytes: 1 * GIB })).toMatchObject({ diskBytes: GIB, inodes: 65_536 });
  expect(computeLimits('BUILD_GENERAL1_SMALL', { diskBytes: 999 * GIB })).toMatchObject({ diskBytes: 64 * GIB });
});

const reserve = { bytes: 4 * GIB, inodes: 1_000 };

test('a build may use what the machine has less what stays free for others, and the log says where that is less than it might', () => {
  const { limits, notices } = withinRoom({ bytes: 40 * GIB, inodes: 1_000_000, reserve }, { diskBytes: 64 * GIB, inodes: 4_000_000 });
  expect(limits).toEqual({ diskBytes: 32 * GIB, inodes: 888_000, fileBytes: 32 * GIB });
  expect(notices).toEqual(["This machine's disk has room for 32 GB, less than the 64 GB that the build may use", "This machine's disk has room for 888,000 files, fewer than the 4,000,000 that the build may have"]);
});

test('a build without limits of its own has what the machine has room for, and there is nothing to be said', () => {
  expect(withinRoom({ bytes: 40 * GIB, inodes: Infinity, reserve: { bytes: 4 * GIB, inodes: 0 } }, {})).toEqual({ limits: { diskBytes: 32 * GIB, inodes: Infinity, fileBytes: 32 * GIB }, notices: [] });
});

test('a machine that has no more than its reserve runs no build', () => {
  expect(() => withinRoom({ bytes: 3 * GIB, inodes: 1e6, reserve }, {})).toThrow("There is no room for a build on this machine's disk: 3 GB are left, and 4 GB stay free for others");
  expect(() => withinRoom({ bytes: 40 * GIB, inodes: 900, reserve }, {})).toThrow('900 files can be made, and 1,000 are left to others');
});

test('sizes are said in round numbers that are never more than there is', () => {
  expect([500, 1_600, 1.5 * MIB, 64 * GIB - 1, 2_000 * GIB].map(sizeOf)).toEqual(['500 bytes', '1.5 KB', '1.5 MB', '63 GB', '1.9 TB']);
});

test('files count as much as they take: gaps nothing, hard links once, what links lead to not at all', async () => {
  await writeFile(join(folder, 'written'), Buffer.alloc(3 * MIB, 1));
  await link(join(folder, 'written'), join(folder, 'again'));
  await symlink('/usr', join(folder, 'elsewhere'));
  await mkdir(join(folder, 'a', 'b'), { recursive: true });
  await writeFile(join(folder, 'a', 'b', 'gaps'), 'x');
  await truncate(join(folder, 'a', 'b', 'gaps'), 100 * GIB);
  const { bytes, inodes, hidden } = await usageBelow([folder]);
  expect(bytes).toBeGreaterThanOrEqual(3 * MIB);
  expect(bytes).toBeLessThan(3.2 * MIB);
  expect({ inodes, hidden }).toEqual({ inodes: 6, hidden: false });
});

test('counting ends early where there is enough', async () => {
  for (let at = 0; at < 40; at += 1) {
    await mkdir(join(folder, `d${at}`));
    await writeFile(join(folder, `d${at}`, 'x'), 'x');
  }
  const { inodes } = await usageBelow([folder], { bytes: Infinity, inodes: 41 });
  expect(inodes).toBeGreaterThan(41);
  expect(inodes).toBeLessThan(81);
});

test.skipIf(process.getuid?.() === 0)('a folder that may not be read is noticed', async () => {
  await mkdir(join(folder, 'closed'), { mode: 0o000 });
  expect((await usageBelow([folder])).hidden).toBe(true);
  await chmod(join(folder, 'closed'), 0o700);
});

test('a file that no folder holds any more counts as long as it is open', async () => {
  const path = join(folder, 'removed');
  writeFileSync(path, Buffer.alloc(MIB, 1));
  const fd = openSync(path, 'r');
  const { dev } = await stat(folder);
  rmSync(path);
  expect(usageOfUnlinked([process.pid], new Set([dev])).bytes).toBeGreaterThanOrEqual(MIB);
  closeSync(fd);
  expect(usageOfUnlinked([process.pid], new Set([dev])).bytes).toBe(0);
});

const begin = async (limits: { diskBytes?: number; inodes?: number }): Promise<string[]> => {
  const causes: string[] = [];
  watch = new DiskWatch({ folder, limits: { diskBytes: GIB, inodes: 100_000, ...limits }, onExceeded: (cause) => causes.push(cause) });
  await watch.begin();
  return causes;
};

test('a watch tells once that the disk is exceeded, and by what', async () => {
  const causes = await begin({ diskBytes: 5 * MIB });
  await writeFile(join(folder, 'little'), Buffer.alloc(2 * MIB, 1));
  await watch?.check();
  expect(causes).toEqual([]);
  await writeFile(join(folder, 'much'), Buffer.alloc(6 * MIB, 1));
  await expect.poll(() => causes).toEqual(['out of disk: the limit of the build is 5 MB']);
  await watch?.check();
  expect(causes).toHaveLength(1);
});

test('a check misses nothing that was written while the watch was looking', async () => {
  const causes = await begin({ diskBytes: 5 * MIB });
  const first = watch?.check();
  writeFileSync(join(folder, 'last'), Buffer.alloc(24 * MIB, 1));
  await Promise.all([first, watch?.check()]);
  expect(causes).toEqual(['out of disk: the limit of the build is 5 MB']);
});

test('a watch tells that there are too many files', async () => {
  const causes = await begin({ inodes: 20 });
  for (let at = 0; at < 30; at += 1) await writeFile(join(folder, `f${at}`), '');
  await expect.poll(() => causes).toEqual(['out of inodes: the limit of the build is 20 files and folders']);
});

test('what others use of the same disk ends no build', async () => {
  const causes = await begin({ diskBytes: 5 * MIB, inodes: 20 });
  const other = await mkdtemp(join(tmpdir(), 'slipway-other-'));
  await writeFile(join(other, 'much'), Buffer.alloc(8 * MIB, 1));
  for (let at = 0; at < 30; at += 1) await writeFile(join(other, `f${at}`), '');
  await watch?.check();
  expect(watch?.used.bytes).toBeLessThan(MIB);
  expect(causes).toEqual([]);
  await rm(other, { recursive: true });
});
