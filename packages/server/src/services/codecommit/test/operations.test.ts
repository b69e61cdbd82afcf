import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ada, openHouse, place } from './house.ts';
import type { House } from './house.ts';

let house: House;
let count = 0;
let name = '';
beforeAll(async () => { house = await openHouse(); });
afterAll(() => house.close());
beforeEach(async () => {
  count += 1;
  name = `repo-${count}`;
  await house.call('CreateRepository', { repositoryName: name, repositoryDescription: 'Text' });
});

const put = (filePath: string, content: string, more: { parentCommitId?: string; branchName?: string; fileMode?: 'EXECUTABLE' } = {}) =>
  house.call('PutFile', { repositoryName: name, branchName: 'main', filePath, fileContent: Buffer.from(content), commitMessage: `Put ${filePath}`, name: 'Ada', email: 'ada@example.com', ...more });
const arnOf = (repositoryName: string): string => `arn:aws:codecommit:us-east-1:${place.account}:${repositoryName}`;
const failing = (error: string) => expect.objectContaining({ name: error });

describe('repositories', () => {
  it('CreateRepository: answers AWS\'s metadata, with clone addresses', async () => {
    const { repositoryMetadata } = await house.call('GetRepository', { repositoryName: name });
    expect(repositoryMetadata).toMatchObject({
      accountId: place.account, repositoryName: name, repositoryDescription: 'Text', Arn: `arn:aws:codecommit:us-east-1:${place.account}:${name}`,
      cloneUrlHttp: `${house.endpoint}/v1/repos/${name}`,
    });
    expect(repositoryMetadata?.repositoryId).toMatch(/^[0-9a-f-]{36}$/);
    expect(repositoryMetadata?.defaultBranch).toBeUndefined();
  });

  it('CreateRepository: a name is taken once per region', async () => {
    await expect(house.call('CreateRepository', { repositoryName: name })).rejects.toEqual(failing('RepositoryNameExistsException'));
    await house.call('CreateRepository', { repositoryName: name }, 'eu-west-1');
  });

  it.each(['a b', 'x.git', '../x', 'a/b', 'x'.repeat(101), '..'])('CreateRepository: refuses the name %j', async (bad) => {
    await expect(house.call('CreateRepository', { repositoryName: bad })).rejects.toEqual(failing('InvalidRepositoryNameException'));
  });

  it('GetRepository: an unknown one does not exist', async () => {
    await expect(house.call('GetRepository', { repositoryName: 'nothing' })).rejects.toEqual(expect.objectContaining({ name: 'RepositoryDoesNotExistException', message: 'nothing does not exist' }));
  });

  it('BatchGetRepositories: names those it does not find', async () => {
    const answer = await house.call('BatchGetRepositories', { repositoryNames: [name, 'nothing'] });
    expect(answer).toMatchObject({ repositories: [{ repositoryName: name }], repositoriesNotFound: ['nothing'] });
  });

  it('ListRepositories: sorts both ways and refuses a foreign token', async () => {
    const { repositories = [] } = await house.call('ListRepositories', {});
    const names = repositories.map(({ repositoryName }) => repositoryName!);
    expect(names).toEqual(names.toSorted());
    const down = await house.call('ListRepositories', { order: 'descending' });
    expect(down.repositories?.map(({ repositoryName }) => repositoryName)).toEqual(names.toReversed());
    await expect(house.call('ListRepositories', { nextToken: 'foreign' })).rejects.toEqual(failing('InvalidContinuationTokenException'));
  });

  it('UpdateRepositoryName and UpdateRepositoryDescription: keep the repository and its content', async () => {
    const { commitId } = await put('a', '1');
    await house.call('UpdateRepositoryName', { oldName: name, newName: `${name}-new` });
    await house.call('UpdateRepositoryDescription', { repositoryName: `${name}-new`, repositoryDescription: 'Other' });
    expect((await house.call('GetRepository', { repositoryName: `${name}-new` })).repositoryMetadata).toMatchObject({ repositoryDescription: 'Other', defaultBranch: 'main' });
    expect((await house.call('GetBranch', { repositoryName: `${name}-new`, branchName: 'main' })).branch?.commitId).toBe(commitId);
  });

  it('tags: given at creation or later, listed, removed, and kept through a new name', async () => {
    const tagged = `${name}-tagged`;
    await house.call('CreateRepository', { repositoryName: tagged, tags: { team: 'web' } });
    await house.call('TagResource', { resourceArn: arnOf(tagged), tags: { stage: 'test', gone: '1' } });
    await house.call('UntagResource', { resourceArn: arnOf(tagged), tagKeys: ['gone'] });
    await house.call('UpdateRepositoryName', { oldName: tagged, newName: `${tagged}-2` });
    expect(await house.call('ListTagsForResource', { resourceArn: arnOf(`${tagged}-2`) })).toEqual({ tags: { team: 'web', stage: 'test' } });
    await expect(house.call('TagResource', { resourceArn: arnOf(name), tags: { 'aws:x': '1' } })).rejects.toEqual(failing('InvalidSystemTagUsageException'));
    await expect(house.call('ListTagsForResource', { resourceArn: 'nonsense' })).rejects.toEqual(failing('InvalidResourceArnException'));
  });

  it('DeleteRepository: takes the files with it, frees the name, and is idempotent', async () => {
    await put('a', '1');
    const { repositoryId } = await house.call('DeleteRepository', { repositoryName: name });
    await house.jobs.idle();
    expect(await readdir(join(house.data, 'git'))).not.toContain(`${repositoryId}.git`);
    expect(await house.call('DeleteRepository', { repositoryName: name })).toEqual({});
    await house.call('CreateRepository', { repositoryName: name });
    expect((await house.call('ListBranches', { repositoryName: name })).branches).toEqual([]);
  });
});

describe('branches', () => {
  it('CreateBranch, GetBranch, ListBranches, DeleteBranch: one life', async () => {
    const { commitId } = await put('a', '1');
    await house.call('CreateBranch', { repositoryName: name, branchName: 'feature/x', commitId });
    expect((await house.call('ListBranches', { repositoryName: name })).branches).toEqual(['feature/x', 'main']);
    await expect(house.call('CreateBranch', { repositoryName: name, branchName: 'feature/x', commitId })).rejects.toEqual(failing('BranchNameExistsException'));
    await expect(house.call('CreateBranch', { repositoryName: name, branchName: 'feature', commitId })).rejects.toEqual(failing('BranchNameExistsException'));
    expect(await house.call('DeleteBranch', { repositoryName: name, branchName: 'feature/x' })).toEqual({ deletedBranch: { branchName: 'feature/x', commitId } });
    expect(await house.call('DeleteBranch', { repositoryName: name, branchName: 'feature/x' })).toEqual({});
    await expect(house.call('GetBranch', { repositoryName: name, branchName: 'feature/x' })).rejects.toEqual(failing('BranchDoesNotExistException'));
  });

  it('CreateBranch: the commit must exist', async () => {
    await expect(house.call('CreateBranch', { repositoryName: name, branchName: 'x', commitId: '1'.repeat(40) })).rejects.toEqual(failing('CommitDoesNotExistException'));
    await expect(house.call('CreateBranch', { repositoryName: name, branchName: 'x', commitId: 'main' })).rejects.toEqual(failing('InvalidCommitIdException'));
  });

  it.each(['-x', 'a..b', '../x', 'a b', 'HEAD'])('CreateBranch: refuses the name %j', async (branchName) => {
    const { commitId } = await put('a', '1');
    await expect(house.call('CreateBranch', { repositoryName: name, branchName, commitId })).rejects.toEqual(failing('InvalidBranchNameException'));
  });

  it('DeleteBranch: never the default branch, until another is', async () => {
    const { commitId } = await put('a', '1');
    await expect(house.call('DeleteBranch', { repositoryName: name, branchName: 'main' })).rejects.toEqual(failing('DefaultBranchCannotBeDeletedException'));
    await expect(house.call('UpdateDefaultBranch', { repositoryName: name, defaultBranchName: 'next' })).rejects.toEqual(failing('BranchDoesNotExistException'));
    await house.call('CreateBranch', { repositoryName: name, branchName: 'next', commitId });
    await house.call('UpdateDefaultBranch', { repositoryName: name, defaultBranchName: 'next' });
    expect(await house.call('DeleteBranch', { repositoryName: name, branchName: 'main' })).toEqual({ deletedBranch: { branchName: 'main', commitId } });
  });

  it('ListBranches: pages of a hundred', async () => {
    const { commitId } = await put('a', '1');
    const { repositoryMetadata } = await house.call('GetRepository', { repositoryName: name });
    const commands = Array.from({ length: 120 }, (_, index) => ({ ref: `refs/heads/b${String(index).padStart(3, '0')}`, old: '0'.repeat(40), new: commitId }));
    await house.git.repository(repositoryMetadata!.repositoryId!).move(commands, { begin: async () => async () => undefined });
    const first = await house.call('ListBranches', { repositoryName: name });
    const second = await house.call('ListBranches', { repositoryName: name, nextToken: first.nextToken });
    expect([first.branches?.length, second.branches?.length, second.nextToken, second.branches?.at(-1)]).toEqual([100, 21, undefined, 'main']);
  });
});

describe('files and commits', () => {
  it('PutFile: the first makes the branch, the next needs its tip', async () => {
    const first = await put('docs/a.txt', 'one');
    await expect(put('docs/b.txt', 'two')).rejects.toEqual(failing('ParentCommitIdRequiredException'));
    const second = await put('docs/run.sh', 'two', { parentCommitId: first.commitId, fileMode: 'EXECUTABLE' });
    await expect(put('c', '3', { parentCommitId: first.commitId })).rejects.toEqual(failing('ParentCommitIdOutdatedException'));
    await expect(put('c', '3', { parentCommitId: '1'.repeat(40) })).rejects.toEqual(failing('ParentCommitDoesNotExistException'));
    await expect(put('c', '3', { branchName: 'other', parentCommitId: second.commitId })).rejects.toEqual(failing('BranchDoesNotExistException'));

    const { commit } = await house.call('GetCommit', { repositoryName: name, commitId: second.commitId });
    expect(commit).toMatchObject({ commitId: second.commitId, treeId: second.treeId, parents: [first.commitId], message: 'Put docs/run.sh\n', author: { name: 'Ada', email: 'ada@example.com', date: expect.stringMatching(/^\d{10} \+0000$/) } });
    expect(await house.call('GetFile', { repositoryName: name, filePath: 'docs/run.sh' })).toMatchObject({ commitId: second.commitId, blobId: second.blobId, fileMode: 'EXECUTABLE', fileSize: 3, fileContent: Buffer.from('two') });
    expect(await house.call('GetFile', { repositoryName: name, filePath: '/docs/a.txt', commitSpecifier: first.commitId })).toMatchObject({ fileContent: Buffer.from('one'), fileMode: 'NORMAL' });
    expect((await house.call('GetBlob', { repositoryName: name, blobId: first.blobId })).content).toEqual(Buffer.from('one'));
    expect(await house.call('GetFolder', { repositoryName: name, folderPath: '/' })).toMatchObject({ folderPath: '', subFolders: [{ absolutePath: 'docs', relativePath: 'docs' }], files: [] });
    const docs = await house.call('GetFolder', { repositoryName: name, folderPath: 'docs', commitSpecifier: 'main' });
    expect(docs.files?.map(({ absolutePath, fileMode }) => [absolutePath, fileMode])).toEqual([['docs/a.txt', 'NORMAL'], ['docs/run.sh', 'EXECUTABLE']]);
  });

  it('PutFile: writes at once on one branch: one lands, the others are outdated', async () => {
    const { commitId } = await put('a', '0');
    const results = await Promise.allSettled([1, 2, 3].map((value) => put('a', String(value), { parentCommitId: commitId })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toEqual(failing('ParentCommitIdOutdatedException'));
  });

  it('PutFile: refuses what changes nothing, does not fit, or is too large', async () => {
    const { commitId: parentCommitId } = await put('a/b', '1');
    await expect(put('a/b', '1', { parentCommitId })).rejects.toEqual(failing('SameFileContentException'));
    await expect(put('a', '1', { parentCommitId })).rejects.toEqual(failing('FileNameConflictsWithDirectoryNameException'));
    await expect(put('a/b/c', '1', { parentCommitId })).rejects.toEqual(failing('DirectoryNameConflictsWithFileNameException'));
    await expect(put('big', 'x'.repeat(6 * 1024 * 1024 + 1), { parentCommitId })).rejects.toEqual(failing('FileContentSizeLimitExceededException'));
    for (const path of ['../x', '.git/hooks/post-checkout', 'a/../b', 'x/', Array.from({ length: 21 }, () => 'd').join('/')]) {
      await expect(put(path, '1', { parentCommitId })).rejects.toEqual(failing('InvalidPathException'));
    }
  });

  it('GetFile, GetFolder, GetCommit, GetBlob: say what does not exist', async () => {
    await expect(house.call('GetFile', { repositoryName: name, filePath: 'a' })).rejects.toEqual(failing('CommitDoesNotExistException'));
    await put('a/b', '1');
    await expect(house.call('GetFile', { repositoryName: name, filePath: 'a' })).rejects.toEqual(failing('FileDoesNotExistException'));
    await expect(house.call('GetFolder', { repositoryName: name, folderPath: 'a/b' })).rejects.toEqual(failing('FolderDoesNotExistException'));
    await expect(house.call('GetFile', { repositoryName: name, filePath: 'a/b', commitSpecifier: '--help' })).rejects.toEqual(failing('CommitDoesNotExistException'));
    await expect(house.call('GetCommit', { repositoryName: name, commitId: '1'.repeat(40) })).rejects.toEqual(failing('CommitIdDoesNotExistException'));
    await expect(house.call('GetBlob', { repositoryName: name, blobId: '1'.repeat(40) })).rejects.toEqual(failing('BlobIdDoesNotExistException'));
  });
});

describe('the port for builds and pipelines', () => {
  it('resolves versions, opens archives and checks out, each under its own permission', async () => {
    const { commitId } = await put('a.txt', '1');
    const source = { caller: ada, ...place, repositoryName: name };
    const { sources } = house.room;
    for (const version of [undefined, 'main', 'refs/heads/main', commitId, `refs/heads/gone^{${commitId}}`]) expect(await sources.resolve({ ...source, version })).toBe(commitId);
    await expect(sources.resolve({ ...source, version: 'nothing' })).rejects.toEqual(failing('CommitDoesNotExistException'));
    expect((await buffer(await sources.openArchive({ ...source, commitId }))).subarray(0, 2).toString()).toBe('PK');
    const folder = await mkdtemp(join(tmpdir(), 'slipway-checkout-'));
    await sources.checkout({ ...source, commitId, folder, history: 'full' });
    expect((await readdir(folder)).toSorted()).toEqual(['.git', 'a.txt']);
    await rm(folder, { recursive: true });

    house.allow = ({ action }) => action !== 'codecommit:UploadArchive';
    await expect(sources.openArchive({ ...source, commitId })).rejects.toEqual(failing('AccessDeniedException'));
    house.allow = () => true;
  });
});
