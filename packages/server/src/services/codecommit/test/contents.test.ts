import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openHouse } from './house.ts';
import type { House } from './house.ts';

let house: House;
let count = 0;
let repositoryName = '';
beforeAll(async () => { house = await openHouse(); });
afterAll(() => house.close());
beforeEach(async () => {
  count += 1;
  repositoryName = `contents-${count}`;
  await house.call('CreateRepository', { repositoryName });
});

const bytes = (text: string): Buffer => Buffer.from(text);
const failing = (name: string) => expect.objectContaining({ name });
const commit = async (input: object): Promise<string> => {
  const { branch } = await house.call('GetBranch', { repositoryName, branchName: 'main' }).catch(() => ({ branch: undefined }));
  return (await house.call('CreateCommit', { repositoryName, branchName: 'main', ...branch ? { parentCommitId: branch.commitId! } : {}, ...input })).commitId!;
};
const puts = (files: Record<string, string>) => ({ putFiles: Object.entries(files).map(([filePath, content]) => ({ filePath, fileContent: bytes(content) })) });
const paths = (files: readonly { absolutePath?: string }[] | undefined) => files?.map(({ absolutePath }) => absolutePath);
const text = async (filePath: string): Promise<string> => Buffer.from((await house.call('GetFile', { repositoryName, filePath })).fileContent).toString();

describe('CreateCommit and DeleteFile', () => {
  it('puts, copies, moves, deletes and gives modes in one commit, and says what became of each file', async () => {
    await commit(puts({ a: '1', b: '2', c: '3', 'old/d': '4' }));
    const { branch } = await house.call('GetBranch', { repositoryName, branchName: 'main' });
    const answer = await house.call('CreateCommit', {
      repositoryName, branchName: 'main', parentCommitId: branch!.commitId!, authorName: 'Ada', email: 'ada@example.com', commitMessage: 'Much',
      putFiles: [{ filePath: 'a', fileContent: bytes('one') }, { filePath: 'copy', sourceFile: { filePath: 'b' } }, { filePath: 'new/d', sourceFile: { filePath: 'old/d', isMove: true }, fileMode: 'EXECUTABLE' }],
      deleteFiles: [{ filePath: 'c' }], setFileModes: [{ filePath: 'b', fileMode: 'EXECUTABLE' }], keepEmptyFolders: true,
    });
    expect([paths(answer.filesAdded), paths(answer.filesUpdated), paths(answer.filesDeleted)]).toEqual([['copy', 'new/d', 'old/.gitkeep'], ['a', 'b'], ['c', 'old/d']]);
    expect([await text('a'), await text('copy'), await text('new/d')]).toEqual(['one', '2', '4']);
    expect(await house.call('GetFile', { repositoryName, filePath: 'new/d' })).toMatchObject({ fileMode: 'EXECUTABLE' });
    expect((await house.call('GetCommit', { repositoryName, commitId: answer.commitId! })).commit).toMatchObject({ treeId: answer.treeId, message: 'Much\n', author: { name: 'Ada', email: 'ada@example.com' } });
  });

  it('a folder takes the place of a file that the same commit deletes', async () => {
    await commit(puts({ a: '1' }));
    await commit({ ...puts({ 'a/b': '2' }), deleteFiles: [{ filePath: 'a' }] });
    expect(await text('a/b')).toBe('2');
  });

  it('a thousand files are one commit', async () => {
    await commit(puts(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`folder-${index % 10}/file-${index}`, String(index)]))));
    expect((await house.call('GetFolder', { repositoryName, folderPath: 'folder-3' })).files).toHaveLength(100);
    expect(await text('folder-7/file-997')).toBe('997');
  });

  it('DeleteFile: takes the folder along that it leaves empty, unless that is to be kept', async () => {
    let parentCommitId = await commit(puts({ 'a/b/c': '1', 'a/b/d': '2', e: '3' }));
    const deleted = await house.call('DeleteFile', { repositoryName, branchName: 'main', filePath: 'a/b/c', parentCommitId, keepEmptyFolders: true });
    expect(deleted).toMatchObject({ filePath: 'a/b/c', blobId: expect.stringMatching(/^[0-9a-f]{40}$/) });
    parentCommitId = (await house.call('DeleteFile', { repositoryName, branchName: 'main', filePath: 'a/b/d', parentCommitId: deleted.commitId, keepEmptyFolders: true })).commitId;
    expect((await house.call('GetFolder', { repositoryName, folderPath: 'a/b' })).files?.map(({ relativePath }) => relativePath)).toEqual(['.gitkeep']);
    await house.call('DeleteFile', { repositoryName, branchName: 'main', filePath: 'a/b/.gitkeep', parentCommitId });
    expect((await house.call('GetFolder', { repositoryName, folderPath: '/' })).subFolders).toEqual([]);
  });
});

describe('hostile paths and files', () => {
  it.each([
    '../x', 'a/../../x', '.git/config', '.GIT/hooks/pre-commit', 'a/.git', '.git./config', '.git /config', 'git~1/config', 'GIT~2', '.git::$INDEX_ALLOCATION/x', '.g\u200cit/config', '\ufeff.git/x',
    'a\\..\\x', 'a\\.git\\config', 'a\u0000b', 'a\nb', 'a\u007f', 'a//b', './a', 'a/.', '',
  ])('PutFile, CreateCommit and conflict resolutions refuse the path %j', async (filePath) => {
    const error = filePath === '' ? 'PathRequiredException' : 'InvalidPathException';
    await expect(house.call('PutFile', { repositoryName, branchName: 'main', filePath, fileContent: bytes('x') })).rejects.toEqual(failing(error));
    await expect(commit({ putFiles: [{ filePath, fileContent: bytes('x') }] })).rejects.toEqual(failing(error));
    await expect(commit({ putFiles: [{ filePath: 'a', sourceFile: { filePath } }] })).rejects.toEqual(failing(error));
    await expect(house.call('GetFile', { repositoryName, filePath })).rejects.toEqual(failing(error));
  });

  it.each(['-x', '--upload-pack=x', ':(top)a', ':!a', '*', 'a?[b]', '~', '日本語', '"quoted"', 'a\'b', '$(x)', ' '])('the path %j is a name like any other', async (filePath) => {
    await commit(puts({ [filePath]: 'x', other: 'y' }));
    const commitId = await commit(puts({ [filePath]: 'z' }));
    expect(await text(filePath)).toBe('z');
    const { revisionDag } = await house.call('ListFileCommitHistory', { repositoryName, filePath });
    expect(revisionDag.map(({ revisionChildren }) => revisionChildren)).toEqual([[], [commitId]]);
    const { differences } = await house.call('GetDifferences', { repositoryName, afterCommitSpecifier: 'main', afterPath: filePath });
    expect(differences?.map(({ afterBlob }) => afterBlob?.path)).toEqual([filePath]);
  });

  it('nothing is written or read through a symbolic link', async () => {
    await commit({ putFiles: [{ filePath: 'link', fileContent: bytes('../../outside'), fileMode: 'SYMLINK' }] });
    await expect(commit(puts({ 'link/x': '1' }))).rejects.toEqual(failing('DirectoryNameConflictsWithFileNameException'));
    await expect(text('link/x')).rejects.toEqual(failing('FileDoesNotExistException'));
    expect(await house.call('GetFile', { repositoryName, filePath: 'link' })).toMatchObject({ fileMode: 'SYMLINK', fileContent: bytes('../../outside') });
    expect((await house.call('GetFolder', { repositoryName, folderPath: '/' })).symbolicLinks?.map(({ absolutePath }) => absolutePath)).toEqual(['link']);
  });

  it('a .gitmodules file that a clone could be harmed by is refused, as in a push', async () => {
    await expect(commit({ putFiles: [{ filePath: '.gitmodules', fileContent: bytes('outside'), fileMode: 'SYMLINK' }] })).rejects.toEqual(failing('InvalidPathException'));
    await expect(commit(puts({ '.gitmodules': '[submodule "m"]\n\tpath = m\n\turl = --upload-pack=x\n' }))).rejects.toEqual(failing('InvalidPathException'));
    await commit(puts({ '.gitmodules': '[submodule "m"]\n\tpath = m\n\turl = https://example.com/m\n' }));
  });
});

describe('differences and histories', () => {
  it('GetDifferences: every page goes on where the last ended, across folders', async () => {
    const before = await commit(puts({ same: '0', gone: '1', 'dir/changed': '2', a: '3' }));
    await commit({ ...puts({ 'dir/changed': 'two', 'dir/new': '4', 'dir.txt': '5', 'a/b': '6' }), deleteFiles: [{ filePath: 'gone' }, { filePath: 'a' }] });
    const seen: (string | undefined)[][] = [];
    let NextToken: string | undefined;
    do {
      const page = await house.call('GetDifferences', { repositoryName, beforeCommitSpecifier: before, afterCommitSpecifier: 'main', MaxResults: 1, ...NextToken === undefined ? {} : { NextToken } });
      seen.push(...page.differences!.map(({ changeType, beforeBlob, afterBlob }) => [changeType, beforeBlob?.path, afterBlob?.path]));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual([['D', 'a', undefined], ['A', undefined, 'a/b'], ['A', undefined, 'dir.txt'], ['M', 'dir/changed', 'dir/changed'], ['A', undefined, 'dir/new'], ['D', 'gone', undefined]]);
  });

  it('GetDifferences: between two folders of two names', async () => {
    const before = await commit(puts({ 'old/a': '1', 'old/b': '2' }));
    await commit({ ...puts({ 'new/a': '1', 'new/b': 'two' }), deleteFiles: [{ filePath: 'old/a' }, { filePath: 'old/b' }] });
    const { differences } = await house.call('GetDifferences', { repositoryName, beforeCommitSpecifier: before, afterCommitSpecifier: 'main', beforePath: 'old', afterPath: 'new' });
    expect(differences).toMatchObject([{ changeType: 'M', beforeBlob: { path: 'old/b', mode: '100644' }, afterBlob: { path: 'new/b' } }]);
  });

  it('GetBlobDifferences: hunks with context, in pages, with whitespace ignored where that is wanted', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
    await commit(puts({ a: `${lines.join('\n')}\n`, b: `${lines.with(4, 'five').with(29, '  line 30').join('\n')}`, c: 'x\u0000y' }));
    const id = async (filePath: string): Promise<string> => (await house.call('GetFile', { repositoryName, filePath })).blobId;
    const input = { repositoryName, beforeBlobId: await id('a'), afterBlobId: await id('b'), contextLines: 1 };
    const { hunks } = await house.call('GetBlobDifferences', { ...input, ignoreWhitespace: true });
    expect(hunks[0]).toEqual({
      beforeStartLine: 4, beforeLineCount: 3, afterStartLine: 4, afterLineCount: 3, changes: [
        { type: 'CONTEXT', beforeLineNumber: 4, afterLineNumber: 4, content: 'line 4' }, { type: 'DELETE', beforeLineNumber: 5, content: 'line 5' },
        { type: 'ADD', afterLineNumber: 5, content: 'five' }, { type: 'CONTEXT', beforeLineNumber: 6, afterLineNumber: 6, content: 'line 6' },
      ],
    });
    const first = await house.call('GetBlobDifferences', { ...input, MaxResults: 1 });
    const second = await house.call('GetBlobDifferences', { ...input, MaxResults: 1, NextToken: first.NextToken });
    expect([first.hunks[0], second.hunks[0]?.beforeStartLine]).toEqual([hunks[0], 29]);
    expect(await house.call('GetBlobDifferences', { repositoryName, afterBlobId: await id('c') })).toEqual({ hunks: [], isBinary: true, beforeBlobSize: 0, afterBlobSize: 3 });
    expect((await house.call('GetBlobDifferences', { repositoryName, afterBlobId: input.beforeBlobId })).hunks).toMatchObject([{ beforeLineCount: 0, afterStartLine: 1, afterLineCount: 40 }]);
  });

  it('ListFileCommitHistory: the commits that changed the file, in pages, each with the later ones', async () => {
    const first = await commit(puts({ a: '1' }));
    await commit(puts({ b: '1' }));
    const second = await commit(puts({ a: '2' }));
    const third = await commit({ deleteFiles: [{ filePath: 'a' }] });
    const all = await house.call('ListFileCommitHistory', { repositoryName, filePath: 'a' });
    expect(all.revisionDag.map(({ commit: at, blobId, revisionChildren }) => [at?.commitId, blobId !== undefined, revisionChildren])).toEqual([[third, false, []], [second, true, [third]], [first, true, [second]]]);
    const page = await house.call('ListFileCommitHistory', { repositoryName, filePath: 'a', maxResults: 2 });
    const rest = await house.call('ListFileCommitHistory', { repositoryName, filePath: 'a', maxResults: 2, nextToken: page.nextToken });
    expect([...page.revisionDag, ...rest.revisionDag]).toEqual(all.revisionDag);
  });

  it('BatchGetCommits: names the commits that are not there', async () => {
    const first = await commit(puts({ a: '1' }));
    expect(await house.call('BatchGetCommits', { repositoryName, commitIds: [first, '1'.repeat(40), 'main'] })).toMatchObject({
      commits: [{ commitId: first }], errors: [{ commitId: '1'.repeat(40), errorCode: 'CommitIdDoesNotExistException' }, { commitId: 'main', errorCode: 'InvalidCommitIdException' }],
    });
  });
});
