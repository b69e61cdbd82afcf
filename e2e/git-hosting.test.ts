import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gitPassword } from '@slipway/sigv4';
import { cleanEnvironment, runToEnd, Slipway, slipwayProgram, type Aws, type Credentials } from '@slipway/testkit';

const minutes = 60_000;
const everything = { Action: '*', Resource: '*' };

let folder: string;
let s: Slipway;
/** As root, by the SDK. */
let aws: Aws;
let ada: Credentials;
/** SSH with ada's key. */
let sshCommand: string;

beforeAll(async () => {
  // The SDK in this process cannot be given an authority of our own; git and the CLI below are, and check the certificate.
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  folder = await mkdtemp(join(tmpdir(), 'slipway-hosting-'));
  const file = (name: string): string => join(folder, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', file('tls.key'), '-out', file('tls.pem'), '-subj', '/CN=slipway', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
  s = await Slipway.start({ settings: { SLIPWAY_TLS_CERT: file('tls.pem'), SLIPWAY_TLS_KEY: file('tls.key'), SLIPWAY_SSH_PORT: '0', SLIPWAY_ALLOW_ENDPOINTS: 'loopback' } });
  aws = s.aws;
  ada = await s.user('ada', everything);
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', file('id_rsa')]);
  const { SSHPublicKey } = await aws.iam.uploadSSHPublicKey({ UserName: 'ada', SSHPublicKeyBody: await readFile(file('id_rsa.pub'), 'utf8') });
  const settings = ['Host 127.0.0.1', `User ${SSHPublicKey!.SSHPublicKeyId}`, `IdentityFile ${file('id_rsa')}`, 'IdentitiesOnly yes', 'IdentityAgent none', 'StrictHostKeyChecking accept-new', `UserKnownHostsFile ${file('known_hosts')}`];
  await writeFile(file('ssh_config'), `${settings.join('\n')}\n`, { mode: 0o600 });
  sshCommand = `ssh -F ${file('ssh_config')}`;
}, 2 * minutes);

afterAll(async () => {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  await s?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A developer's shell: the stock git and `aws`, told where to go by the environment. */
const environment = (credentials: Credentials): NodeJS.ProcessEnv => cleanEnvironment({
  ...s.cliEnvironment(credentials), AWS_CA_BUNDLE: join(folder, 'tls.pem'), GIT_SSL_CAINFO: join(folder, 'tls.pem'), GIT_SSH_COMMAND: sshCommand, HOME: folder,
  AWS_EC2_METADATA_DISABLED: 'true', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com', GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com',
});

/** Answers what it printed. @throws Error with its words */
async function run(program: string, args: string[], credentials = ada): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(program, args, { cwd: folder, env: environment(credentials) });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}
const git = (clone: string, ...args: string[]): Promise<string> => run('git', ['-C', join(folder, clone), ...args]);
const cli = async (...args: string[]): Promise<Record<string, Record<string, unknown>>> => JSON.parse(await run('aws', [...args, '--output', 'json'])) as Record<string, Record<string, unknown>>;

async function commit(clone: string, name: string): Promise<string> {
  await writeFile(join(folder, clone, name), `${name}\n`);
  await git(clone, 'add', '--all');
  await git(clone, 'commit', '--quiet', '--message', name);
  return git(clone, 'rev-parse', 'HEAD');
}

const url = (name: string): string => `${s.endpoint}/v1/repos/${name}`;
const tip = async (repositoryName: string, branchName: string): Promise<string | undefined> => (await aws.codecommit.getBranch({ repositoryName, branchName })).branch?.commitId;

describe('A team on the stock tools, over TLS and SSH', () => {
  test('pushes a branch over SSH, proposes and merges it with the CLI, and the merge starts the pipeline', async () => {
    const { repositoryMetadata } = await aws.codecommit.createRepository({ repositoryName: 'shop' });
    expect(repositoryMetadata!.cloneUrlHttp).toBe(url('shop'));
    await mkdir(join(folder, 'shop'));
    await git('shop', 'init', '--quiet', '--initial-branch', 'main');
    await git('shop', 'remote', 'add', 'origin', url('shop'));
    // As AWS's documentation sets it up; the helper otherwise answers for Amazon's hosts only.
    await git('shop', 'config', 'credential.helper', '!f() { aws codecommit credential-helper "$@" --ignore-host-check; }; f');
    await git('shop', 'config', 'credential.UseHttpPath', 'true');
    const first = await commit('shop', 'index.html');
    await git('shop', 'push', '--quiet', 'origin', 'main');
    expect(await tip('shop', 'main')).toBe(first);
    await pipelineOf('shop');

    await git('shop', 'remote', 'add', 'ssh', repositoryMetadata!.cloneUrlSsh!);
    await git('shop', 'switch', '--quiet', '--create', 'feature');
    const feature = await commit('shop', 'prices.html');
    await git('shop', 'push', '--quiet', 'ssh', 'feature');
    expect(await tip('shop', 'feature')).toBe(feature);

    const { pullRequest } = await cli('codecommit', 'create-pull-request', '--title', 'Prices', '--targets', 'repositoryName=shop,sourceReference=feature,destinationReference=main');
    const merged = await cli('codecommit', 'merge-pull-request-by-squash', '--pull-request-id', String(pullRequest!['pullRequestId']), '--repository-name', 'shop');
    expect(merged['pullRequest']).toMatchObject({ pullRequestStatus: 'CLOSED' });
    const result = await tip('shop', 'main');
    expect([first, feature]).not.toContain(result);
    await s.settled();
    const { pipelineExecutionSummaries = [] } = await aws.codepipeline.listPipelineExecutions({ pipelineName: 'shop' });
    expect(pipelineExecutionSummaries.flatMap(({ sourceRevisions = [] }) => sourceRevisions.map(({ revisionId }) => revisionId))).toContain(result);

    await git('shop', 'fetch', '--quiet', 'ssh');
    expect(await git('shop', 'rev-parse', 'ssh/main')).toBe(result);
  }, 3 * minutes);

  test('a role clones and pushes by the address that git-remote-codecommit makes', async () => {
    await aws.codecommit.createRepository({ repositoryName: 'by-role' });
    await aws.iam.createRole({ RoleName: 'developer', AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: s.account }, Action: 'sts:AssumeRole' }] }) });
    await aws.iam.putRolePolicy({ RoleName: 'developer', PolicyName: 'git', PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['codecommit:GitPull', 'codecommit:GitPush'], Resource: '*' }] }) });
    const { Credentials: role } = await s.as(ada).sts.assumeRole({ RoleArn: `arn:aws:iam::${s.account}:role/developer`, RoleSessionName: 'work' });
    const address = (secretAccessKey = role!.SecretAccessKey!): string => {
      const { host, pathname: path } = new URL(url('by-role'));
      const password = gitPassword({ host, path, region: s.region, secretAccessKey, now: s.clock.now() });
      return `https://${encodeURIComponent(`${role!.AccessKeyId}%${role!.SessionToken}`)}:${encodeURIComponent(password)}@${host}${path}`;
    };
    await run('git', ['clone', '--quiet', address(), 'by-role']);
    const pushed = await commit('by-role', 'a.txt');
    await git('by-role', 'push', '--quiet', 'origin', 'HEAD:refs/heads/main');
    expect(await tip('by-role', 'main')).toBe(pushed);
    await expect(run('git', ['ls-remote', address('another')])).rejects.toThrow('403');
  }, minutes);

  test('a certificate that no authority vouches for is not trusted', async () => {
    const { code, stderr } = await runToEnd('git', ['ls-remote', url('shop')], { env: { ...environment(ada), GIT_SSL_CAINFO: '/etc/ssl/certs/ca-certificates.crt' } });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/certificate/i);
  });
});

describe('slipway mirror', () => {
  // The command of the published package, over a listener without TLS of its own: its fetch trusts the system's authorities only.
  let plain: Slipway;
  let password: string;
  const slipway = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runToEnd(process.execPath, [slipwayProgram, 'mirror', ...args], { cwd: folder, env: cleanEnvironment(plain.cliEnvironment()) });
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const put = (repositoryName: string, filePath: string) => plain.aws.codecommit.putFile({ repositoryName, branchName: 'main', filePath, fileContent: Buffer.from(filePath) });

  beforeAll(async () => {
    plain = await Slipway.start({ settings: { SLIPWAY_ALLOW_ENDPOINTS: 'loopback' } });
    await plain.user('remote', everything);
    const { ServiceSpecificCredential } = await plain.aws.iam.createServiceSpecificCredential({ UserName: 'remote', ServiceName: 'codecommit.amazonaws.com' });
    password = ServiceSpecificCredential!.ServiceUserName!;
    await writeFile(join(folder, 'password'), `${ServiceSpecificCredential!.ServicePassword}\n`, { mode: 0o600 });
    for (const repositoryName of ['theirs', 'pulled', 'ours', 'pushed']) await plain.aws.codecommit.createRepository({ repositoryName });
  }, minutes);
  afterAll(() => plain?.stop());

  test('pulls from a remote and pushes to one, tells how they stand, and ends', async () => {
    const [theirs, ours] = [await put('theirs', 'theirs.txt'), await put('ours', 'ours.txt')];
    const remote = (name: string): string[] => [`${plain.endpoint}/v1/repos/${name}`, '--user-name', password, '--password-file', 'password', '--interval', '5'];
    expect(await slipway('add', 'pulled', ...remote('theirs'), '--pull')).toContain('pulled <- ');
    expect(await slipway('add', 'ours', ...remote('pushed'), '--push')).toContain('ours -> ');
    await plain.settled();
    for (const [repositoryName, { commitId }] of [['pulled', theirs], ['pushed', ours]] as const) {
      expect((await plain.aws.codecommit.getBranch({ repositoryName, branchName: 'main' })).branch?.commitId).toBe(commitId);
    }
    expect((await slipway('list')).split('\n').map((line) => line.replace(/ https?:\S+/, ''))).toEqual([expect.stringMatching(/^ours ->  IN_STEP, synced 20/), expect.stringMatching(/^pulled <-  IN_STEP, synced 20/)]);
    await slipway('remove', 'ours');
    await slipway('remove', 'pulled');
    expect(await slipway('list')).toBe('There are no mirrors.');
    await expect(slipway('status', 'pulled')).rejects.toThrow('MirrorDoesNotExistException');
  }, 2 * minutes);

  test('refuses an address that is nobody else’s, and credentials in the address', async () => {
    await expect(slipway('add', 'pulled', 'https://user:secret@example.com/x', '--pull')).rejects.toThrow('InvalidMirrorException');
    await expect(slipway('add', 'pulled', 'file:///etc', '--pull')).rejects.toThrow('InvalidMirrorException');
    await expect(slipway('add', 'pulled', '--upload-pack=x', '--pull')).rejects.toThrow(/upload-pack/);
  }, minutes);
});

function action(category: 'Source' | 'Approval', provider: string) {
  return { name: provider, actionTypeId: { category, owner: 'AWS' as const, provider, version: '1' } };
}

async function pipelineOf(name: string): Promise<void> {
  await aws.s3.createBucket({ Bucket: name });
  const roleArn = await s.role('pipeline', 'codepipeline.amazonaws.com', everything);
  await aws.codepipeline.createPipeline({
    pipeline: {
      name, roleArn, artifactStore: { type: 'S3', location: name },
      stages: [
        { name: 'Source', actions: [{ ...action('Source', 'CodeCommit'), configuration: { RepositoryName: name, BranchName: 'main' }, outputArtifacts: [{ name: 'Sources' }] }] },
        { name: 'Approve', actions: [action('Approval', 'Manual')] },
      ],
    },
  });
  await s.settled();
}
