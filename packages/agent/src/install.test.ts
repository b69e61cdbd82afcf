import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAppSpec } from './appspec.ts';
import type { FileExistsBehavior } from './appspec.ts';
import { covers, install } from './install.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-install-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (path: string, content: string): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};

const run = (archive: string, appSpec: string, behavior: FileExistsBehavior = 'DISALLOW'): Promise<void> => install({
  appSpec: parseAppSpec(`version: 0.0\nos: linux\n${appSpec}`, 'appspec.yml'),
  archive: join(folder, archive), cleanupList: join(folder, 'cleanup'), behavior, place: (path) => join(folder, 'host', path),
});

const mode = async (path: string): Promise<number> => (await stat(join(folder, 'host/srv/site', path))).mode & 0o777;

const all = 'files:\n  - source: /\n    destination: /srv/site\n';

describe('install', () => {
  test('copies what the AppSpec names and removes what the previous revision installed', async () => {
    await put('one/a.txt', '1');
    await put('one/old/b.txt', '1');
    await put('two/a.txt', '2');
    await run('one', all);
    await put('host/srv/site/users.txt', 'kept');
    await run('two', all);
    expect((await readdir(join(folder, 'host/srv/site'))).toSorted()).toEqual(['a.txt', 'users.txt']);
    expect(await readFile(join(folder, 'host/srv/site/a.txt'), 'utf8')).toBe('2');
  });

  test('DISALLOW refuses a file that something else put there, before anything is copied', async () => {
    await put('one/a.txt', '1');
    await put('one/b.txt', '1');
    await put('host/srv/site/b.txt', 'mine');
    await expect(run('one', all)).rejects.toThrow(`The deployment failed because a specified file already exists at this location: ${join(folder, 'host/srv/site/b.txt')}`);
    expect(await readdir(join(folder, 'host/srv/site'))).toEqual(['b.txt']);
  });

  test('OVERWRITE replaces it and RETAIN leaves it', async () => {
    await put('one/a.txt', 'new');
    await put('host/srv/site/a.txt', 'mine');
    await run('one', all, 'RETAIN');
    expect(await readFile(join(folder, 'host/srv/site/a.txt'), 'utf8')).toBe('mine');
    await run('one', all, 'OVERWRITE');
    expect(await readFile(join(folder, 'host/srv/site/a.txt'), 'utf8')).toBe('new');
  });

  test('a single file goes into its destination folder', async () => {
    await put('one/conf/x.conf', '1');
    await run('one', 'files:\n  - source: conf/x.conf\n    destination: /etc/x');
    expect(await readFile(join(folder, 'host/etc/x/x.conf'), 'utf8')).toBe('1');
  });

  test('a source that the bundle lacks is named with its place in the AppSpec', async () => {
    await mkdir(join(folder, 'one'));
    await expect(run('one', 'files:\n  - source: nope\n    destination: /etc/x')).rejects.toThrow('appspec.yml:4:13: files: the bundle has no "nope".');
  });

  test('two sources for one destination are refused', async () => {
    await put('one/a/x', '1');
    await put('one/b/x', '1');
    await expect(run('one', 'files:\n  - {source: a, destination: /d}\n  - {source: b, destination: /d}')).rejects.toThrow('two source files');
  });

  test('permissions reach the files they cover', async () => {
    await put('one/run.sh', '1');
    await put('one/deep/run.sh', '1');
    await put('one/a.txt', '1');
    await run('one', `${all}permissions:\n  - object: /srv/site\n    pattern: "*.sh"\n    mode: 750\n    type: [file]\n  - object: /srv/site/a.txt\n    mode: "400"`);
    expect([await mode('run.sh'), await mode('deep/run.sh'), await mode('a.txt')]).toEqual([0o750, 0o644, 0o400]);
  });

  test('an owner that the host does not know is named', async () => {
    await put('one/a.txt', '1');
    await expect(run('one', `${all}permissions:\n  - object: /srv/site\n    owner: nobody-such`)).rejects.toThrow('the owner nobody-such');
  });
});

describe('covers', () => {
  test.each([
    ['**', [], 'a/b/c', true],
    ['*', [], 'a', true],
    ['*', [], 'a/b', false],
    ['*.sh', [], 'x.sh', true],
    ['a*b*c', [], 'a-b-b-c', true],
    ['a*b*c', [], 'a-c-b', false],
    ['ab*ba', [], 'aba', false],
    ['**', ['*.txt'], 'a.txt', false],
    ['**', ['*.txt'], 'd/a.txt', true],
  ])('pattern %s except %j and %s: %s', (pattern, except, name, expected) => {
    expect(covers({ pattern, except }, name)).toBe(expected);
  });
});
