import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tarOf, tgzOf } from './testing/bundle.ts';
import type { TestFile } from './testing/bundle.ts';
import { unpack } from './unpack.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-unpack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const unpackTar = async (files: readonly TestFile[]): Promise<string> => {
  await writeFile(join(folder, 'bundle'), await tarOf(files));
  await unpack(join(folder, 'bundle'), 'tar', join(folder, 'out'));
  return join(folder, 'out');
};

/** A stored zip with one entry of any name, written by hand: no zip library makes the hostile ones. */
function zipOf(name: string, content: string, mode: number): Buffer {
  const [title, data] = [Buffer.from(name), Buffer.from(content)];
  const crc = crc32(data);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt32LE(crc, 14);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(data.length, 22);
  local.writeUInt16LE(title.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE((3 << 8) | 20, 4);
  central.writeUInt16LE(20, 6);
  central.writeUInt32LE(crc, 16);
  central.writeUInt32LE(data.length, 20);
  central.writeUInt32LE(data.length, 24);
  central.writeUInt16LE(title.length, 28);
  central.writeUInt32LE((mode << 16) >>> 0, 38);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + title.length, 12);
  end.writeUInt32LE(local.length + title.length + data.length, 16);
  return Buffer.concat([local, title, data, central, title, end]);
}

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const unpackZip = async (zip: Buffer): Promise<string> => {
  await writeFile(join(folder, 'bundle'), zip);
  await unpack(join(folder, 'bundle'), 'zip', join(folder, 'out'));
  return join(folder, 'out');
};

describe('unpack', () => {
  test('a zip made by git keeps executable bits and links', async () => {
    const source = join(folder, 'source');
    await mkdir(join(source, 'scripts'), { recursive: true });
    await writeFile(join(source, 'appspec.yml'), 'x');
    await writeFile(join(source, 'scripts', 'a.sh'), '#!/bin/sh\n', { mode: 0o755 });
    await symlink('scripts/a.sh', join(source, 'link'));
    const run = promisify(execFile);
    const git = (...args: string[]) => run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: source });
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'x');
    await git('archive', '--format=zip', '-o', join(folder, 'bundle'), 'HEAD');
    await unpack(join(folder, 'bundle'), 'zip', join(folder, 'out'));
    expect((await stat(join(folder, 'out/scripts/a.sh'))).mode & 0o111).not.toBe(0);
    expect((await stat(join(folder, 'out/appspec.yml'))).mode & 0o111).toBe(0);
    expect((await lstat(join(folder, 'out/link'))).isSymbolicLink()).toBe(true);
  });

  test('a tgz keeps modes, but never set-user-id', async () => {
    await writeFile(join(folder, 'bundle'), await tgzOf([{ name: 'a', content: '1', mode: 0o4755 }, { name: 'b/c', content: '2' }]));
    await unpack(join(folder, 'bundle'), 'tgz', join(folder, 'out'));
    expect((await stat(join(folder, 'out/a'))).mode & 0o7777).toBe(0o755);
    expect(await readFile(join(folder, 'out/b/c'), 'utf8')).toBe('2');
  });

  test('a single top folder with an AppSpec is stripped', async () => {
    const out = await unpackTar([{ name: 'top/appspec.yml', content: 'x' }, { name: 'top/a', content: '1' }]);
    expect(await readFile(join(out, 'a'), 'utf8')).toBe('1');
  });

  test.each([
    ['../evil', /leads out of it|invalid relative path/],
    ['a/../../evil', /leads out of it|invalid relative path/],
    ['/tmp/evil', /absolute path/],
    ['a\\..\\evil', /unsafe name|invalid characters/],
  ])('an entry named %s is refused in a zip and in a tar', async (name, message) => {
    await expect(unpackZip(zipOf(name, 'x', 0o100644))).rejects.toThrow(message);
    await expect(unpackTar([{ name, content: 'x' }])).rejects.toThrow(message);
    await expect(stat(join(folder, 'evil'))).rejects.toThrow('ENOENT');
  });

  test('a zip\'s symbolic link out of the bundle is refused', async () => {
    await expect(unpackZip(zipOf('link', '../../etc/passwd', 0o120777))).rejects.toThrow('"link" leads');
    await expect(unpackZip(zipOf('link', '/etc/passwd', 0o120777))).rejects.toThrow('leads out of the bundle: "/etc/passwd"');
  });

  test('a link that leads out by way of another link is refused', async () => {
    await expect(unpackTar([{ name: 'd/e/f', content: '' }, { name: 'd/e/up', linkTo: '../..' }, { name: 'out', linkTo: 'd/e/up/..' }]))
      .rejects.toThrow('"out" leads out of the bundle');
  });

  test('nothing is written through a link', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await expect(unpackTar([{ name: 'door', linkTo: '../elsewhere' }, { name: 'door/evil', content: 'x' }])).rejects.toThrow();
    await expect(stat(join(folder, 'elsewhere/evil'))).rejects.toThrow('ENOENT');
  });

  test('no link is made through a link', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await expect(unpackTar([{ name: 'door', linkTo: '../elsewhere' }, { name: 'door/sub/evil', linkTo: 'x' }])).rejects.toThrow('"door/sub/evil" stands below another symbolic link');
    await expect(stat(join(folder, 'elsewhere/sub'))).rejects.toThrow('ENOENT');
  });

  test('a file that is no archive is an error', async () => {
    await expect(unpackZip(Buffer.from('not a zip'))).rejects.toThrow();
  });
});
