import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGit, isBranchName, isReferenceName, MODES, NO_OBJECT, pathParts, ReferenceMoved } from './index.ts';
import type { Git, RefCommand, RefGuard, Repository, Signature } from './index.ts';

const run = promisify(execFile);
const someone: Signature = { name: 'Ada', email: 'ada@example.com', time: 1_700_000_000_000, zone: '+0000' };

describe('git', () => {
  let folder: string;
  let git: Git;
  let repository: Repository;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-git-'));
    git = createGit({ folder: join(folder, 'git') });
    repository = git.repository('r1');
  });
  afterEach(async () => {
    await git.close();
    await rm(folder, { recursive: true, force: true });
  });

  const heard: RefCommand[][] = [];
  const guard: RefGuard = {
    async begin(commands) {
      heard.push([...commands]);
      return async () => undefined;
    },
  };

  async function commitFiles(files: Record<string, { content: string; mode?: string }>, parent?: string): Promise<string> {
    let tree = parent === undefined ? undefined : (await repository.read.commit(parent))?.tree;
    for (const [path, { content, mode = MODES.file }] of Object.entries(files)) {
      tree = await repository.write.treeWith(tree, path.split('/'), { mode, id: await repository.write.blob(Buffer.from(content)) });
    }
    return repository.write.commit({ tree: tree ?? '', parents: parent === undefined ? [] : [parent], author: someone, committer: someone, message: 'A message' });
  }

  it('writes blobs, trees and commits that git itself finds sound, and reads them back', async () => {
    const id = await commitFiles({ 'a.txt': { content: 'one' }, 'bin/run.sh': { content: '#!/bin/sh\n', mode: MODES.executable }, 'bin/deep/x': { content: 'x' } });
    await repository.move([{ ref: 'refs/heads/main', old: NO_OBJECT, new: id }], guard);
    await run('git', ['--git-dir', join(folder, 'git/r1.git'), 'fsck', '--strict']);

    const commit = await repository.read.commit(id);
    expect(commit).toMatchObject({ id, parents: [], author: someone, message: 'A message\n' });
    expect(await repository.read.entry(commit!.tree, ['bin', 'run.sh'])).toMatchObject({ mode: MODES.executable });
    expect(await repository.read.entry(commit!.tree, ['bin', 'run.sh', 'no'])).toBeUndefined();
    expect((await repository.read.blob((await repository.read.entry(commit!.tree, ['bin', 'deep', 'x']))!.id))?.toString()).toBe('x');
    expect(await repository.read.branches()).toEqual([{ name: 'main', commit: id }]);
    expect(await repository.read.commitId('refs/heads/main')).toBe(id);
  });

  it('reads and archives a commit as it is, whatever refs/replace says of it', async () => {
    const good = await commitFiles({ 'a.txt': { content: 'good' } });
    const evil = await commitFiles({ 'a.txt': { content: 'evil' } });
    await repository.move([{ ref: `refs/replace/${good}`, old: NO_OBJECT, new: evil }], guard);
    const fresh = createGit({ folder: join(folder, 'git') });
    const { read } = fresh.repository('r1');
    expect((await read.blob((await read.entry((await read.commit(good))!.tree, ['a.txt']))!.id))?.toString()).toBe('good');
    const out = join(folder, 'out');
    await fresh.repository('r1').checkout(good, { folder: out, history: 'none' });
    expect(await readFile(join(out, 'a.txt'), 'utf8')).toBe('good');
    await fresh.close();
  });

  it('keeps the names of other files as they are, UTF-8 or not', async () => {
    const blob = await repository.write.blob(Buffer.from('x'));
    const path = join(folder, 'git/r1.git');
    const made = run('git', ['--git-dir', path, 'mktree', '-z'], { encoding: 'latin1' });
    made.child.stdin?.end(Buffer.from(`100644 blob ${blob}\tcaf\xe9.txt\0`, 'latin1'));
    const tree = (await made).stdout.trim();
    const next = await repository.write.treeWith(tree, ['new.txt'], { mode: MODES.file, id: blob });
    const { stdout } = await run('git', ['--git-dir', path, 'ls-tree', '-z', '--name-only', next], { encoding: 'latin1' });
    expect(stdout.split('\0').filter(Boolean)).toEqual(['caf\xe9.txt', 'new.txt']);
  });

  it('answers many questions at once from one process, in their order, large objects among them', async () => {
    const large = Buffer.alloc(3_000_000, 'slipway ');
    const [big, small] = await Promise.all([repository.write.blob(large), repository.write.blob(Buffer.from('small'))]);
    const answers = await Promise.all([big, small, '0'.repeat(39) + '1', big, small].map((id) => repository.read.blob(id)));
    expect(answers.map((answer) => answer?.length)).toEqual([3_000_000, 5, undefined, 3_000_000, 5]);
  });

  it('starts another reading process after the first has gone idle', async () => {
    const brief = createGit({ folder: join(folder, 'git'), idleMs: 1 });
    const id = await brief.repository('r1').write.blob(Buffer.from('x'));
    expect((await brief.repository('r1').read.blob(id))?.toString()).toBe('x');
    await new Promise((resolve) => { setTimeout(resolve, 30); });
    expect((await brief.repository('r1').read.blob(id))?.toString()).toBe('x');
    await brief.close();
  });

  it('moves references only from where they are expected, all or none', async () => {
    const first = await commitFiles({ a: { content: '1' } });
    const second = await commitFiles({ a: { content: '2' } }, first);
    await repository.move([{ ref: 'refs/heads/main', old: NO_OBJECT, new: first }], guard);
    const stale = repository.move([
      { ref: 'refs/heads/other', old: NO_OBJECT, new: second },
      { ref: 'refs/heads/main', old: second, new: first },
    ], guard);
    await expect(stale).rejects.toBeInstanceOf(ReferenceMoved);
    expect(await repository.read.branches()).toEqual([{ name: 'main', commit: first }]);
    await repository.move([{ ref: 'refs/heads/main', old: first, new: second }], guard);
    await repository.move([{ ref: 'refs/heads/main', old: second, new: NO_OBJECT }], guard);
    expect(await repository.read.reference('refs/heads/main')).toBeUndefined();
  });

  it('moves nothing when the guard refuses', async () => {
    const id = await commitFiles({ a: { content: '1' } });
    const refusing: RefGuard = { begin: () => Promise.reject(new Error('no')) };
    await expect(repository.move([{ ref: 'refs/heads/main', old: NO_OBJECT, new: id }], refusing)).rejects.toThrow('no');
    expect(await repository.read.branches()).toEqual([]);
  });

  it('archives a commit as a zip with executable bits, whatever its .gitattributes say', async () => {
    const id = await commitFiles({
      '.gitattributes': { content: 'secret.txt export-ignore\nid.txt export-subst\nid.txt text eol=crlf\n' },
      'secret.txt': { content: 'kept' },
      'id.txt': { content: '$Format:%H$\n' },
      'run.sh': { content: '#!/bin/sh\n', mode: MODES.executable },
    });
    const zip = join(folder, 'a.zip');
    await writeFile(zip, await buffer(await repository.archive(id)));
    await run('python3', ['-c', 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])', zip, join(folder, 'out')]);
    expect((await readdir(join(folder, 'out'))).toSorted()).toEqual(['.gitattributes', 'id.txt', 'run.sh', 'secret.txt']);
    expect(await readFile(join(folder, 'out/id.txt'), 'utf8')).toBe('$Format:%H$\n');
    const { stdout } = await run('python3', ['-c', 'import sys, zipfile; print(oct(zipfile.ZipFile(sys.argv[1]).getinfo("run.sh").external_attr >> 16))', zip]);
    expect(stdout.trim()).toBe('0o100755');
  });

  it('fails an archive\'s stream when git fails, rather than ending it early', async () => {
    await expect(buffer(await repository.archive('1'.repeat(40)))).rejects.toThrow(/git archive/);
  });

  it('checks a commit out as files, as a full clone and as a shallow one', async () => {
    const first = await commitFiles({ a: { content: '1' }, 'bin/x': { content: 'x', mode: MODES.executable } });
    const second = await commitFiles({ a: { content: '2' } }, first);
    await repository.move([{ ref: 'refs/heads/main', old: NO_OBJECT, new: second }, { ref: 'refs/tags/v1', old: NO_OBJECT, new: first }], guard);

    await repository.checkout(first, { folder: join(folder, 'files'), history: 'none' });
    expect((await readdir(join(folder, 'files'))).toSorted()).toEqual(['a', 'bin']);
    expect((await stat(join(folder, 'files/bin/x'))).mode & 0o111).not.toBe(0);

    const clone = join(folder, 'clone');
    await repository.checkout(second, { folder: clone, history: 'full', originUrl: 'http://example.com/v1/repos/x' });
    const git2 = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: clone })).stdout.trim();
    expect(await git2('rev-parse', 'HEAD')).toBe(second);
    expect(await git2('remote', 'get-url', 'origin')).toBe('http://example.com/v1/repos/x');
    expect(await git2('for-each-ref', '--format=%(refname)')).toBe('refs/remotes/origin/main\nrefs/tags/v1');
    expect(await git2('log', '--format=%H')).toBe(`${second}\n${first}`);
    expect(await git2('status', '--porcelain')).toBe('');

    await repository.checkout(second, { folder: join(folder, 'shallow'), history: 1 });
    expect((await run('git', ['log', '--format=%H'], { cwd: join(folder, 'shallow') })).stdout.trim()).toBe(second);
  });

  it('removes a repository, after which the id is an empty one', async () => {
    const id = await commitFiles({ a: { content: '1' } });
    await git.remove('r1');
    expect(await repository.read.commit(id)).toBeUndefined();
    expect(await readdir(join(folder, 'git'))).toEqual(['r1.git']);
  });

  it('takes no repository id that is a path', async () => {
    await expect(() => git.repository('../x').read.branches()).rejects.toThrow('not a repository id');
  });
});

describe('names', () => {
  it.each(['main', 'feature/x', 'a.b', 'ünïcode', 'x@y'])('accepts the branch %s', (name) => expect(isBranchName(name)).toBe(true));
  it.each(['', '-x', '--upload-pack=x', '../x', 'a..b', 'a b', 'a~1', 'a^', 'a:b', 'a?', 'a*', 'a[', 'a\\b', '/a', 'a/', 'a//b', '.a', 'a/.b', 'a.lock', 'a.lock/b', 'a.', '@', 'HEAD', 'a@{b', 'a\nb', 'a\0b', 'x'.repeat(257)])(
    'refuses the branch %j', (name) => expect(isBranchName(name)).toBe(false));
  it.each(['HEAD', 'refs/heads', 'refs//x', 'main', 'refs/heads/../../config'])('refuses the reference %j', (name) => expect(isReferenceName(name)).toBe(false));
  it.each(['../x', 'a/../b', './a', 'a//b', '.git/config', 'a/.GIT/hooks/x', '.git ', 'git~1/x', 'a\nb', 'a\0'])('refuses the path %j', (path) => expect(pathParts(path)).toBeUndefined());
  it('reads a path as its parts, with or without outer slashes', () => {
    expect([pathParts('/a/b/'), pathParts('/'), pathParts('.gitignore')]).toEqual([['a', 'b'], [], ['.gitignore']]);
  });
});
