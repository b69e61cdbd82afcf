import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import type { Aws } from '@slipway/testkit';
import { gitAddress, gitClient } from './git-client.ts';

let s: Slipway;
let home: string;
let junior: Aws;
let url: string;
let passwordId: string;
let tip: string;

/** The rule of the user guide's "Limit pushes and merges to branches", as it is written there. */
const RULE = {
  Effect: 'Deny' as const,
  Action: [
    'codecommit:GitPush', 'codecommit:DeleteBranch', 'codecommit:PutFile', 'codecommit:MergeBranchesByFastForward', 'codecommit:MergeBranchesBySquash', 'codecommit:MergeBranchesByThreeWay',
    'codecommit:MergePullRequestByFastForward', 'codecommit:MergePullRequestBySquash', 'codecommit:MergePullRequestByThreeWay',
  ],
  Resource: 'arn:aws:codecommit:us-east-1:000000000000:site',
  Condition: { StringEqualsIfExists: { 'codecommit:References': ['refs/heads/main', 'refs/heads/prod'] }, Null: { 'codecommit:References': 'false' } },
};

beforeAll(async () => {
  s = await Slipway.start();
  home = await mkdtemp(join(tmpdir(), 'slipway-rules-'));
  await s.aws.codecommit.createRepository({ repositoryName: 'site' });
  tip = (await s.aws.codecommit.putFile({ repositoryName: 'site', branchName: 'main', filePath: 'a', fileContent: Buffer.from('1') })).commitId!;
  junior = s.as(await s.user('junior', { Action: 'codecommit:*', Resource: '*' }, RULE));
  ({ url, credentialId: passwordId } = await gitAddress(s, 'junior', 'site'));
});
afterAll(async () => {
  await s.stop();
  await rm(home, { recursive: true });
});

async function clone() {
  const folder = await mkdtemp(join(home, 'work-'));
  const local = gitClient(folder, { HOME: home });
  await local('clone', '-q', url, '.');
  await writeFile(join(folder, 'b'), folder);
  await local('add', '.');
  await local('commit', '-qm', 'Two');
  return local;
}

const branches = async () => (await s.aws.codecommit.listBranches({ repositoryName: 'site' })).branches;
const denied = { name: 'AccessDeniedException' };

describe("AWS's published branch rule", () => {
  it('refuses a push to the branch, and with it everything else that is pushed', async () => {
    const local = await clone();
    expect(await local('push', 'origin', 'HEAD:main')).toMatchObject({ code: 1, stderr: expect.stringMatching(/explicit deny/) });
    expect(await local('push', 'origin', 'HEAD:main', 'HEAD:feature', 'HEAD:refs/tags/v1')).toMatchObject({ code: 1, stderr: expect.stringMatching(/feature[^]*remote rejected|remote rejected[^]*feature/) });
    expect(await branches()).toEqual(['main']);
    expect(await local('push', 'origin', 'HEAD:feature', 'HEAD:refs/tags/v1')).toMatchObject({ code: 0 });
    expect(await branches()).toEqual(['feature', 'main']);
    expect(await local('push', 'origin', 'HEAD:prod')).toMatchObject({ code: 1 });
  });

  it('lets fetches and everything on other branches pass, and refuses PutFile and DeleteBranch on the branch', async () => {
    await expect(junior.codecommit.putFile({ repositoryName: 'site', branchName: 'main', parentCommitId: tip, filePath: 'x', fileContent: Buffer.from('1') })).rejects.toMatchObject(denied);
    await junior.codecommit.createBranch({ repositoryName: 'site', branchName: 'other', commitId: tip });
    await junior.codecommit.putFile({ repositoryName: 'site', branchName: 'other', parentCommitId: tip, filePath: 'x', fileContent: Buffer.from('1') });
    await s.aws.codecommit.createBranch({ repositoryName: 'site', branchName: 'prod', commitId: tip });
    await expect(junior.codecommit.deleteBranch({ repositoryName: 'site', branchName: 'prod' })).rejects.toMatchObject(denied);
    await junior.codecommit.deleteBranch({ repositoryName: 'site', branchName: 'other' });
    expect(await branches()).toEqual(['feature', 'main', 'prod']);
  });

  it('refuses merges into the branch', async () => {
    const input = { repositoryName: 'site', sourceCommitSpecifier: 'feature', destinationCommitSpecifier: 'main', targetBranch: 'main' };
    await expect(junior.codecommit.mergeBranchesByFastForward(input)).rejects.toMatchObject(denied);
    await expect(junior.codecommit.mergeBranchesBySquash(input)).rejects.toMatchObject(denied);
    await expect(junior.codecommit.mergeBranchesByThreeWay(input)).rejects.toMatchObject(denied);
    const { pullRequest } = await junior.codecommit.createPullRequest({ title: 'Two', targets: [{ repositoryName: 'site', sourceReference: 'feature', destinationReference: 'main' }] });
    const merge = { repositoryName: 'site', pullRequestId: pullRequest!.pullRequestId! };
    await expect(junior.codecommit.mergePullRequestByFastForward(merge)).rejects.toMatchObject(denied);
    await expect(junior.codecommit.mergePullRequestBySquash(merge)).rejects.toMatchObject(denied);
    await expect(junior.codecommit.mergePullRequestByThreeWay(merge)).rejects.toMatchObject(denied);
    expect((await s.aws.codecommit.getBranch({ repositoryName: 'site', branchName: 'main' })).branch!.commitId).toBe(tip);
  });
});

describe('a push', () => {
  it('with --atomic changes all or nothing, where one reference has moved', async () => {
    const local = await clone();
    await s.aws.codecommit.createBranch({ repositoryName: 'site', branchName: 'taken', commitId: tip });
    const result = await local('push', '--atomic', '--force-with-lease=taken:', 'origin', 'HEAD:taken', 'HEAD:atomic');
    expect(result.code).toBe(1);
    expect(await branches()).not.toContain('atomic');
    expect(await local('push', '--atomic', 'origin', 'HEAD:atomic', 'HEAD:refs/tags/atomic')).toMatchObject({ code: 0 });
  });

  it('with Git credentials ends with their deactivation, at once', async () => {
    const local = await clone();
    await s.aws.iam.updateServiceSpecificCredential({ UserName: 'junior', ServiceSpecificCredentialId: passwordId, Status: 'Inactive' });
    expect(await local('push', 'origin', 'HEAD:late')).toMatchObject({ code: 128, stderr: expect.stringContaining('wrong, or inactive') });
    await s.aws.iam.updateServiceSpecificCredential({ UserName: 'junior', ServiceSpecificCredentialId: passwordId, Status: 'Active' });
    expect(await local('push', 'origin', 'HEAD:late')).toMatchObject({ code: 0 });
  });
});
