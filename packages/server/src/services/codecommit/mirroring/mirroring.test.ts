import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CodeCommitMirroringApi } from '@slipway/contracts';
import { signRequest } from '@slipway/sigv4';
import { Slipway } from '@slipway/testkit';
import type { Credentials } from '@slipway/testkit';

let s: Slipway;
let home: string;
let password: { userName: string; password: string };
let ssh: { privateKey: string; hostKey: string; user: string };
let sshPort: string;

beforeAll(async () => {
  s = await Slipway.start({ settings: { SLIPWAY_SSH_PORT: '0', SLIPWAY_ALLOW_ENDPOINTS: 'loopback' } });
  home = await mkdtemp(join(tmpdir(), 'slipway-mirror-'));
  await s.user('remote', { Action: ['codecommit:GitPull', 'codecommit:GitPush'], Resource: '*' });
  const { ServiceSpecificCredential: made } = await s.aws.iam.createServiceSpecificCredential({ UserName: 'remote', ServiceName: 'codecommit.amazonaws.com' });
  password = { userName: made!.ServiceUserName!, password: made!.ServicePassword! };
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(home, 'key')]);
  const { SSHPublicKey: key } = await s.aws.iam.uploadSSHPublicKey({ UserName: 'remote', SSHPublicKeyBody: await readFile(join(home, 'key.pub'), 'utf8') });
  const hostKey = execFileSync('ssh-keygen', ['-y', '-f', join(s.data, 'keys/ssh_host_ed25519_key')]).toString().split(' ').slice(0, 2).join(' ').trim();
  ssh = { privateKey: await readFile(join(home, 'key'), 'utf8'), hostKey, user: key!.SSHPublicKeyId! };
}, 60_000);
afterAll(async () => {
  await s.stop();
  await rm(home, { recursive: true });
});

async function call<O extends keyof CodeCommitMirroringApi>(operation: O, input: CodeCommitMirroringApi[O]['input'], credentials: Credentials = s.rootKey): Promise<CodeCommitMirroringApi[O]['output']> {
  const body = JSON.stringify(input);
  const headers = signRequest({
    method: 'POST', url: `${s.endpoint}/`, body, service: 'codecommit-mirroring', region: s.region, credentials, now: s.clock.now(),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `SlipwayCodeCommitMirroring_20260101.${operation}` },
  });
  const answer = await fetch(`${s.endpoint}/`, { method: 'POST', headers, body });
  const output = await answer.json() as Record<string, unknown>;
  if (!answer.ok) throw Object.assign(new Error(String(output['message'] ?? output['Message'])), { name: String(output['__type']).replace(/^.*#/, '') });
  return output as CodeCommitMirroringApi[O]['output'];
}

let count = 0;
let ours: string;
let theirs: string;
beforeEach(async () => {
  count += 1;
  ours = `ours-${count}`;
  theirs = `theirs-${count}`;
  for (const repositoryName of [ours, theirs]) {
    const { repositoryMetadata } = await s.aws.codecommit.createRepository({ repositoryName });
    sshPort = new URL(repositoryMetadata!.cloneUrlSsh!).port;
  }
});

const commit = async (repositoryName: string, content: string, branchName = 'main'): Promise<string> => {
  const parentCommitId = await tip(repositoryName, branchName);
  return (await s.aws.codecommit.putFile({ repositoryName, branchName, filePath: 'a', fileContent: Buffer.from(content), ...parentCommitId !== undefined && { parentCommitId } })).commitId!;
};
const tip = async (repositoryName: string, branchName = 'main'): Promise<string | undefined> =>
  s.aws.codecommit.getBranch({ repositoryName, branchName }).then(({ branch }) => branch?.commitId, () => undefined);
const http = (name: string) => `${s.endpoint}/v1/repos/${name}`;
const status = async () => (await call('GetRepositoryMirror', { repositoryName: ours })).mirror;

describe('a pull mirror', () => {
  it('brings branches and what becomes of them, each with one event, and leaves commits of our own alone', async () => {
    const first = await commit(theirs, '1');
    await s.aws.codecommit.createBranch({ repositoryName: theirs, branchName: 'feature', commitId: first });
    await call('PutRepositoryMirror', { repositoryName: ours, direction: 'PULL', remoteUrl: http(theirs), ...password });
    await s.settled();
    expect(await status()).toMatchObject({ status: 'IN_STEP', intervalMinutes: 15 });
    expect([await tip(ours), await tip(ours, 'feature')]).toEqual([first, first]);

    const second = await commit(theirs, '2');
    await s.aws.codecommit.deleteBranch({ repositoryName: theirs, branchName: 'feature' });
    await s.clock.advance(15 * 60_000);
    await s.settled();
    expect([await tip(ours), await tip(ours, 'feature')]).toEqual([second, undefined]);
    const moved = s.events.filter(({ detail }) => detail['repositoryName'] === ours).map(({ detail }) => `${String(detail['event'])} ${String(detail['referenceName'])}`);
    expect(moved.toSorted()).toEqual(['referenceCreated feature', 'referenceCreated main', 'referenceDeleted feature', 'referenceUpdated main']);

    const own = await commit(ours, 'our own');
    await commit(theirs, '3');
    await call('StartRepositoryMirrorSync', { repositoryName: ours });
    await s.settled();
    expect(await status()).toMatchObject({ status: 'DIVERGED', divergedReferences: ['refs/heads/main'] });
    expect(await tip(ours)).toBe(own);
    await call('PutRepositoryMirror', { repositoryName: ours, direction: 'PULL', remoteUrl: http(theirs), ...password, force: true });
    await s.settled();
    expect([(await status()).status, await tip(ours)]).toEqual(['IN_STEP', await tip(theirs)]);
    expect((await s.aws.codecommit.listBranches({ repositoryName: ours })).branches).toEqual(['main']);
  }, 60_000);

  it('over ssh knows the server by the key that was given', async () => {
    const first = await commit(theirs, '1');
    const remote = { repositoryName: ours, direction: 'PULL' as const, remoteUrl: `ssh://${ssh.user}@127.0.0.1:${sshPort}/v1/repos/${theirs}`, privateKey: ssh.privateKey };
    await call('PutRepositoryMirror', { ...remote, hostKey: `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b7373682d6564323535313900000020', 'hex'), Buffer.alloc(32, 7)]).toString('base64')}` });
    await s.settled();
    expect(await status()).toMatchObject({ status: 'FAILED', statusMessage: expect.stringMatching(/host key/i) });
    expect(await tip(ours)).toBeUndefined();
    await call('PutRepositoryMirror', { ...remote, hostKey: ssh.hostKey });
    await s.settled();
    expect([(await status()).status, await tip(ours)]).toEqual(['IN_STEP', first]);
  }, 60_000);
});

describe('a push mirror', () => {
  it('follows each change at once, and does not overwrite what only the remote has', async () => {
    await call('PutRepositoryMirror', { repositoryName: ours, direction: 'PUSH', remoteUrl: http(theirs), ...password });
    const first = await commit(ours, '1');
    await s.settled();
    expect(await tip(theirs)).toBe(first);
    const foreign = await commit(theirs, 'foreign');
    await commit(ours, '2');
    await s.settled();
    expect(await status()).toMatchObject({ status: 'DIVERGED', divergedReferences: ['refs/heads/main'] });
    expect(await tip(theirs)).toBe(foreign);
  }, 60_000);
});

describe('PutRepositoryMirror', () => {
  it('refuses what cannot be honoured, and never answers a secret', async () => {
    const put = (input: object) => call('PutRepositoryMirror', { repositoryName: ours, direction: 'PULL', remoteUrl: http(theirs), ...input });
    for (const wrong of [
      { remoteUrl: 'file:///etc' }, { remoteUrl: 'ext::sh -c id' }, { remoteUrl: 'https://a:b@example.com/x' }, { remoteUrl: 'ssh://-oProxyCommand=id/x' }, { remoteUrl: 'ssh://git@127.0.0.1/x' },
      { intervalMinutes: 0 }, { userName: 'a' }, { remoteUrl: 'http://192.0.2.1/x', userName: 'a', password: 'b' }, { remoteUrl: 'http://10.0.0.1/x' }, { remoteUrl: 'https://169.254.169.254/x' },
    ]) await expect(put(wrong), JSON.stringify(wrong)).rejects.toMatchObject({ name: 'InvalidMirrorException' });
    const { mirror } = await put({ ...password });
    expect(JSON.stringify([mirror, await call('ListRepositoryMirrors', {})])).not.toContain(password.password);
    await call('DeleteRepositoryMirror', { repositoryName: ours });
    await expect(call('GetRepositoryMirror', { repositoryName: ours })).rejects.toMatchObject({ name: 'MirrorDoesNotExistException' });
    await expect(call('GetRepositoryMirror', { repositoryName: 'none' })).rejects.toMatchObject({ name: 'RepositoryDoesNotExistException' });
  });

  it('needs the permission to push as well as its own', async () => {
    const eve = await s.user(`eve-${count}`, { Action: 'codecommit:PutRepositoryMirror', Resource: '*' });
    await expect(call('PutRepositoryMirror', { repositoryName: ours, direction: 'PULL', remoteUrl: http(theirs) }, eve)).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringContaining('codecommit:GitPush') });
  });

  it('is no way around a rule that protects a branch', async () => {
    await commit(ours, '1');
    const eve = await s.user(`mallory-${count}`, { Action: 'codecommit:*', Resource: '*' }, {
      Effect: 'Deny', Action: ['codecommit:GitPush', 'codecommit:DeleteBranch', 'codecommit:PutFile'], Resource: '*',
      Condition: { StringEqualsIfExists: { 'codecommit:References': ['refs/heads/main'] }, Null: { 'codecommit:References': 'false' } },
    });
    const put = () => call('PutRepositoryMirror', { repositoryName: ours, direction: 'PULL', remoteUrl: http(theirs), ...password, force: true }, eve);
    await expect(put()).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringContaining('explicit deny') });
    await s.aws.iam.putUserPolicy({ UserName: `mallory-${count}`, PolicyName: 'inline', PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'codecommit:*', Resource: '*' } }) });
    expect((await put()).mirror).toMatchObject({ direction: 'PULL' });
  });

  it('with wrong credentials ends in a status that says so', async () => {
    await call('PutRepositoryMirror', { repositoryName: ours, direction: 'PULL', remoteUrl: http(theirs), userName: 'x', password: 'wrong' });
    await s.settled();
    expect(await status()).toMatchObject({ status: 'FAILED', statusMessage: expect.stringMatching(/403|wrong, or inactive/) });
  });
});
