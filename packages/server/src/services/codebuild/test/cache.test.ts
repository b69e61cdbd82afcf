import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf } from './house.ts';

const spec = (more: string, commands: readonly string[]) => `version: 0.2\nphases:\n  build:\n    commands:\n${commands.map((command) => `      - ${JSON.stringify(command)}\n`).join('')}cache:\n${more}`;
const counting = ['mkdir -p node_modules/deep', 'cat node_modules/deep/count 2>/dev/null || echo none', 'echo x >> node_modules/deep/count'];
const paths = '  paths:\n    - node_modules/**/*\n    - missing/*\n';
const keyed = (version: string, action = '') => spec(`  key: deps-$KIND-${version}\n  fallback-keys:\n    - deps-$KIND-\n${paths}${action}`, counting);

describe("A build's cache", () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let elsewhere: string;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'plain' });
    house = buildsOf(s);
    elsewhere = await mkdtemp(join(tmpdir(), 'slipway-elsewhere-'));
    await s.aws.s3.createBucket({ Bucket: 'store' });
  });
  afterAll(async () => {
    await s.stop();
    await rm(elsewhere, { recursive: true, force: true });
  });

  const keys = async () => (await s.aws.s3.listObjectsV2({ Bucket: 'store' })).Contents?.map(({ Key }) => Key) ?? [];

  it('in S3 is kept when the build has succeeded, found by the next one, and lost when it is invalidated', async () => {
    await house.project('plain', { source: { type: 'NO_SOURCE', buildspec: spec(paths, counting) }, cache: { type: 'S3', location: 'store/caches' } });
    expect(await house.output(await house.run('plain', { buildspecOverride: spec(paths, [...counting, 'exit 1']) }))).toEqual(['none']);
    const first = await house.run('plain');
    expect(await house.output(first)).toEqual(['none']);
    expect((await house.log(first)).some((line) => line.includes('The cache is kept under the key cache'))).toBe(true);
    expect(await keys()).toEqual(['caches/plain/cache.tar']);
    expect(await house.output(await house.run('plain'))).toEqual(['x']);
    expect(await house.output(await house.run('plain'))).toEqual(['x', 'x']);
    expect(await house.output(await house.run('plain', { cacheOverride: { type: 'NO_CACHE' } }))).toEqual(['none']);
    await s.aws.codebuild.invalidateProjectCache({ projectName: 'plain' });
    expect(await house.output(await house.run('plain'))).toEqual(['none']);
    await expect(s.aws.codebuild.invalidateProjectCache({ projectName: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(s.as(await s.user('nobody')).codebuild.invalidateProjectCache({ projectName: 'plain' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('has no secret in its key, which everybody sees', async () => {
    await s.aws.ssm.putParameter({ Name: '/deps/token', Type: 'SecureString', Value: 'never-to-be-shown' });
    const environmentVariables = [{ name: 'TOKEN', type: 'PARAMETER_STORE' as const, value: '/deps/token' }];
    await house.project('secret', { cache: { type: 'S3', location: 'store' }, source: { type: 'NO_SOURCE', buildspec: spec(`  key: deps-$TOKEN\n${paths}`, counting) }, environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL', environmentVariables } });
    const id = await house.run('secret');
    expect(await keys()).toContainEqual(expect.stringMatching(/^secret\/[0-9a-f]{16}\/deps-\.tar$/));
    expect((await house.log(id)).join('\n')).not.toContain('never-to-be-shown');
  });

  it('that its role may not read or write is said to be so, as is one that is no cache, and the build goes on', async () => {
    const serviceRole = await s.role('logger', 'codebuild.amazonaws.com', { Action: 'logs:*', Resource: '*' });
    await house.project('poor', { serviceRole, cache: { type: 'S3', location: 'store/poor' }, source: { type: 'NO_SOURCE', buildspec: spec(paths, counting) } });
    const build = await house.run('poor');
    const log = (await house.log(build)).join('\n');
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(log).toMatch(/Unable to download cache: AccessDenied[\s\S]*Unable to upload cache: AccessDenied/);
    const lines = async (more: Parameters<typeof house.run>[1]) => (await house.log(await house.run('poor', more))).join('\n');
    expect(await lines({ cacheOverride: { type: 'NO_CACHE' } })).toContain("The paths of the buildspec's cache are neither restored nor saved: the project has no cache");
    expect(await lines({ buildspecOverride: spec(paths, ['true']).replace(/cache:[\s\S]*/, '') })).toContain('Skip cache due to: no paths specified to be cached');
  });

  it('with a key is kept once for it, shared by its namespace, and found by the fallback keys', async () => {
    const cache = { type: 'S3' as const, location: 'store', cacheNamespace: 'shared' };
    const environmentVariablesOverride = [{ name: 'KIND', value: 'npm' }];
    for (const name of ['one', 'two']) await house.project(name, { cache, source: { type: 'NO_SOURCE', buildspec: keyed('1') } });
    const output = async (project: string, version: string, action?: string) => house.output(await house.run(project, { environmentVariablesOverride, buildspecOverride: keyed(version, action) }));
    expect(await output('one', '1')).toEqual(['none']);
    expect(await output('two', '1')).toEqual(['x']);
    expect(await output('one', '1')).toEqual(['x']);
    expect(await output('one', '2', '  action: restore\n')).toEqual(['x']);
    expect(await output('one', '2', '  action: save\n')).toEqual(['none']);
    expect(await output('two', '2', '  action: save\n')).toEqual(['none']);
    const kept = (await keys()).filter((key) => key?.startsWith('shared/'));
    expect(kept.map((key) => key?.replace(/[0-9a-f]{16}/, 'VERSION'))).toEqual(['shared/VERSION/deps-npm-1.tar', 'shared/VERSION/deps-npm-2.tar']);
    // Other paths are another version of the cache: neither the key nor a fallback key finds it.
    const others = await house.run('one', { environmentVariablesOverride, buildspecOverride: keyed('1').replace('missing/*', 'other/*') });
    expect(await house.output(others)).toEqual(['none']);
  });

  it('on this server is kept for its project, folders outside the source included', async () => {
    const outside = join(elsewhere, 'home');
    const text = spec(`  paths:\n    - ${outside}/**/*\n`, [`cat ${outside}/file 2>/dev/null || echo none`, `mkdir -p ${outside} && echo there > ${outside}/file`]);
    await house.project('local', { source: { type: 'NO_SOURCE', buildspec: text }, cache: { type: 'LOCAL', modes: ['LOCAL_CUSTOM_CACHE'] } });
    const first = await house.run('local');
    expect(await house.output(first)).toEqual(['none']);
    rmSync(outside, { recursive: true });
    expect(await house.output(await house.run('local'))).toEqual(['there']);
    for (const forget of [() => s.aws.codebuild.invalidateProjectCache({ projectName: 'local' }), () => s.aws.codebuild.deleteProject({ name: 'local' })]) {
      await forget();
      expect(readdirSync(join(s.data, 'builds/.cache', s.account, s.region, 'local'))).toEqual([]);
      rmSync(outside, { recursive: true });
      if ((await s.aws.codebuild.batchGetProjects({ names: ['local'] })).projects!.length > 0) expect(await house.output(await house.run('local'))).toEqual(['none']);
    }
  });

  it('that somebody else has put there writes nothing beyond the paths of the buildspec', async () => {
    const victim = join(elsewhere, 'victim');
    const made = join(elsewhere, 'made');
    mkdirSync(victim);
    mkdirSync(join(made, victim), { recursive: true });
    mkdirSync(join(made, 'source'));
    writeFileSync(join(made, victim, 'written'), 'hostile');
    symlinkSync(victim, join(made, 'source/node_modules'));
    const tar = (...args: string[]) => execFileSync('tar', args, { cwd: made });
    tar('-cf', 'root.tar', `.${victim}/written`);
    tar('-cf', 'source.tar', '-C', 'source', './node_modules');
    mkdirSync(join(made, 'later/node_modules'), { recursive: true });
    writeFileSync(join(made, 'later/node_modules/through'), 'hostile');
    tar('-rf', 'source.tar', '-C', 'later', './node_modules/through');
    tar('-cf', 'whole.tar', 'source.tar', 'root.tar');
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'evil/planted/cache.tar', Body: readFileSync(join(made, 'whole.tar')) });
    await house.project('planted', { source: { type: 'NO_SOURCE', buildspec: spec('  paths:\n    - node_modules/**/*\n    - /nonexistent/allowed/**\n', ['true']) }, cache: { type: 'S3', location: 'store/evil' } });
    expect((await house.run('planted')).buildStatus).toBe('SUCCEEDED');
    expect(existsSync(join(victim, 'written'))).toBe(false);
    expect(existsSync(join(victim, 'through'))).toBe(false);
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'evil/planted/cache.tar', Body: 'no archive' });
    expect((await house.run('planted')).buildStatus).toBe('SUCCEEDED');
  });

  it('CreateProject: what a cache lacks, or cannot do here, is refused', async () => {
    for (const [cache, word] of [[{ type: 'S3' }, 'location'], [{ type: 'LOCAL' }, 'modes'], [{ type: 'LOCAL', modes: ['LOCAL_DOCKER_LAYER_CACHE'] }, 'LOCAL_DOCKER_LAYER_CACHE'], [{ type: 'S3', location: 'b', cacheNamespace: '../x' }, 'cacheNamespace']] as const) {
      await expect(house.project('no', { cache: cache as never })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining(word) });
    }
  });
});
