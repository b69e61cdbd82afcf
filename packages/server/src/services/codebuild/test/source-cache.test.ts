import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CreateProjectInput } from '@aws-sdk/client-codebuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { git, gitServer } from './git-server.ts';
import { buildsOf, buildspec, phase } from './house.ts';

const token = 'planted-token-4411';
const LARGE = 1_000_000;
const cache = { type: 'LOCAL' as const, modes: ['LOCAL_SOURCE_CACHE' as const] };

describe('LOCAL_SOURCE_CACHE', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let folder: string;
  let work: string;
  let remote: Awaited<ReturnType<typeof gitServer>>;
  let commits = 0;

  const commit = (): string => {
    commits += 1;
    writeFileSync(join(work, 'count'), String(commits));
    git(work, 'add', '.');
    git(work, 'commit', '-qm', `commit ${commits}`);
    git(work, 'push', '-q', '--force', 'origin', 'HEAD:main');
    return git(work, 'rev-parse', 'HEAD');
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-remote-'));
    mkdirSync(join(folder, 'team'));
    git(folder, 'init', '-q', '--bare', '-b', 'main', 'team/app.git');
    git(folder, 'clone', '-q', join(folder, 'team/app.git'), 'work');
    work = join(folder, 'work');
    writeFileSync(join(work, 'large'), randomBytes(LARGE));
    // Whatever a build does to its clone is gone with it.
    writeFileSync(join(work, 'buildspec.yml'), buildspec([
      'cat count', 'git rev-parse HEAD', 'git for-each-ref --format="%(refname)" refs/remotes refs/tags | sort', 'git rev-list --count HEAD', 'git fsck --strict 2>&1',
      'git config --local --list | grep -E "core.hooksPath|insteadOf|planted" || true',
      'git -c user.name=a -c user.email=a@a commit --allow-empty -qm poison', 'git update-ref refs/remotes/origin/main HEAD', 'git config url.https://evil.example.com/.insteadOf http', 'git tag planted',
      'chmod -R u+w .git/objects', 'for f in $(find .git/objects -type f); do echo poison > $f; done',
    ]));
    commit();
    remote = await gitServer(folder, `x-access-token:${token}`);
    s = await Slipway.start({ runner: 'plain', allowEndpoints: 'loopback', settings: { SLIPWAY_LOCAL_CACHE_SIZE: '20MB' } });
    house = buildsOf(s);
    await s.aws.codebuild.importSourceCredentials({ token, serverType: 'GITHUB_ENTERPRISE', authType: 'PERSONAL_ACCESS_TOKEN' });
    for (const name of ['app', 'other', 'shallow', 'broken']) await house.project(name, { source: sourceOf(name), cache });
  }, 60_000);
  afterAll(async () => {
    await s.stop();
    await remote.close();
    await rm(folder, { recursive: true, force: true });
  });

  const sourceOf = (name: string): CreateProjectInput['source'] => ({ type: 'GITHUB_ENTERPRISE', location: `${remote.url}/team/app.git`, ...(name === 'shallow' ? { gitCloneDepth: 1 } : {}) });
  const run = async (name: string) => {
    const before = remote.sent();
    const build = await house.run(name);
    return { build, sent: remote.sent() - before, output: (await house.output(build)).filter((line) => !/^(Checking|dangling|notice)/.test(line)) };
  };

  it('fetches only what has changed, and the same clone as without it comes of it, whatever the build before did', async () => {
    const first = await run('app');
    expect([first.build.buildStatus, first.sent > LARGE]).toEqual(['SUCCEEDED', true]);
    git(work, 'push', '-q', 'origin', 'HEAD:gone');
    const head = commit();
    const second = await run('app');
    expect(second.output).toEqual(['2', head, 'refs/remotes/origin/gone', 'refs/remotes/origin/main', '2']);
    expect([second.build.buildStatus, second.sent < 50_000]).toEqual(['SUCCEEDED', true]);
    git(work, 'push', '-q', 'origin', ':gone');
    git(work, 'reset', '-q', '--hard', 'HEAD~1');
    const other = commit();
    const third = await run('app');
    expect(third.output).toEqual(['3', other, 'refs/remotes/origin/main', '2']);
    expect(third.sent).toBeLessThan(50_000);
    expect((await house.log(third.build)).filter((line) => line.includes('Source cache'))).toEqual([expect.stringContaining(`only what has changed in ${remote.url}/team/app.git is fetched`)]);
  }, 60_000);

  it('is shared with no other project, holds no credentials, and is asked for with those of each build', async () => {
    expect((await run('other')).sent).toBeGreaterThan(LARGE);
    expect(() => execFileSync('grep', ['-rF', '-e', token, '-e', Buffer.from(`x-access-token:${token}`).toString('base64'), join(s.data, 'builds/.cache')])).toThrow();
    const [credentials] = (await s.aws.codebuild.listSourceCredentials({})).sourceCredentialsInfos!;
    await s.aws.codebuild.deleteSourceCredentials({ arn: credentials!.arn! });
    for (const sourceVersion of [undefined, git(work, 'rev-parse', 'HEAD')]) {
      expect(phase(await house.run('app', { sourceVersion }), 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toContain('authentication required');
    }
    await s.aws.codebuild.importSourceCredentials({ token, serverType: 'GITHUB_ENTERPRISE', authType: 'PERSONAL_ACCESS_TOKEN' });
    expect((await run('app')).sent).toBeLessThan(50_000);
  }, 60_000);

  it('gives as many commits as are asked for', async () => {
    await run('shallow');
    const second = await run('shallow');
    expect([second.output[0], second.output[2]]).toEqual([String(commits), '1']);
    expect(second.sent).toBeLessThan(50_000);
    expect(phase(await house.run('shallow', { sourceVersion: 'nowhere' }), 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toContain('reference not found');
  }, 60_000);

  it('that is damaged is thrown away', async () => {
    await run('broken');
    const kept = join(s.data, 'builds/.cache', s.account, s.region, 'broken');
    const life = join(kept, readdirSync(kept)[0]!, 'git');
    const objects = join(life, readdirSync(life)[0]!, 'objects/pack');
    for (const name of readdirSync(objects)) {
      execFileSync('chmod', ['u+w', join(objects, name)]);
      truncateSync(join(objects, name), 100);
    }
    commit();
    const { build, sent, output } = await run('broken');
    expect([build.buildStatus, output[0], sent > LARGE]).toEqual(['SUCCEEDED', String(commits), true]);
    expect((await run('broken')).sent).toBeLessThan(50_000);
  }, 60_000);

  it('keeps repositories of this installation, and forgets them when it is invalidated', async () => {
    await s.aws.codecommit.createRepository({ repositoryName: 'site' });
    const put = async (text: string, parentCommitId?: string) => (await s.aws.codecommit.createCommit({
      repositoryName: 'site', branchName: 'main', parentCommitId, putFiles: [{ filePath: 'a', fileContent: Buffer.from(text) }, { filePath: 'buildspec.yml', fileContent: Buffer.from(buildspec(['cat a', 'git rev-list --count HEAD', 'echo $(git branch -r)'])) }],
    })).commitId!;
    const first = await put('one\n');
    await house.project('site', { source: { type: 'CODECOMMIT', location: 'https://git-codecommit.us-east-1.amazonaws.com/v1/repos/site' }, cache });
    const said = async (build: Parameters<typeof house.log>[0]) => (await house.log(build)).filter((line) => line.includes('Source cache')).map((line) => line.includes('only what has changed'));
    const one = await house.run('site');
    expect([await house.output(one), await said(one)]).toEqual([['one', '1', 'origin/main'], [false]]);
    await put('two\n', first);
    const two = await house.run('site');
    expect([await house.output(two), await said(two)]).toEqual([['two', '2', 'origin/main'], [true]]);
    await s.aws.codebuild.invalidateProjectCache({ projectName: 'site' });
    const three = await house.run('site');
    expect([await house.output(three), await said(three)]).toEqual([['two', '2', 'origin/main'], [false]]);
  }, 60_000);
});
