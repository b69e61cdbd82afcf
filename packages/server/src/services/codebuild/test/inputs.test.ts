import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateProjectInput, StartBuildInput } from '@aws-sdk/client-codebuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec, phase } from './house.ts';

const linux = { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const inline = { type: 'NO_SOURCE', buildspec: buildspec(['true']) } as const;
const zip = { type: 'S3', location: 'store/source.zip' } as const;
const repository = { type: 'GITHUB_ENTERPRISE', location: 'https://git.example.com/team/app.git' } as const;
const of = (sourceIdentifier: string) => ({ ...zip, sourceIdentifier });
/** What this process has open below a folder, where the system tells. */
const openFiles = (folder: string) => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd') : []).flatMap((name) => {
  try {
    return [readlinkSync(`/proc/self/fd/${name}`)].filter((file) => file.startsWith(folder));
  } catch {
    // The one that was read from.
    return [];
  }
});
const named = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);

describe('The settings of projects and builds', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'dummy' });
    house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'store' });
  });
  afterAll(() => s.stop());

  const shown = async (name: string) => (await s.aws.codebuild.batchGetProjects({ names: [name] })).projects![0]!;

  it.each<[string, Partial<CreateProjectInput>, string]>([
    ['a clone depth of an S3 source', { source: { ...zip, gitCloneDepth: 1 } }, 'gitCloneDepth'],
    ['a clone depth of no source', { source: { ...inline, gitCloneDepth: 1 } }, 'gitCloneDepth'],
    ['a clone depth of a pipeline', { source: { type: 'CODEPIPELINE', gitCloneDepth: 1 }, artifacts: { type: 'CODEPIPELINE' } }, 'gitCloneDepth'],
    ['submodules of an S3 source', { source: { ...zip, gitSubmodulesConfig: { fetchSubmodules: true } } }, 'submodules'],
    ['a location of no source', { source: { ...inline, location: 'https://example.com' } }, 'NO_SOURCE has no location'],
    ['an S3 location that is a URL', { source: { type: 'S3', location: 'https://store/source.zip' } }, 'Invalid S3 source location'],
    ['13 secondary sources', { secondarySources: named(13).map((sourceIdentifier) => ({ ...zip, sourceIdentifier })) }, 'At most 12 secondary sources'],
    ['a secondary source with a hyphen', { secondarySources: [{ ...zip, sourceIdentifier: 'a-b' }] }, 'sourceIdentifier'],
    ['a secondary source of no source', { secondarySources: [{ ...inline, sourceIdentifier: 'a' }] }, 'NO_SOURCE'],
    ['a secondary source of a pipeline', { secondarySources: [{ type: 'CODEPIPELINE', sourceIdentifier: 'a' }] }, 'CODEPIPELINE'],
    ['a version of no secondary source', { secondarySourceVersions: [{ sourceIdentifier: 'lib', sourceVersion: 'main' }] }, 'sourceIdentifier lib, which no secondary source has'],
    ['two versions of one secondary source', { secondarySources: [{ ...zip, sourceIdentifier: 'a' }], secondarySourceVersions: ['1', '2'].map((sourceVersion) => ({ sourceIdentifier: 'a', sourceVersion })) }, 'a is given twice'],
    ['13 secondary artifacts', { secondaryArtifacts: named(13).map((artifactIdentifier) => ({ type: 'S3', location: 'store', artifactIdentifier })) }, 'At most 12 secondary artifacts'],
    ['the same artifacts twice', { secondaryArtifacts: ['a', 'a'].map((artifactIdentifier) => ({ type: 'S3', location: 'store', artifactIdentifier })) }, 'artifactIdentifier a is given twice'],
    ['secondary artifacts called as the main ones', { artifacts: { type: 'S3', location: 'store', artifactIdentifier: 'a' }, secondaryArtifacts: [{ type: 'S3', location: 'store', artifactIdentifier: 'a' }] }, 'artifactIdentifier a is given twice'],
    ['secondary artifacts without a name', { secondaryArtifacts: [{ type: 'S3', location: 'store' }] }, 'artifactIdentifier'],
    ['secondary artifacts of a pipeline', { secondaryArtifacts: [{ type: 'CODEPIPELINE', artifactIdentifier: 'a' }] }, 'CODEPIPELINE'],
    ['secondary artifacts that are none', { secondaryArtifacts: [{ type: 'NO_ARTIFACTS', artifactIdentifier: 'a' }] }, 'NO_ARTIFACTS'],
    ['artifacts in a folder', { artifacts: { type: 'S3', location: 'store/folder' } }, 'Invalid artifacts location'],
    ['a namespace of no cache', { cache: { type: 'NO_CACHE', cacheNamespace: 'x' } }, 'cacheNamespace'],
    ['a namespace of a local cache', { cache: { type: 'LOCAL', modes: ['LOCAL_CUSTOM_CACHE'], cacheNamespace: 'x' } }, 'cacheNamespace'],
    ['a key of its own', { encryptionKey: 'arn:aws:kms:us-east-1:000000000000:key/x' }, 'encryptionKey'],
    ['a key whose name ends as the default one', { encryptionKey: 'arn:aws:kms:us-east-1:999999999999:alias/aws/s3' }, 'encryptionKey'],
    ['a key of another name', { encryptionKey: 'not-alias/aws/s3' }, 'encryptionKey'],
    ['modes of a cache in S3', { cache: { type: 'S3', location: 'store', modes: ['LOCAL_CUSTOM_CACHE'] } }, 'modes'],
    ['subnets of no network', { vpcConfig: { subnets: ['subnet-1'], securityGroupIds: ['sg-1'] } }, 'A vpcConfig needs a vpcId'],
    ['a compute type that is not known', { environment: { ...linux, computeType: 'BUILD_LAMBDA_1GB' } }, 'supported are BUILD_GENERAL1_SMALL'],
    ['17 subnets', { vpcConfig: { vpcId: 'vpc-1', subnets: named(17), securityGroupIds: ['sg-1'] } }, 'At most 16 subnets'],
    ['6 security groups', { vpcConfig: { vpcId: 'vpc-1', subnets: ['s'], securityGroupIds: named(6) } }, 'At most 5 security groups'],
    ['an image whose name leads elsewhere', { environment: { ...linux, image: '../../containers/x' } }, 'Invalid image'],
    ['an image with capitals', { environment: { ...linux, image: 'registry.example.com/Team/App' } }, 'Invalid image'],
    ['a variable without a name', { environment: { ...linux, environmentVariables: [{ name: 'a=b', value: '1' }] } }, 'without spaces and ='],
    ['less than five minutes', { timeoutInMinutes: 4 }, 'between 5 and 2160'],
    ['more than 36 hours', { timeoutInMinutes: 2161 }, 'between 5 and 2160'],
    ['more than eight hours in the queue', { queuedTimeoutInMinutes: 481 }, 'between 5 and 480'],
    ['a long description', { description: 'x'.repeat(256) }, 'at most 255'],
    ['51 tags', { tags: named(51).map((key) => ({ key, value: '' })) }, 'more than 50 tags'],
    ['a tag with a long name', { tags: [{ key: 'x'.repeat(128), value: '' }] }, 'at most 127'],
  ])('CreateProject: %s is refused', async (_what, more, message) => {
    await expect(house.project('no', more)).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining(message) });
  });

  it('CreateProject: a name of 150 characters is taken, one of 151 is not, nor one that begins with a hyphen', async () => {
    await house.project('n'.repeat(150));
    for (const name of ['n'.repeat(151), 'n', '-name']) await expect(house.project(name)).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('Invalid project name') });
  });

  it('CreateProject: what is not said is shown as AWS has it by default', async () => {
    await house.project('plain');
    expect(await shown('plain')).toMatchObject({
      timeoutInMinutes: 60, queuedTimeoutInMinutes: 480, cache: { type: 'NO_CACHE' }, badge: { badgeEnabled: false }, projectVisibility: 'PRIVATE', tags: [], secondarySources: [],
      encryptionKey: `arn:aws:kms:us-east-1:${s.account}:alias/aws/s3`, environment: { privilegedMode: false, imagePullCredentialsType: 'CODEBUILD', environmentVariables: [] },
    });
    expect(await house.run('plain')).toMatchObject({ encryptionKey: `arn:aws:kms:us-east-1:${s.account}:alias/aws/s3`, timeoutInMinutes: 60, queuedTimeoutInMinutes: 480 });
  });

  it('CreateProject: the default key is taken by its name and by its ARN', async () => {
    const arn = `arn:aws:kms:us-east-1:${s.account}:alias/aws/s3`;
    for (const [name, encryptionKey] of [['by-name', 'alias/aws/s3'], ['by-arn', arn]] as const) {
      await house.project(name, { encryptionKey });
      expect((await shown(name)).encryptionKey).toBe(encryptionKey);
    }
    await expect(house.start('by-name', { encryptionKeyOverride: 'alias/mine' })).rejects.toMatchObject({ message: expect.stringContaining('alias/mine') });
  });

  it('UpdateProject: leaves what it does not name, and takes away what it empties', async () => {
    const vpcConfig = { vpcId: 'vpc-1', subnets: ['subnet-1'], securityGroupIds: ['sg-1'] };
    await house.project('changing', { description: 'one', sourceVersion: 'main', vpcConfig, encryptionKey: 'alias/aws/s3', timeoutInMinutes: 7, tags: [{ key: 'a', value: '1' }] });
    await s.aws.codebuild.updateProject({ name: 'changing', description: 'two' });
    expect(await shown('changing')).toMatchObject({ description: 'two', sourceVersion: 'main', vpcConfig, timeoutInMinutes: 7, tags: [{ key: 'a', value: '1' }] });
    await s.aws.codebuild.updateProject({ name: 'changing', description: '', sourceVersion: '', vpcConfig: {}, encryptionKey: '', tags: [] });
    const { description, sourceVersion, vpcConfig: none, encryptionKey, tags, timeoutInMinutes } = await shown('changing');
    expect([description, sourceVersion, none, tags, timeoutInMinutes]).toEqual([undefined, undefined, undefined, [], 7]);
    expect(encryptionKey).toMatch(/^arn:aws:kms:/);
  });

  it('UpdateProject: versions of sources that are gone go with them, others are checked', async () => {
    await house.project('versions', { secondarySources: [of('a'), of('b')], secondarySourceVersions: ['a', 'b'].map((sourceIdentifier) => ({ sourceIdentifier, sourceVersion: '1' })) });
    await s.aws.codebuild.updateProject({ name: 'versions', secondarySources: [of('b')] });
    expect((await shown('versions')).secondarySourceVersions).toEqual([{ sourceIdentifier: 'b', sourceVersion: '1' }]);
    await expect(s.aws.codebuild.updateProject({ name: 'versions', secondarySourceVersions: [{ sourceIdentifier: 'a', sourceVersion: '1' }] })).rejects.toMatchObject({ name: 'InvalidInputException' });
  });

  it('StartBuild: other secondary sources keep the versions that are still for them, and named ones are checked', async () => {
    await house.project('others', { secondarySources: [of('a'), of('b')], secondarySourceVersions: ['a', 'b'].map((sourceIdentifier) => ({ sourceIdentifier, sourceVersion: sourceIdentifier })) });
    const id = await house.start('others', { secondarySourcesOverride: [of('b'), of('c')] });
    expect((await house.build(id)).secondarySourceVersions).toEqual([{ sourceIdentifier: 'b', sourceVersion: 'b' }]);
    for (const more of [{ secondarySourcesVersionOverride: [{ sourceIdentifier: 'c', sourceVersion: '1' }] }, { secondarySourcesOverride: [of('b')], secondarySourcesVersionOverride: [{ sourceIdentifier: 'a', sourceVersion: '1' }] }]) {
      await expect(house.start('others', more)).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('which no secondary source has') });
    }
  });

  it('StartBuild: a source of another type has nothing of the repository that the project names', async () => {
    await house.project('git', { source: { ...repository, gitCloneDepth: 3, gitSubmodulesConfig: { fetchSubmodules: true }, insecureSsl: true, auth: { type: 'OAUTH' }, buildspec: 'ci/build.yml' }, sourceVersion: 'main' });
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'source.zip', Body: 'x' });
    const { source, sourceVersion } = await house.build(await house.start('git', { sourceTypeOverride: 'S3', sourceLocationOverride: 'store/source.zip' }));
    expect(source).toEqual({ type: 'S3', location: 'store/source.zip', buildspec: 'ci/build.yml' });
    expect(sourceVersion).toBeUndefined();
    expect((await house.build(await house.start('git', { sourceTypeOverride: 'NO_SOURCE', buildspecOverride: inline.buildspec }))).source).toEqual(inline);
    await expect(house.start('git', { sourceTypeOverride: 'S3' })).rejects.toMatchObject({ message: expect.stringContaining('location is required') });
    await expect(house.start('git', { sourceTypeOverride: 'S3', sourceLocationOverride: 'store/source.zip', gitCloneDepthOverride: 1 })).rejects.toMatchObject({ message: expect.stringContaining('gitCloneDepth') });
    expect((await house.build(await house.start('git', { gitCloneDepthOverride: 0, sourceVersion: '' })))).toMatchObject({ sourceVersion: 'main', source: { gitCloneDepth: 0, insecureSsl: true } });
  });

  it.each<[string, Partial<StartBuildInput>]>([
    ['gitCloneDepth', { gitCloneDepthOverride: 1 }], ['submodules', { gitSubmodulesConfigOverride: { fetchSubmodules: true } }], ['insecureSsl', { insecureSslOverride: true }], ['auth', { sourceAuthOverride: { type: 'OAUTH' } }],
    ['cacheNamespace', { cacheOverride: { type: 'NO_CACHE', cacheNamespace: 'x' } }], ['Invalid image', { imageOverride: '../x' }], ['between 5 and 2160', { timeoutInMinutesOverride: 1 }],
    ['artifactIdentifier', { secondaryArtifactsOverride: [{ type: 'S3', location: 'store' }] }],
  ])('StartBuild: %s is checked as in projects', async (message, more) => {
    const name = `checked-${message.replace(/\W/g, '')}`;
    await house.project(name);
    await expect(house.start(name, more)).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining(message) });
  });

  it('a variable whose name no shell knows, or which is CodeBuild\'s own, is not set, and the log says so', async () => {
    await house.project('variables', { environment: { ...linux, environmentVariables: ['my.var', 'CODEBUILD_BUILD_ID', 'CODEBUILD_SRC_DIR', 'GOOD_1'].map((name) => ({ name, value: 'x' })) } });
    const build = await house.run('variables');
    expect(build.buildStatus).toBe('SUCCEEDED');
    const said = (await house.log(build)).filter((line) => line.includes('The environment variable')).map((line) => line.replace(/^.*The environment variable /, ''));
    expect(said).toEqual([expect.stringMatching(/^"my.var" is not set/), expect.stringMatching(/^CODEBUILD_BUILD_ID is CodeBuild's own/), expect.stringMatching(/^CODEBUILD_SRC_DIR is CodeBuild's own/)]);
  });

  it('a source in S3 whose keys cannot be files of one folder fails in DOWNLOAD_SOURCE and says which', async () => {
    for (const Key of ['folder/a', 'folder/a/b']) await s.aws.s3.putObject({ Bucket: 'store', Key, Body: 'x' });
    await house.project('tangled', { source: { type: 'S3', location: 'store/folder/', buildspec: inline.buildspec } });
    const build = await house.run('tangled');
    expect(build.buildStatus).toBe('FAILED');
    expect(phase(build, 'DOWNLOAD_SOURCE')!.contexts![0]).toMatchObject({ statusCode: 'CLIENT_ERROR', message: expect.stringMatching(/^the key folder\/a\/b of the bucket store cannot be a file beside those of the other keys: (ENOTDIR|EEXIST) for primary source/) });
  });

  it('a buildspec or a certificate in S3 that is too large fails in DOWNLOAD_SOURCE, says how much is read, and keeps no file open', async () => {
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'large', Body: Buffer.alloc(3 * 1024 * 1024, 'x') });
    const arn = 'arn:aws:s3:::store/large';
    await house.project('large');
    for (const [what, more] of [['buildspec', { buildspecOverride: arn }], ['certificate', { certificateOverride: arn }]] as const) {
      const build = await house.run('large', more);
      expect(phase(build, 'DOWNLOAD_SOURCE')!.contexts![0]).toEqual({ statusCode: 'CLIENT_ERROR', message: `the ${what} ${arn} is larger than 1048576 bytes` });
    }
    expect(openFiles(join(s.data, 'blobs'))).toEqual([]);
  });

  it('a version of a folder in S3, which has none, fails in DOWNLOAD_SOURCE', async () => {
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'folder2/a', Body: 'x' });
    await house.project('versionless', { source: { type: 'S3', location: 'store/folder2/', buildspec: inline.buildspec } });
    expect((await house.run('versionless')).buildStatus).toBe('SUCCEEDED');
    expect(phase(await house.run('versionless', { sourceVersion: 'v1' }), 'DOWNLOAD_SOURCE')!.contexts![0]).toMatchObject({ statusCode: 'CLIENT_ERROR', message: expect.stringMatching(/^store\/folder2\/ is a folder.* for primary source and source version v1$/) });
  });

  it('credentials for a provider are not sent by plain http to another machine', async () => {
    await s.aws.codebuild.importSourceCredentials({ serverType: 'GITHUB_ENTERPRISE', authType: 'PERSONAL_ACCESS_TOKEN', token: 'planted' });
    await house.project('unsafe', { source: { type: 'GITHUB_ENTERPRISE', location: 'http://git.example.com/team/app.git' } });
    expect(phase(await house.run('unsafe'), 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toContain('credentials are sent by https only');
  });

  it.each([0, 101])('BatchGetProjects, BatchGetBuilds, BatchDeleteBuilds: %d at once are refused', async (count) => {
    const names = named(count);
    const refused = { name: 'InvalidInputException', message: expect.stringMatching(/^1 validation error detected: .* at '(names|ids)' failed to satisfy constraint: Member must have length (greater than or equal to 1|less than or equal to 100)$/) };
    await expect(s.aws.codebuild.batchGetProjects({ names })).rejects.toMatchObject(refused);
    await expect(s.aws.codebuild.batchGetBuilds({ ids: names })).rejects.toMatchObject(refused);
    await expect(s.aws.codebuild.batchDeleteBuilds({ ids: names })).rejects.toMatchObject(refused);
  });

  it('a project and a build are found by their ARNs here, and by no ARN of another account or region', async () => {
    await house.project('addressed');
    const { arn } = await shown('addressed');
    const build = await house.run(arn!);
    expect(build.projectName).toBe('addressed');
    for (const foreign of [arn!.replace(s.account, '999999999999'), arn!.replace('us-east-1', 'eu-west-1')]) {
      expect((await s.aws.codebuild.batchGetProjects({ names: [foreign] })).projectsNotFound).toEqual([foreign]);
      await expect(house.start(foreign)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    }
    const foreign = build.arn!.replace(s.account, '999999999999');
    expect(await s.aws.codebuild.batchGetBuilds({ ids: [foreign, build.arn!] })).toMatchObject({ builds: [{ id: build.id }], buildsNotFound: [foreign] });
  });
});
