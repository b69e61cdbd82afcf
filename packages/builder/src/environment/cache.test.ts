import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runBuild, sourceFolder } from '../build.ts';
import { parseBuildspec } from '../buildspec/parse.ts';
import { quote } from '../runners/session.ts';
import { cacheFile, savedCacheFile } from './cache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-cache-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs a build of these commands with a cache of these paths; the archive of an earlier one is restored. */
async function build(name: string, commands: readonly string[], paths: readonly string[], archive?: string): Promise<{ output: string[]; own: string; status: string; saved: string; source: string }> {
  const place = join(folder, name);
  const source = sourceFolder(place, 'src1/src');
  await mkdir(source, { recursive: true });
  if (archive !== undefined) await copyFile(archive, cacheFile(place));
  const lines: string[] = [];
  const buildspec = parseBuildspec(`version: 0.2\nphases:\n  build:\n    commands: ${JSON.stringify(commands)}\n`);
  const sink = { log: (_: number, batch: readonly { text: string }[]) => void lines.push(...batch.map(({ text }) => text)), phaseStarted: () => undefined, phaseEnded: () => undefined, exported: () => undefined, artifact: () => undefined };
  const { status } = await runBuild({ folder: place, runner: 'plain', source: 'src1/src', buildspec, env: {}, cache: { paths, restore: archive !== undefined, save: true } }, sink);
  const own = lines.filter((line) => line.startsWith('[Container]')).join('\n');
  return { output: lines.filter((line) => !line.startsWith('[Container]')), own, status, saved: savedCacheFile(place), source };
}

/** A tar of the build's own that does this in its place. */
const tarThat = (does: string): string[] => ['mkdir bin', `printf '%s\\n' '#!/bin/sh' ${quote(does)} > bin/tar`, 'chmod +x bin/tar', 'export PATH=$PWD/bin:$PATH'];

describe("A build's cache", () => {
  it('holds what its paths name, whichever of them are there', async () => {
    const paths = ['deps/**/*', 'none/*', join(folder, 'absent/**'), 'file'];
    const first = await build('first', ['mkdir deps', 'echo one > deps/a', 'echo two > file', 'echo three > other'], paths);
    const second = await build('second', ['cat deps/a file', 'ls'], paths, first.saved);
    expect(second.output).toEqual(['one', 'two', 'deps', 'file']);
    expect(second.own).toContain('The cache is restored');
  });

  it('that holds more than its paths brings nothing else', async () => {
    const first = await build('first', ['mkdir deps', 'echo one > deps/a', 'echo evil > Makefile'], ['deps', 'Makefile']);
    expect((await build('second', ['ls'], ['deps/**/*'], first.saved)).output).toEqual(['deps']);
  });

  it('that is no archive, or half of one, is said to be so', async () => {
    const first = await build('first', ['mkdir deps', 'head -c 100000 /dev/urandom > deps/a'], ['deps']);
    for (const [name, bytes] of [['half', (await readFile(first.saved)).subarray(0, 50_000)], ['none', Buffer.from('no archive')]] as const) {
      await writeFile(join(folder, `${name}.tar`), bytes);
      expect((await build(name, ['true'], ['deps'], join(folder, `${name}.tar`))).own).toContain('could not be restored whole');
    }
  });

  it('is not kept when packing it fails half-way, or the build is killed meanwhile', async () => {
    for (const [name, does] of [['failing', 'echo half > whole.tar; exit 2'], ['killed', 'echo half > whole.tar; kill -9 $PPID; sleep 1']] as const) {
      const { saved, status } = await build(name, ['mkdir deps; echo a > deps/a', ...tarThat(does)], ['deps']);
      expect([existsSync(saved), status]).toEqual([false, 'SUCCEEDED']);
    }
  });

  it('is kept though tar complains of a file that changed', async () => {
    const real = execFileSync('/bin/sh', ['-c', 'command -v tar'], { encoding: 'utf8' }).trim();
    const { saved } = await build('changing', ['mkdir deps; echo a > deps/a', ...tarThat(`${real} "$@"; [ "$1" != -cf ] || case "$2" in (*source.tar) exit 1 ;; esac`)], ['deps']);
    expect((await build('next', ['cat deps/a'], ['deps'], saved)).output).toEqual(['a']);
  });

  it('in whose place the build puts a link is none', async () => {
    await symlink('/etc/hostname', join(folder, 'link'));
    const { saved } = await build('linking', ['mkdir deps; echo a > deps/a', ...tarThat('case "$2" in (whole.tar) ln -s /etc/hostname whole.tar ;; (*) : > "$2" ;; esac')], ['deps']);
    expect(existsSync(saved)).toBe(false);
  });
});
