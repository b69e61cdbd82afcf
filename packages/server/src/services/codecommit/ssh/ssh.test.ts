import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { gitClient } from '../test/git-client.ts';
import { sshRequest } from './request.ts';
import { sshServer } from './server.ts';

const run = promisify(execFile);
let s: Slipway;
let home: string;
let keyId: string;
let url: string;
let port: string;
let environment: Record<string, string>;

beforeAll(async () => {
  s = await Slipway.start({ settings: { SLIPWAY_SSH_PORT: '0' } });
  home = await mkdtemp(join(tmpdir(), 'slipway-ssh-'));
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(home, 'key')]);
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(home, 'other')]);
  await s.user('ada', { Action: ['codecommit:GitPull', 'codecommit:GitPush'], Resource: '*' }, {
    Effect: 'Deny', Action: 'codecommit:GitPush', Resource: '*',
    Condition: { StringEqualsIfExists: { 'codecommit:References': ['refs/heads/release'] }, Null: { 'codecommit:References': 'false' } },
  });
  const { SSHPublicKey: key } = await s.aws.iam.uploadSSHPublicKey({ UserName: 'ada', SSHPublicKeyBody: await readFile(join(home, 'key.pub'), 'utf8') });
  keyId = key!.SSHPublicKeyId!;
  const { repositoryMetadata } = await s.aws.codecommit.createRepository({ repositoryName: 'site' });
  port = new URL(repositoryMetadata!.cloneUrlSsh!).port;
  url = repositoryMetadata!.cloneUrlSsh!.replace('ssh://', `ssh://${keyId}@`);
  environment = sshWith('key');
}, 60_000);
afterAll(async () => {
  await s.stop();
  await rm(home, { recursive: true });
});

const options = (key: string): string[] => ['-F', '/dev/null', '-i', join(home, key), '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none', '-o', `UserKnownHostsFile=${join(home, 'known')}`, '-o', 'StrictHostKeyChecking=accept-new', '-o', 'BatchMode=yes'];
const sshWith = (key: string): Record<string, string> => ({ HOME: home, GIT_SSH_COMMAND: `ssh ${options(key).join(' ')}` });

/** The system's own ssh client. */
const ssh = async (...rest: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  run('ssh', [...options('key'), '-p', port, `${keyId}@127.0.0.1`, ...rest], { env: { PATH: process.env['PATH'], HOME: home } }).then(
    (output) => ({ code: 0, ...output }), (error: { code: number; stdout: string; stderr: string }) => error);

async function workTree(env = environment) {
  const folder = await mkdtemp(join(home, 'work-'));
  const local = gitClient(folder, env);
  await local('init', '-q', '-b', 'main');
  await writeFile(join(folder, 'a'), folder);
  await local('add', '.');
  await local('commit', '-qm', 'One');
  await local('remote', 'add', 'origin', url);
  return local;
}

describe('git over SSH', () => {
  it('pushes, clones in every version of the protocol, fetches and deletes, with the events of any push', async () => {
    const local = await workTree();
    expect(await local('push', 'origin', 'main', 'main:feature')).toMatchObject({ code: 0 });
    expect(await local('push', 'origin', 'main')).toMatchObject({ code: 0, stderr: expect.stringContaining('up-to-date') });
    for (const version of ['0', '1', '2']) {
      expect(await local('-c', `protocol.version=${version}`, 'clone', '-q', url, join(home, `copy-${version}`))).toMatchObject({ code: 0, stderr: '' });
    }
    expect(await local('clone', '-q', '--depth', '1', '--filter=blob:none', url, join(home, 'partial'))).toMatchObject({ code: 0 });
    expect(await local('push', 'origin', ':feature')).toMatchObject({ code: 0 });
    await local('commit', '-q', '--allow-empty', '-m', 'Two');
    expect(await local('push', '--atomic', 'origin', 'main')).toMatchObject({ code: 0 });
    await s.settled();
    expect(s.events.filter((event) => event.detailType.startsWith('CodeCommit')).map(({ detail }) => [detail['event'], detail['referenceName'], detail['callerUserArn']])).toEqual([
      ['referenceCreated', 'main', `arn:aws:iam::${s.account}:user/ada`], ['referenceCreated', 'feature', `arn:aws:iam::${s.account}:user/ada`],
      ['referenceDeleted', 'feature', `arn:aws:iam::${s.account}:user/ada`], ['referenceUpdated', 'main', `arn:aws:iam::${s.account}:user/ada`],
    ]);
  }, 60_000);

  it('refuses a push that touches a denied branch as a whole, and the deletion of the default branch', async () => {
    const local = await workTree();
    await local('fetch', '-q', 'origin');
    expect(await local('push', 'origin', 'main:release', 'main:fine')).toMatchObject({ code: 1, stderr: expect.stringMatching(/rejected[^]*not authorized to perform: codecommit:GitPush/) });
    expect(await local('push', 'origin', ':main')).toMatchObject({ code: 1, stderr: expect.stringContaining('default branch cannot be deleted') });
    expect((await s.aws.codecommit.listBranches({ repositoryName: 'site' })).branches).toEqual(['main']);
  }, 60_000);

  it('tells what is wrong: no such repository, no permission', async () => {
    const local = await workTree();
    expect(await local('ls-remote', url.replace('site', 'nothing'))).toMatchObject({ code: 128, stderr: expect.stringContaining('Repository nothing does not exist') });
    expect(await local('ls-remote', url.replace('site', '..%2fsite'))).toMatchObject({ code: 128 });
  }, 60_000);

  it('knows a client by the key that bears its user name, while it is active', async () => {
    expect(await (await workTree(sshWith('other')))('ls-remote', url)).toMatchObject({ code: 128, stderr: expect.stringContaining('Permission denied (publickey)') });
    const stranger = url.replace(keyId, 'APKAAAAAAAAAAAAAAAAAA');
    expect(await (await workTree())('ls-remote', stranger)).toMatchObject({ code: 128, stderr: expect.stringContaining('Permission denied (publickey)') });
    await s.aws.iam.updateSSHPublicKey({ UserName: 'ada', SSHPublicKeyId: keyId, Status: 'Inactive' });
    expect(await (await workTree())('ls-remote', url)).toMatchObject({ code: 128, stderr: expect.stringContaining('Permission denied (publickey)') });
    await s.aws.iam.updateSSHPublicKey({ UserName: 'ada', SSHPublicKeyId: keyId, Status: 'Active' });
    expect(await (await workTree())('ls-remote', url)).toMatchObject({ code: 0 });
  }, 60_000);

  it('takes no command on an open connection once its key is inactive', async () => {
    const client = new ssh2.Client();
    client.connect({ host: '127.0.0.1', port: Number(port), username: keyId, privateKey: await readFile(join(home, 'key')) });
    await once(client, 'ready');
    const said = () => new Promise<string>((resolve, reject) => {
      client.exec("git-upload-pack '/v1/repos/site'", (error, channel) => {
        if (error) return reject(error);
        let text = '';
        channel.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
        channel.resume();
        channel.on('close', () => resolve(text));
        return void channel.end('0000');
      });
    });
    try {
      expect(await said()).not.toContain('not active');
      await s.aws.iam.updateSSHPublicKey({ UserName: 'ada', SSHPublicKeyId: keyId, Status: 'Inactive' });
      expect(await said()).toBe('The SSH key is not active any more.\n');
    } finally {
      await s.aws.iam.updateSSHPublicKey({ UserName: 'ada', SSHPublicKeyId: keyId, Status: 'Active' });
      client.end();
    }
  }, 60_000);

  it('cuts off who says nothing and who does not hang up', async () => {
    const sshKeys = { find: () => Promise.resolve(undefined) };
    const server = sshServer({ sshKeys } as unknown as Parameters<typeof sshServer>[0], { port: 0, bind: '127.0.0.1', hostKeyFile: join(home, 'grace'), loginGrace: 200 });
    await server.listen();
    const sockets = [1, 2].map(() => connect({ port: server.port!, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined).resume());
    sockets[1]!.write('SSH-2.0-hanging\r\n');
    await Promise.all(sockets.map((socket) => once(socket, 'end')));
    sockets.forEach((socket) => socket.destroy());
    await server.close();
  });

  it('gives no shell, no other command, no terminal, no subsystem and no forwarding', async () => {
    expect(await ssh()).toMatchObject({ code: 1, stderr: expect.stringContaining('no shell') });
    for (const command of ['id', 'git-upload-archive /v1/repos/site', "git-upload-pack '/v1/repos/site'; id", "git-upload-pack --strict '/v1/repos/site'", 'git-upload-pack /etc']) {
      expect(await ssh(command), command).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Only git is served') });
    }
    expect((await ssh('-s', 'sftp')).code).not.toBe(0);
    expect((await ssh('-o', 'ExitOnForwardFailure=yes', '-N', '-R', '0:127.0.0.1:1')).code).not.toBe(0);
    expect((await ssh('-W', '127.0.0.1:22')).code).not.toBe(0);
  }, 60_000);

  it('survives what is no SSH at all, and keeps its host key', async () => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(await (await workTree())('ls-remote', url)).toMatchObject({ code: 0 });
    expect((await stat(join(s.data, 'keys/ssh_host_ed25519_key'))).mode & 0o077).toBe(0);
  }, 60_000);
});

describe('sshRequest', () => {
  it('reads git\'s two commands and nothing else', () => {
    expect(sshRequest("git-upload-pack '/v1/repos/site'")).toEqual({ service: 'git-upload-pack', repositoryName: 'site' });
    expect(sshRequest("git receive-pack 'v1/repos/site.git'")).toEqual({ service: 'git-receive-pack', repositoryName: 'site' });
    expect(sshRequest("git-upload-pack '/v1/repos/--x y'")).toEqual({ service: 'git-upload-pack', repositoryName: undefined });
    for (const command of ["git-upload-pack '/v1/repos/a/b'", "git-upload-pack '/v1/repos/a''b'", "git-upload-pack '/v1/repos/a' ; id", 'git-upload-pack', "git-upload-pack '/etc/passwd'", '']) expect(sshRequest(command)).toBeUndefined();
  });
});
