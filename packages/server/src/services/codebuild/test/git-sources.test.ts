import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { git, gitServer } from './git-server.ts';
import { buildsOf, buildspec, phase } from './house.ts';

const token = 'planted-token-7719';

describe('A source that is a git repository elsewhere', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let folder: string;
  let remote: Awaited<ReturnType<typeof gitServer>>;
  let first: string;
  let second: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-remote-'));
    const work = join(folder, 'work');
    for (const name of ['team/lib.git', 'team/app.git']) git(folder, 'init', '-q', '--bare', '-b', 'main', name);
    mkdirSync(work);
    git(work, 'clone', '-q', join(folder, 'team/lib.git'), 'lib');
    writeFileSync(join(work, 'lib/lib.txt'), 'library\n');
    git(join(work, 'lib'), 'add', '.');
    git(join(work, 'lib'), 'commit', '-qm', 'lib');
    git(join(work, 'lib'), 'push', '-q', 'origin', 'HEAD:main');
    git(work, 'clone', '-q', join(folder, 'team/app.git'), 'app');
    const app = join(work, 'app');
    writeFileSync(join(app, 'buildspec.yml'), buildspec(['cat version.txt', 'git rev-parse HEAD', 'git rev-list --count HEAD', 'git remote get-url origin', 'cat lib/lib.txt || true', 'echo "$CODEBUILD_SRC_DIR" | sed "s/.*src[0-9]*//"']));
    writeFileSync(join(app, 'version.txt'), 'one\n');
    git(app, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', join(folder, 'team/lib.git'), 'lib');
    git(app, 'config', '--file', '.gitmodules', 'submodule.lib.url', '../lib.git');
    git(app, 'add', '.');
    git(app, 'commit', '-qm', 'one');
    git(app, 'tag', 'v1');
    git(app, 'push', '-q', 'origin', 'HEAD:main', 'v1');
    first = git(app, 'rev-parse', 'HEAD');
    writeFileSync(join(app, 'version.txt'), 'two\n');
    git(app, 'commit', '-qam', 'two');
    git(app, 'push', '-q', 'origin', 'HEAD:main', 'HEAD:refs/heads/feature/x');
    second = git(app, 'rev-parse', 'HEAD');
    remote = await gitServer(folder, `x-access-token:${token}`);
    s = await Slipway.start({ runner: 'plain', allowEndpoints: 'loopback' });
    house = buildsOf(s);
    await house.project('app', { source: { type: 'GITHUB_ENTERPRISE', location: `${remote.url}/team/app.git` } });
  }, 60_000);
  afterAll(async () => {
    await s.stop();
    await remote.close();
    await rm(folder, { recursive: true, force: true });
  });

  const downloaded = async (more: Parameters<typeof house.run>[1]) => phase(await house.run('app', more), 'DOWNLOAD_SOURCE')!.contexts![0];

  it('is refused without credentials, and cloned with those that were imported', async () => {
    expect(await downloaded({})).toMatchObject({ statusCode: 'CLIENT_ERROR', message: 'authentication required for primary source and source version' });
    const { arn } = await s.aws.codebuild.importSourceCredentials({ serverType: 'GITHUB_ENTERPRISE', authType: 'PERSONAL_ACCESS_TOKEN', token });
    expect(arn).toBe(`arn:aws:codebuild:us-east-1:${s.account}:token/github_enterprise`);
    const build = await house.run('app');
    expect(build).toMatchObject({ buildStatus: 'SUCCEEDED', resolvedSourceVersion: second });
    expect(await house.output(build)).toEqual(['two', second, '2', `${remote.url}/team/app.git`, expect.stringContaining('lib/lib.txt'), '/127.0.0.1/team/app']);
  });

  it.each([
    ['v1', () => first], ['main', () => second], ['refs/tags/v1', () => first], ['feature/x', () => second], ['', () => second],
  ])('is taken at the version %s', async (version, commit) => {
    expect((await house.run('app', { sourceVersion: version || undefined })).resolvedSourceVersion).toBe(commit());
  });

  it('is taken at a commit, also in the form of a reference with its commit', async () => {
    expect((await house.run('app', { sourceVersion: first })).resolvedSourceVersion).toBe(first);
    expect((await house.run('app', { sourceVersion: `refs/heads/main^{${first}}` })).resolvedSourceVersion).toBe(first);
  });

  it('is cloned as deep as was asked for, with its submodules when they were', async () => {
    const build = await house.run('app', { gitCloneDepthOverride: 1, gitSubmodulesConfigOverride: { fetchSubmodules: true } });
    const output = await house.output(build);
    expect(output[2]).toBe('1');
    expect(output[4]).toBe('library');
  });

  it.each([
    ['no-such-branch', 'reference not found: no-such-branch'], ['pr/7', 'the source version pr/7 is not supported'], ['--upload-pack=x', 'reference not found'], ['a..b', 'reference not found'],
  ])('fails in DOWNLOAD_SOURCE at the version %s', async (sourceVersion, message) => {
    expect((await downloaded({ sourceVersion }))!.message).toContain(message);
  });

  it('elsewhere than the project says is asked without the credentials that were imported', async () => {
    const asked: (string | undefined)[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => void elsewhere.listen(0, '127.0.0.1', resolve));
    await downloaded({ sourceLocationOverride: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/team/app.git` });
    elsewhere.close();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every((header) => header === undefined)).toBe(true);
  });

  it.each([['is given up by StopBuild', 'STOPPED'], ["is given up at the end of the build's time", 'TIMED_OUT']])('that never answers %s', async (_how, status) => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const asked = once(silent, 'request');
    const id = await house.start('app', { sourceLocationOverride: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/team/app.git`, timeoutInMinutesOverride: 5 });
    await asked;
    if (status === 'STOPPED') await s.aws.codebuild.stopBuild({ id });
    else {
      // What waits for the source never comes to rest; leases are renewed meanwhile.
      s.clock.settleWith(() => new Promise((resolve) => void setTimeout(resolve, 20)));
      await s.clock.advance(5 * 60_000 + 1_000);
      s.clock.settleWith(() => s.settled());
    }
    const build = await house.ended(id);
    expect([build.buildStatus, phase(build, 'DOWNLOAD_SOURCE')!.phaseStatus]).toEqual([status, status]);
    silent.closeAllConnections();
    silent.close();
  });

  it('may be a secondary source, and may bring its own secret', async () => {
    const { ARN } = await s.aws.secretsManager.createSecret({ Name: 'git', SecretString: JSON.stringify({ ServerType: 'GITHUB_ENTERPRISE', AuthType: 'PERSONAL_ACCESS_TOKEN', Token: token }) });
    const other = { type: 'GITHUB_ENTERPRISE' as const, location: `${remote.url}/team/lib.git`, sourceIdentifier: 'lib', auth: { type: 'SECRETS_MANAGER' as const, resource: ARN! } };
    await house.project('second', { source: { type: 'NO_SOURCE', buildspec: buildspec(['cat "$CODEBUILD_SRC_DIR_lib/lib.txt"']) }, secondarySources: [other], secondarySourceVersions: [{ sourceIdentifier: 'lib', sourceVersion: 'main' }] });
    expect(await house.output(await house.run('second'))).toEqual(['library']);
  });

  it('is not looked for at addresses that the installation does not allow', async () => {
    expect((await downloaded({ sourceLocationOverride: 'http://169.254.169.254/a/b' }))!.message).toMatch(/169\.254\.169\.254/);
    const closed = await Slipway.start({ runner: 'dummy' });
    const there = buildsOf(closed);
    await there.project('app', { source: { type: 'GITHUB_ENTERPRISE', location: `${remote.url}/team/app.git` } });
    const before = remote.asked.length;
    expect(phase(await there.run('app'), 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toContain('127.0.0.1');
    expect(remote.asked.length).toBe(before);
    await closed.stop();
  });

  it('CreateProject: a location with credentials, of another host than its provider, or without a repository is refused', async () => {
    for (const [type, location] of [['GITHUB', 'https://gitlab.com/a/b'], ['GITHUB', 'https://u:p@github.com/a/b'], ['GITHUB', 'file:///etc/passwd'], ['BITBUCKET', 'https://bitbucket.org/a'], ['GITLAB', 'ext::sh -c id']] as const) {
      await expect(house.project('no', { source: { type, location } })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('Invalid source location') });
    }
    await expect(house.project('no', { source: { type: 'GITHUB', location: 'https://github.com/a/b', auth: { type: 'CODECONNECTIONS', resource: 'x' } } })).rejects.toMatchObject({ message: expect.stringContaining('CODECONNECTIONS') });
    await expect(house.project('no', { source: { type: 'GITHUB', location: 'https://github.com/a/b', reportBuildStatus: true } })).rejects.toMatchObject({ message: expect.stringContaining('reportBuildStatus') });
  });

  it('ImportSourceCredentials: keeps one for each provider, sealed, and never shows a token', async () => {
    const { codebuild } = s.aws;
    await expect(codebuild.importSourceCredentials({ serverType: 'GITHUB_ENTERPRISE', authType: 'PERSONAL_ACCESS_TOKEN', token: 'x', shouldOverwrite: false })).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
    for (const wrong of [{ authType: 'OAUTH' }, { authType: 'CODECONNECTIONS' }, { authType: 'BASIC_AUTH' }, { authType: 'PERSONAL_ACCESS_TOKEN', username: 'u' }, { authType: 'SECRETS_MANAGER' }] as const) {
      await expect(codebuild.importSourceCredentials({ serverType: 'GITHUB', token: 't', ...wrong })).rejects.toMatchObject({ name: 'InvalidInputException' });
    }
    await codebuild.importSourceCredentials({ serverType: 'BITBUCKET', authType: 'BASIC_AUTH', username: 'me', token: 'planted-app-password' });
    const listed = await codebuild.listSourceCredentials({});
    expect(listed.sourceCredentialsInfos!.map(({ serverType, authType }) => [serverType, authType])).toEqual([['BITBUCKET', 'BASIC_AUTH'], ['GITHUB_ENTERPRISE', 'PERSONAL_ACCESS_TOKEN']]);
    expect(JSON.stringify(listed)).not.toContain('planted');
    const { arn } = await codebuild.deleteSourceCredentials({ arn: listed.sourceCredentialsInfos![0]!.arn! });
    await expect(codebuild.deleteSourceCredentials({ arn: arn! })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const nobody = await s.user('nobody');
    await expect(s.as(nobody).codebuild.listSourceCredentials({})).rejects.toMatchObject({ name: 'AccessDeniedException' });
    for (const entry of readdirSync(s.data, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name)).includes('planted-'), entry.name).toBe(false);
    }
    expect(JSON.stringify(s.events)).not.toContain('planted-');
  });
});
