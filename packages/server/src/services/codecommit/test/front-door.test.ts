import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitAddress, workTree } from './git-client.ts';

describe('CodeCommit through the front door', () => {
  let s: Slipway;
  let home: string;
  beforeAll(async () => {
    s = await Slipway.start();
    home = await mkdtemp(join(tmpdir(), 'slipway-client-'));
    await s.aws.codecommit.createRepository({ repositoryName: 'shop', tags: { team: 'web' } });
  });
  afterAll(async () => {
    await s.stop();
    await rm(home, { recursive: true, force: true });
  });

  it('a push with Git credentials shows in the API, in an event with the user\'s ARN, and stops with the credentials', async () => {
    const user = await s.user('pusher', { Action: 'codecommit:*', Resource: '*' });
    const { url, credentialId } = await gitAddress(s, 'pusher', 'shop');
    const local = await workTree(home, url);
    expect(await local('push', 'origin', 'main')).toMatchObject({ code: 0 });
    const commitId = (await local('rev-parse', 'HEAD')).stdout.trim();
    expect((await s.aws.codecommit.getBranch({ repositoryName: 'shop', branchName: 'main' })).branch).toEqual({ branchName: 'main', commitId });
    expect((await s.aws.codecommit.getRepository({ repositoryName: 'shop' })).repositoryMetadata?.defaultBranch).toBe('main');
    const file = await s.as(user).codecommit.getFile({ repositoryName: 'shop', filePath: 'index.html' });
    expect(Buffer.from(file.fileContent!).toString()).toBe('<h1>one</h1>');
    const event = await s.until(({ source }) => source === 'aws.codecommit');
    expect(event.detail).toMatchObject({ event: 'referenceCreated', referenceName: 'main', commitId, callerUserArn: user.arn });

    await s.aws.iam.updateServiceSpecificCredential({ UserName: 'pusher', ServiceSpecificCredentialId: credentialId, Status: 'Inactive' });
    expect(await local('ls-remote', 'origin')).toMatchObject({ code: 128 });
  });

  it('AWS\'s published branch rule denies pushes and API writes to main, and allows other branches', async () => {
    await s.aws.codecommit.createRepository({ repositoryName: 'guarded' });
    const denied = { Effect: 'Deny' as const, Action: ['codecommit:GitPush', 'codecommit:DeleteBranch', 'codecommit:PutFile', 'codecommit:MergePullRequestByFastForward'], Resource: '*',
      Condition: { StringEqualsIfExists: { 'codecommit:References': ['refs/heads/main'] }, Null: { 'codecommit:References': 'false' } } };
    const user = await s.user('junior', { Action: 'codecommit:*', Resource: '*' }, denied);
    const local = await workTree(home, (await gitAddress(s, 'junior', 'guarded')).url);
    expect(await local('push', 'origin', 'main:feature')).toMatchObject({ code: 0 });
    expect(await local('push', 'origin', 'main', 'main:other')).toMatchObject({ code: 1, stderr: expect.stringMatching(/remote rejected[^]*explicit deny/) });
    expect((await s.aws.codecommit.listBranches({ repositoryName: 'guarded' })).branches).toEqual(['feature']);
    const file = { repositoryName: 'guarded', filePath: 'a', fileContent: Buffer.from('a') };
    await expect(s.as(user).codecommit.putFile({ ...file, branchName: 'main' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const { branch } = await s.aws.codecommit.getBranch({ repositoryName: 'guarded', branchName: 'feature' });
    await s.as(user).codecommit.putFile({ ...file, branchName: 'feature', parentCommitId: branch!.commitId });
  });

  it('what CreateCommit, DeleteFile and merges may write is limited by branch too, however the branch is named', async () => {
    await s.aws.codecommit.createRepository({ repositoryName: 'limited' });
    const { commitId } = await s.aws.codecommit.putFile({ repositoryName: 'limited', branchName: 'main', filePath: 'a', fileContent: Buffer.from('a') });
    await s.aws.codecommit.createBranch({ repositoryName: 'limited', branchName: 'feature', commitId: commitId! });
    const user = await s.user('limited', { Action: 'codecommit:*', Resource: '*' }, {
      Effect: 'Deny', Action: ['codecommit:CreateCommit', 'codecommit:DeleteFile', 'codecommit:MergeBranchesBy*'], Resource: '*',
      Condition: { StringEqualsIfExists: { 'codecommit:References': ['refs/heads/main'] }, Null: { 'codecommit:References': 'false' } },
    });
    const { codecommit } = s.as(user);
    const put = (branchName: string) => codecommit.createCommit({ repositoryName: 'limited', branchName, parentCommitId: commitId!, putFiles: [{ filePath: 'b', fileContent: Buffer.from('b') }] });
    const merge = (target: { destinationCommitSpecifier: string; targetBranch?: string }) => codecommit.mergeBranchesByFastForward({ repositoryName: 'limited', sourceCommitSpecifier: 'feature', ...target });
    const denied = { name: 'AccessDeniedException' };
    await put('feature');
    await expect(put('main')).rejects.toMatchObject(denied);
    await expect(codecommit.deleteFile({ repositoryName: 'limited', branchName: 'main', filePath: 'a', parentCommitId: commitId! })).rejects.toMatchObject(denied);
    await expect(merge({ destinationCommitSpecifier: 'main' })).rejects.toMatchObject(denied);
    await expect(merge({ destinationCommitSpecifier: 'refs/heads/main' })).rejects.toMatchObject(denied);
    await expect(merge({ destinationCommitSpecifier: commitId!, targetBranch: 'main' })).rejects.toMatchObject(denied);
    await expect(merge({ destinationCommitSpecifier: 'HEAD' })).rejects.toMatchObject({ name: 'InvalidTargetBranchException' });
    await s.aws.codecommit.mergeBranchesByFastForward({ repositoryName: 'limited', sourceCommitSpecifier: 'feature', destinationCommitSpecifier: 'main' });
  });

  it('errors arrive as AWS\'s', async () => {
    await expect(s.aws.codecommit.getRepository({ repositoryName: 'nothing' })).rejects.toMatchObject({ name: 'RepositoryDoesNotExistException', message: 'nothing does not exist' });
    await expect(s.aws.codecommit.getBranch({ repositoryName: 'shop', branchName: 'nothing' })).rejects.toMatchObject({ name: 'BranchDoesNotExistException' });
    await expect(s.aws.codecommit.createPullRequest({ title: 'x', targets: [] })).rejects.toMatchObject({ name: 'TargetsRequiredException' });
    expect((await fetch(`${s.endpoint}/v1/repos/shop/info/refs?service=git-upload-pack`)).status).toBe(401);
  });
});
