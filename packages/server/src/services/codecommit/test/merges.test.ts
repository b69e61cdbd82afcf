import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse } from './house.ts';
import type { House } from './house.ts';

let house: House;
let count = 0;
beforeAll(async () => { house = await openHouse(); });
afterAll(() => house.close());

const put = async (repositoryName: string, branchName: string, filePath: string, content: string | Buffer) => {
  const tip = await house.call('GetBranch', { repositoryName, branchName }).then(({ branch }) => branch!.commitId, () => undefined);
  return (await house.call('PutFile', { repositoryName, branchName, filePath, fileContent: Buffer.from(content as string), ...tip === undefined ? {} : { parentCommitId: tip } })).commitId;
};

/** A repository in which `source` and `destination` have come apart over `file`. */
async function apart(base: string, source: string, destination: string): Promise<string> {
  const repositoryName = `merge-${count += 1}`;
  await house.call('CreateRepository', { repositoryName });
  const first = await put(repositoryName, 'destination', 'file', base);
  await house.call('CreateBranch', { repositoryName, branchName: 'source', commitId: first });
  await put(repositoryName, 'source', 'file', source);
  await put(repositoryName, 'destination', 'file', destination);
  return repositoryName;
}

const both = (repositoryName: string) => ({ repositoryName, sourceCommitSpecifier: 'source', destinationCommitSpecifier: 'destination' });
const text = async (repositoryName: string, commitSpecifier = 'destination', filePath = 'file') =>
  Buffer.from((await house.call('GetFile', { repositoryName, filePath, commitSpecifier })).fileContent).toString();
const failing = (name: string) => expect.objectContaining({ name });
const base64 = (content: string): string => Buffer.from(content).toString('base64');

const LINES = ['1', '2', '3', '4', '5', '6', '7', ''].join('\n');
const FIRST = LINES.replace('1', 'one');
const LAST = LINES.replace('7', 'seven');

describe('finding out', () => {
  it('GetMergeOptions: fast-forward where the destination has nothing of its own', async () => {
    const repositoryName = await apart(LINES, FIRST, LAST);
    const first = (await house.call('GetMergeConflicts', { ...both(repositoryName), mergeOption: 'THREE_WAY_MERGE' })).baseCommitId!;
    expect((await house.call('GetMergeOptions', { ...both(repositoryName), destinationCommitSpecifier: first })).mergeOptions).toEqual(['FAST_FORWARD_MERGE', 'SQUASH_MERGE', 'THREE_WAY_MERGE']);
  });

  it('GetMergeOptions: one file changed on both sides is a conflict by the file and none by the line', async () => {
    const repositoryName = await apart(LINES, FIRST, LAST);
    expect((await house.call('GetMergeOptions', both(repositoryName))).mergeOptions).toEqual([]);
    for (const more of [{ conflictDetailLevel: 'LINE_LEVEL' }, { conflictResolutionStrategy: 'AUTOMERGE' }, { conflictResolutionStrategy: 'ACCEPT_SOURCE' }] as const) {
      expect((await house.call('GetMergeOptions', { ...both(repositoryName), ...more })).mergeOptions).toEqual(['SQUASH_MERGE', 'THREE_WAY_MERGE']);
    }
  });

  it('GetMergeConflicts and DescribeMergeConflicts: the file\'s versions and the lines of each side', async () => {
    const repositoryName = await apart(LINES, LINES.replace('2', 'two').replace('6', 'six'), LINES.replace('2', 'zwei'));
    const { mergeable, conflictMetadataList } = await house.call('GetMergeConflicts', { ...both(repositoryName), mergeOption: 'SQUASH_MERGE', conflictDetailLevel: 'LINE_LEVEL' });
    expect(mergeable).toBe(false);
    expect(conflictMetadataList).toEqual([{
      filePath: 'file', fileSizes: { source: 18, destination: 17, base: 14 }, fileModes: { source: 'NORMAL', destination: 'NORMAL', base: 'NORMAL' },
      objectTypes: { source: 'FILE', destination: 'FILE', base: 'FILE' }, numberOfConflicts: 1, isBinaryFile: { source: false, destination: false, base: false },
      contentConflict: true, fileModeConflict: false, objectTypeConflict: false, mergeOperations: { source: 'M', destination: 'M' },
    }]);
    const described = await house.call('DescribeMergeConflicts', { ...both(repositoryName), mergeOption: 'SQUASH_MERGE', filePath: 'file', conflictDetailLevel: 'LINE_LEVEL' });
    expect(described.mergeHunks).toEqual([
      { isConflict: true, base: { startLine: 1, endLine: 2, hunkContent: base64('2\n') }, source: { startLine: 1, endLine: 2, hunkContent: base64('two\n') }, destination: { startLine: 1, endLine: 2, hunkContent: base64('zwei\n') } },
      { isConflict: false, base: { startLine: 5, endLine: 6, hunkContent: base64('6\n') }, source: { startLine: 5, endLine: 6, hunkContent: base64('six\n') }, destination: { startLine: 5, endLine: 6, hunkContent: base64('6\n') } },
    ]);
    const first = await house.call('DescribeMergeConflicts', { ...both(repositoryName), mergeOption: 'SQUASH_MERGE', filePath: 'file', maxMergeHunks: 1 });
    const second = await house.call('DescribeMergeConflicts', { ...both(repositoryName), mergeOption: 'SQUASH_MERGE', filePath: 'file', maxMergeHunks: 1, nextToken: first.nextToken });
    expect([...first.mergeHunks, ...second.mergeHunks, second.nextToken]).toEqual([...described.mergeHunks, undefined]);
  });

  it('BatchDescribeMergeConflicts: pages by files and by hunks, and names the files that have no conflict', async () => {
    const repositoryName = await apart('a\n\n\n\nb\n', 'x\n\n\n\ny\n', 'p\n\n\n\nq\n');
    for (const name of ['b', 'c']) {
      await put(repositoryName, 'source', name, '1');
      await put(repositoryName, 'destination', name, '2');
    }
    const input = { ...both(repositoryName), mergeOption: 'THREE_WAY_MERGE' as const };
    const whole = await house.call('BatchDescribeMergeConflicts', input);
    expect(whole.conflicts.map(({ conflictMetadata, mergeHunks }) => [conflictMetadata?.filePath, conflictMetadata?.numberOfConflicts, mergeHunks?.length])).toEqual([['b', 1, 1], ['c', 1, 1], ['file', 2, 2]]);
    const seen: [string, number][] = [];
    for (let nextToken: string | undefined, pages = 0; pages < 9; pages += 1) {
      const page = await house.call('BatchDescribeMergeConflicts', { ...input, maxMergeHunks: 1, ...nextToken === undefined ? {} : { nextToken } });
      seen.push(...page.conflicts.map(({ conflictMetadata, mergeHunks }) => [conflictMetadata!.filePath!, mergeHunks![0]!.source!.startLine!] as [string, number]));
      nextToken = page.nextToken;
      if (nextToken === undefined) break;
    }
    expect(seen).toEqual([['b', 0], ['c', 0], ['file', 0], ['file', 4]]);
    const asked = await house.call('BatchDescribeMergeConflicts', { ...input, filePaths: ['c', 'nothing'] });
    expect(asked).toMatchObject({ conflicts: [{ conflictMetadata: { filePath: 'c' } }], errors: [{ filePath: 'nothing', exceptionName: 'FileDoesNotExistException' }] });
    const files = await house.call('GetMergeConflicts', { ...input, maxConflictFiles: 2 });
    const rest = await house.call('GetMergeConflicts', { ...input, maxConflictFiles: 2, nextToken: files.nextToken });
    expect([files, rest].map(({ conflictMetadataList }) => conflictMetadataList.map(({ filePath }) => filePath))).toEqual([['b', 'c'], ['file']]);
  });
});

describe('carrying out', () => {
  it('MergeBranchesByThreeWay: merges lines, with both parents, in the author\'s name', async () => {
    const repositoryName = await apart(LINES, FIRST, LAST);
    await expect(house.call('MergeBranchesByThreeWay', both(repositoryName))).rejects.toEqual(failing('ManualMergeRequiredException'));
    const sides = await house.call('GetMergeOptions', both(repositoryName));
    const { commitId, treeId } = await house.call('MergeBranchesByThreeWay', { ...both(repositoryName), conflictDetailLevel: 'LINE_LEVEL', authorName: 'Ada', email: 'ada@example.com', commitMessage: 'Merged' });
    const { commit } = await house.call('GetCommit', { repositoryName, commitId: commitId! });
    expect(commit).toMatchObject({ treeId, parents: [sides.destinationCommitId, sides.sourceCommitId], message: 'Merged\n', author: { name: 'Ada', email: 'ada@example.com' } });
    expect(await text(repositoryName)).toBe(FIRST.replace('7', 'seven'));
    expect(await house.call('GetMergeCommit', both(repositoryName))).toMatchObject({ mergedCommitId: commitId });
    expect(house.events.at(-1)?.detail).toMatchObject({ event: 'referenceUpdated', commitId, oldCommitId: sides.destinationCommitId });
  });

  it('MergeBranchesBySquash: one parent, into the branch that is named', async () => {
    const repositoryName = await apart(LINES, FIRST, LAST);
    const { destinationCommitId, sourceCommitId } = await house.call('GetMergeOptions', both(repositoryName));
    const { commitId } = await house.call('MergeBranchesBySquash', { repositoryName, sourceCommitSpecifier: sourceCommitId, destinationCommitSpecifier: destinationCommitId, targetBranch: 'destination', conflictResolutionStrategy: 'AUTOMERGE' });
    expect((await house.call('GetCommit', { repositoryName, commitId: commitId! })).commit.parents).toEqual([destinationCommitId]);
    expect((await house.call('GetBranch', { repositoryName, branchName: 'destination' })).branch?.commitId).toBe(commitId);
  });

  it('MergeBranchesByFastForward: moves the branch, and only forward', async () => {
    const repositoryName = await apart(LINES, FIRST, LAST);
    await expect(house.call('MergeBranchesByFastForward', both(repositoryName))).rejects.toEqual(failing('ManualMergeRequiredException'));
    const { baseCommitId, sourceCommitId } = await house.call('GetMergeOptions', both(repositoryName));
    await house.call('CreateBranch', { repositoryName, branchName: 'old', commitId: baseCommitId });
    expect((await house.call('MergeBranchesByFastForward', { ...both(repositoryName), destinationCommitSpecifier: 'old' })).commitId).toBe(sourceCommitId);
    expect((await house.call('GetBranch', { repositoryName, branchName: 'old' })).branch?.commitId).toBe(sourceCommitId);
  });

  it('ACCEPT_SOURCE and ACCEPT_DESTINATION: whole files by the file, conflicting lines by the line', async () => {
    const source = FIRST.replace('4', 'vier');
    const destination = LAST.replace('4', 'quatre');
    const merged = async (more: object): Promise<string> => {
      const repositoryName = await apart(LINES, source, destination);
      const { commitId } = await house.call('CreateUnreferencedMergeCommit', { ...both(repositoryName), mergeOption: 'THREE_WAY_MERGE', ...more });
      return text(repositoryName, commitId);
    };
    expect(await merged({ conflictResolutionStrategy: 'ACCEPT_SOURCE' })).toBe(source);
    expect(await merged({ conflictResolutionStrategy: 'ACCEPT_DESTINATION' })).toBe(destination);
    expect(await merged({ conflictResolutionStrategy: 'ACCEPT_SOURCE', conflictDetailLevel: 'LINE_LEVEL' })).toBe(source.replace('7', 'seven'));
    expect(await merged({ conflictResolutionStrategy: 'ACCEPT_DESTINATION', conflictDetailLevel: 'LINE_LEVEL' })).toBe(destination.replace('1', 'one'));
  });

  it('AUTOMERGE: each conflict by its entry, and every conflict needs one', async () => {
    const repositoryName = await apart('a\n', 'b\n', 'c\n');
    const terms = { ...both(repositoryName), mergeOption: 'SQUASH_MERGE' as const, conflictResolutionStrategy: 'AUTOMERGE' as const };
    await expect(house.call('CreateUnreferencedMergeCommit', terms)).rejects.toEqual(failing('ManualMergeRequiredException'));
    for (const [entry, expected] of [
      [{ replacementType: 'KEEP_BASE' }, 'a\n'], [{ replacementType: 'KEEP_SOURCE' }, 'b\n'], [{ replacementType: 'KEEP_DESTINATION' }, 'c\n'],
      [{ replacementType: 'USE_NEW_CONTENT', content: Buffer.from('d\n'), fileMode: 'EXECUTABLE' }, 'd\n'],
    ] as const) {
      const { commitId } = await house.call('CreateUnreferencedMergeCommit', { ...terms, conflictResolution: { replaceContents: [{ filePath: 'file', ...entry }] } });
      expect(await text(repositoryName, commitId)).toBe(expected);
    }
    const { commitId } = await house.call('CreateUnreferencedMergeCommit', { ...terms, keepEmptyFolders: true, conflictResolution: { deleteFiles: [{ filePath: 'file' }] } });
    await expect(text(repositoryName, commitId)).rejects.toEqual(failing('FileDoesNotExistException'));
  });

  it('a merge that is only asked about leaves no object behind', async () => {
    const repositoryName = await apart('a\n', 'b\n', 'c\n');
    const { repositoryMetadata } = await house.call('GetRepository', { repositoryName });
    const repository = house.git.repository(repositoryMetadata!.repositoryId!);
    const tree = await repository.triedOut(async (bench) => {
      const { sourceCommitId, destinationCommitId } = await house.call('GetMergeOptions', both(repositoryName));
      return (await bench.merge(destinationCommitId, sourceCommitId)).tree;
    });
    expect(await repository.read.info(tree)).toBeUndefined();
  });
});

const file = (filePath: string, content: string | Buffer, fileMode?: 'EXECUTABLE' | 'SYMLINK') => ({ filePath, fileContent: Buffer.from(content as string), ...fileMode ? { fileMode } : {} });

describe('conflicts beyond lines', () => {
  let repositoryName: string;
  beforeAll(async () => {
    repositoryName = `merge-${count += 1}`;
    await house.call('CreateRepository', { repositoryName });
    const common = { repositoryName, authorName: 'Ada' };
    const root = (await house.call('CreateCommit', { ...common, branchName: 'destination', putFiles: [file('deleted', '1\n'), file('place/inside', '1\n'), file('binary', Buffer.from([0, 1])), file('typed', '1\n')] })).commitId!;
    await house.call('CreateBranch', { repositoryName, branchName: 'source', commitId: root });
    await house.call('CreateCommit', {
      ...common, branchName: 'source', parentCommitId: root, deleteFiles: [{ filePath: 'deleted' }, { filePath: 'place/inside' }],
      putFiles: [file('mode', 'same'), file('place', 'a file\n'), file('binary', Buffer.from([0, 2])), file('typed', 'elsewhere', 'SYMLINK')],
    });
    await house.call('CreateCommit', {
      ...common, branchName: 'destination', parentCommitId: root,
      putFiles: [file('deleted', '2\n'), file('mode', 'same', 'EXECUTABLE'), file('place/inside', '2\n'), file('binary', Buffer.from([0, 3])), file('typed', '2\n')],
    });
  });

  it('GetMergeConflicts: tells conflicts of contents, modes and kinds of object apart', async () => {
    const { conflictMetadataList } = await house.call('GetMergeConflicts', { ...both(repositoryName), mergeOption: 'THREE_WAY_MERGE', conflictDetailLevel: 'LINE_LEVEL' });
    const byPath = Object.fromEntries(conflictMetadataList.map((one) => [one.filePath, one]));
    expect(byPath['deleted']).toMatchObject({ contentConflict: true, mergeOperations: { source: 'D', destination: 'M' }, fileSizes: { destination: 2, base: 2 }, numberOfConflicts: 1 });
    expect(byPath['mode']).toMatchObject({ contentConflict: false, fileModeConflict: true, objectTypeConflict: false, fileModes: { source: 'NORMAL', destination: 'EXECUTABLE' }, mergeOperations: { source: 'A', destination: 'A' }, numberOfConflicts: 1 });
    expect(byPath['place']).toMatchObject({ objectTypeConflict: true, objectTypes: { source: 'FILE', destination: 'DIRECTORY' } });
    expect(byPath['binary']).toMatchObject({ contentConflict: true, isBinaryFile: { source: true, destination: true, base: true }, numberOfConflicts: 1 });
    expect(byPath['typed']).toMatchObject({ objectTypeConflict: true, objectTypes: { source: 'SYMBOLIC_LINK', destination: 'FILE' } });
    const { mergeHunks } = await house.call('DescribeMergeConflicts', { ...both(repositoryName), mergeOption: 'THREE_WAY_MERGE', filePath: 'deleted' });
    expect(mergeHunks).toEqual([{ isConflict: true, destination: { startLine: 0, endLine: 1, hunkContent: base64('2\n') }, base: { startLine: 0, endLine: 1, hunkContent: base64('1\n') } }]);
  });

  it.each(['FILE_LEVEL', 'LINE_LEVEL'] as const)('ACCEPT_SOURCE and ACCEPT_DESTINATION give one side\'s tree where all is in conflict (%s)', async (conflictDetailLevel) => {
    for (const [conflictResolutionStrategy, side] of [['ACCEPT_SOURCE', 'source'], ['ACCEPT_DESTINATION', 'destination']] as const) {
      const { treeId } = await house.call('CreateUnreferencedMergeCommit', { ...both(repositoryName), mergeOption: 'SQUASH_MERGE', conflictDetailLevel, conflictResolutionStrategy });
      const { branch } = await house.call('GetBranch', { repositoryName, branchName: side });
      expect(treeId).toBe((await house.call('GetCommit', { repositoryName, commitId: branch!.commitId! })).commit.treeId);
    }
  });

  it('AUTOMERGE: entries settle kinds of object, modes and deletions', async () => {
    const conflictResolution = {
      replaceContents: [{ filePath: 'place', replacementType: 'KEEP_SOURCE' as const }, { filePath: 'binary', replacementType: 'KEEP_BASE' as const }, { filePath: 'typed', replacementType: 'KEEP_DESTINATION' as const }],
      deleteFiles: [{ filePath: 'deleted' }, { filePath: 'place/inside' }], setFileModes: [{ filePath: 'mode', fileMode: 'EXECUTABLE' as const }],
    };
    const { commitId } = await house.call('CreateUnreferencedMergeCommit', { ...both(repositoryName), mergeOption: 'SQUASH_MERGE', conflictResolutionStrategy: 'AUTOMERGE', conflictResolution });
    const { files = [], symbolicLinks, subFolders } = await house.call('GetFolder', { repositoryName, folderPath: '/', commitSpecifier: commitId! });
    expect([files.map(({ relativePath, fileMode }) => [relativePath, fileMode]), symbolicLinks, subFolders]).toEqual([[['binary', 'NORMAL'], ['mode', 'EXECUTABLE'], ['place', 'NORMAL'], ['typed', 'NORMAL']], [], []]);
  });
});
