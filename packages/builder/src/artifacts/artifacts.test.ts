import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fromBuffer } from 'yauzl';
import type { Entry } from 'yauzl';
import { collectArtifact } from './collect.ts';
import type { ArtifactPatterns } from './collect.ts';
import { zipArtifact } from './zip.ts';

let source: string;

beforeEach(async () => {
  source = join(await mkdtemp(join(tmpdir(), 'slipway-artifacts-')), 'src');
  await files({ 'index.html': 'hi', 'scripts/start.sh': '#!/bin/sh', '.hidden/x': '1', 'my-build1/my-file1.txt': '1', 'my-build2/my-file2.txt': '2', 'my-build2/my-subdirectory/my-file3.txt': '3' });
  await chmod(join(source, 'scripts/start.sh'), 0o755);
});

afterEach(() => rm(dirname(source), { recursive: true, force: true }));

async function files(contents: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(source, path)), { recursive: true });
    await writeFile(join(source, path), text);
  }
}

async function paths(patterns: Partial<ArtifactPatterns>): Promise<string[]> {
  return (await collectArtifact(source, { files: ['**/*'], excludePaths: [], discardPaths: false, ...patterns })).entries.map(({ path }) => path);
}

describe('an artifact', () => {
  test('of **/* holds every file, those with a dot too', async () => {
    expect(await paths({})).toEqual(['.hidden/x', 'index.html', 'my-build1/my-file1.txt', 'my-build2/my-file2.txt', 'my-build2/my-subdirectory/my-file3.txt', 'scripts/start.sh']);
  });

  test('takes patterns relative to its base directory and leaves that out of the paths', async () => {
    expect(await paths({ files: ['*/my-file3.txt'], baseDirectory: 'my-build2' })).toEqual(['my-subdirectory/my-file3.txt']);
  });

  test('takes base directories by pattern and discards paths', async () => {
    expect(await paths({ baseDirectory: 'my-build*', discardPaths: true })).toEqual(['my-file1.txt', 'my-file2.txt', 'my-file3.txt']);
  });

  test('leaves out excluded paths', async () => {
    expect(await paths({ excludePaths: ['my-build*/**/*', '.hidden/**'] })).toEqual(['index.html', 'scripts/start.sh']);
  });

  test('takes ./ in front, a single file and a whole folder', async () => {
    expect(await paths({ files: ['./index.html', 'scripts/'] })).toEqual(['index.html', 'scripts/start.sh']);
  });

  test('follows a link inside the workspace and does not turn in circles', async () => {
    await symlink('my-build1', join(source, 'link'));
    await symlink('..', join(source, 'my-build2/loop'));
    expect(await paths({ files: ['link/*'] })).toEqual(['link/my-file1.txt']);
    expect(await paths({ files: ['my-build1/**/*'] })).toEqual(['my-build1/my-file1.txt']);
  });

  test('that matches nothing fails as AWS says it', async () => {
    await expect(paths({ files: ['target/*.jar'] })).rejects.toMatchObject({ statusCode: 'CLIENT_ERROR', message: 'no matching artifact paths found' });
    await expect(paths({ baseDirectory: 'dist' })).rejects.toMatchObject({ message: 'no matching base directory path found for dist' });
  });

  test.each([
    ['files: ../', { files: ['../secret'] }, '../secret'], ['files: a/../../', { files: ['a/../../secret'] }, 'a/../../secret'], ['files: /', { files: ['/etc/passwd'] }, '/etc/passwd'],
    ['base-directory: ..', { baseDirectory: '..' }, '..'], ['base-directory: /', { baseDirectory: '/etc' }, '/etc'], ['exclude-paths', { excludePaths: ['../x'] }, '../x'],
  ])('whose pattern leaves the workspace is refused by name (%s)', async (_, patterns, pattern) => {
    await expect(paths(patterns)).rejects.toMatchObject({ name: 'ArtifactError', statusCode: 'CLIENT_ERROR', pattern, message: expect.stringContaining(pattern) });
  });

  test('whose link leads out of the workspace is refused, wherever the link stands', async () => {
    await symlink('/etc', join(source, 'out'));
    await expect(paths({})).rejects.toThrow('**/* matches out, a symbolic link that leads out of the source directory');
    await expect(paths({ files: ['out/passwd'] })).rejects.toThrow('leads out of the source directory');
    await expect(paths({ files: ['passwd'], baseDirectory: 'out' })).rejects.toThrow('leads out of the source directory');
  });

  test('is not disturbed by a link that leads out where no pattern reaches, or where it is excluded', async () => {
    await symlink('/etc', join(source, 'out'));
    expect(await paths({ files: ['*.html', 'scripts/**/*'] })).toEqual(['index.html', 'scripts/start.sh']);
    expect(await paths({ files: ['**/*.html'], excludePaths: ['out/**/*'] })).toEqual(['index.html']);
  });

  test('as a zip keeps contents, paths and modes', async () => {
    const manifest = await collectArtifact(source, { files: ['index.html', 'scripts/*'], excludePaths: [], discardPaths: false });
    const zip = await buffer(zipArtifact(manifest));
    const entries = await new Promise<Entry[]>((resolve, reject) => {
      fromBuffer(zip, { lazyEntries: false }, (error, file) => {
        if (error !== null) return reject(error);
        const all: Entry[] = [];
        file.on('entry', (entry: Entry) => all.push(entry));
        file.on('end', () => resolve(all));
      });
    });
    expect(entries.map(({ fileName, externalFileAttributes, uncompressedSize }) => [fileName, (externalFileAttributes >>> 16) & 0o777, uncompressedSize]))
      .toEqual([['index.html', 0o644, 2], ['scripts/start.sh', 0o755, 9]]);
  });

  test('as a zip keeps the order and the bytes of small files among large ones', async () => {
    const folder = join(source, 'mixed');
    const contents = Array.from({ length: 100 }, (_, n) => String.fromCharCode(65 + (n % 26)).repeat(n % 30 === 10 ? 5_000_000 + n : n * 100));
    await files(Object.fromEntries(contents.map((said, n) => [`mixed/f${String(n).padStart(3, '0')}`, said])));
    const manifest = await collectArtifact(folder, { files: ['**/*'], excludePaths: [], discardPaths: false });
    const read: [string, string][] = [];
    const zip = await buffer(zipArtifact(manifest));
    await new Promise<void>((resolve, reject) => {
      fromBuffer(zip, { lazyEntries: true }, (error, file) => {
        if (error !== null) return reject(error);
        file.on('end', resolve).on('entry', (entry: Entry) => {
          file.openReadStream(entry, (problem, stream) => {
            if (problem !== null) return reject(problem);
            text(stream).then((said) => {
              read.push([entry.fileName, said]);
              file.readEntry();
            }, reject);
          });
        });
        file.readEntry();
      });
    });
    expect(read.map(([path]) => path)).toEqual(manifest.entries.map(({ path }) => path));
    expect(read.every(([, said], n) => said === contents[n])).toBe(true);
  });

  test('as a zip fails when a file is gone', async () => {
    const manifest = await collectArtifact(source, { files: ['index.html'], excludePaths: [], discardPaths: false });
    await rm(join(source, 'index.html'));
    await expect(buffer(zipArtifact(manifest))).rejects.toThrow('ENOENT');
  });
});
