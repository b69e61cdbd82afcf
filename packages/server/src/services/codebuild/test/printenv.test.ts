import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import type { Build, StartBuildInput } from '@aws-sdk/client-codebuild';
import { Slipway } from '@slipway/testkit';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { uuidOf } from '../builds/build.ts';
import { git, gitServer } from './git-server.ts';
import { buildsOf, buildspec, everything } from './house.ts';

/** AWS CodeBuild User Guide, "Environment variables in build environments": what a build by its source's type finds. */
const printing = buildspec(['env | grep -E "^(CODEBUILD_|AWS_REGION|AWS_DEFAULT_REGION)" | grep -v "^CODEBUILD_SRC_DIR" | sort', 'echo "SRC_DIR $CODEBUILD_SRC_DIR"']);

const type = (category: 'Source' | 'Build', provider: string) => ({ category, owner: 'AWS' as const, provider, version: '1' });

async function zipped(text: string): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(text), 'buildspec.yml');
  zip.end();
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

const engines = await testEngines();
if (engines.length === 0) it.skip('printenv in containers (no engine was found; TEST_ENGINES names sockets)');

const places = [
  { name: 'plain processes', runner: 'plain' as const, image: 'aws/codebuild/standard:7.0', socket: undefined },
  ...engines.map((engine) => ({ name: `a container of ${engine.name}`, runner: 'container' as const, image: BASH_IMAGE, socket: engine.socket })),
];

describe.each(places)("printenv in $name, by the source's type", { timeout: 90_000 }, ({ runner, image, socket }) => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let commit: string;
  let remotes: string;
  let remote: Awaited<ReturnType<typeof gitServer>>;
  let remoteCommit: string;
  const environment = { type: 'LINUX_CONTAINER', image, computeType: 'BUILD_GENERAL1_SMALL' } as const;
  beforeAll(async () => {
    for (const engine of engines) if (engine.socket === socket) await makeTestImages(engine);
    s = await Slipway.start({ runner, allowEndpoints: 'loopback', settings: socket === undefined ? {} : { SLIPWAY_CONTAINER_SOCKET: socket } });
    house = buildsOf(s);
    remotes = await mkdtemp(join(tmpdir(), 'slipway-remote-'));
    const work = join(remotes, 'work');
    mkdirSync(work);
    git(remotes, 'init', '-q', '--bare', '-b', 'main', 'team/app.git');
    git(work, 'init', '-q', '-b', 'main');
    writeFileSync(join(work, 'buildspec.yml'), printing);
    git(work, 'add', '.');
    git(work, 'commit', '-qm', 'one');
    git(work, 'push', '-q', join(remotes, 'team', 'app.git'), 'HEAD:main');
    remoteCommit = git(work, 'rev-parse', 'HEAD');
    remote = await gitServer(remotes);
    await s.aws.s3.createBucket({ Bucket: 'store' });
    await s.aws.s3.putBucketVersioning({ Bucket: 'store', VersioningConfiguration: { Status: 'Enabled' } });
    await s.aws.codecommit.createRepository({ repositoryName: 'site' });
    commit = (await s.aws.codecommit.putFile({ repositoryName: 'site', branchName: 'main', filePath: 'buildspec.yml', fileContent: Buffer.from(printing) })).commitId!;
    await house.project('env', { environment });
  }, 120_000);
  afterAll(async () => {
    await s.stop();
    await remote.close();
    await rm(remotes, { recursive: true, force: true });
  });

  async function variables(more: Partial<StartBuildInput>): Promise<{ build: Build; given: Record<string, string>; folder: string }> {
    const build = await house.run('env', more);
    const output = await house.output(build);
    return { build, given: Object.fromEntries(output.slice(0, -1).map((line) => line.split(/=(.*)/s, 2) as [string, string])), folder: output.at(-1)!.replace(/^SRC_DIR .*\/codebuild\/output/, '') };
  }

  const always = ({ id, buildNumber, startTime }: Build) => ({
    AWS_DEFAULT_REGION: s.region, AWS_REGION: s.region, CODEBUILD_BUILD_ARN: `arn:aws:codebuild:${s.region}:${s.account}:build/${id}`, CODEBUILD_BUILD_ID: id, CODEBUILD_BUILD_IMAGE: image,
    CODEBUILD_BUILD_NUMBER: String(buildNumber), CODEBUILD_BUILD_SUCCEEDING: '1', CODEBUILD_CI: 'true', CODEBUILD_INITIATOR: 'root', CODEBUILD_KMS_KEY_ID: `arn:aws:kms:${s.region}:${s.account}:alias/aws/s3`,
    CODEBUILD_LOG_PATH: uuidOf(id!), CODEBUILD_PROJECT_ARN: `arn:aws:codebuild:${s.region}:${s.account}:project/env`, CODEBUILD_START_TIME: String(startTime!.getTime()),
  });

  it('NO_SOURCE', async () => {
    const { build, given, folder } = await variables({ buildspecOverride: printing });
    expect(given).toEqual(always(build));
    expect(folder).toMatch(/^\/src\d+\/src\/?$/);
  });

  it('CODECOMMIT', async () => {
    const { build, given, folder } = await variables({ sourceTypeOverride: 'CODECOMMIT', sourceLocationOverride: `${s.endpoint}/v1/repos/site`, buildspecOverride: 'buildspec.yml', sourceVersion: 'refs/heads/main' });
    expect(given).toEqual({ ...always(build), CODEBUILD_RESOLVED_SOURCE_VERSION: commit, CODEBUILD_SOURCE_REPO_URL: `${s.endpoint}/v1/repos/site`, CODEBUILD_SOURCE_VERSION: 'refs/heads/main' });
    expect(folder).toMatch(/^\/src\d+\/src\/git-codecommit\.us-east-1\.amazonaws\.com\/v1\/repos\/site$/);
  });

  it.each(['main', `refs/heads/main^{COMMIT}`, 'COMMIT'])('CODECOMMIT at %s resolves to the commit', async (version) => {
    const { given } = await variables({ sourceTypeOverride: 'CODECOMMIT', sourceLocationOverride: '/v1/repos/site', buildspecOverride: 'buildspec.yml', sourceVersion: version.replace('COMMIT', commit) });
    expect(given['CODEBUILD_RESOLVED_SOURCE_VERSION']).toBe(commit);
  });

  // The other three types are the same but for the one host that each may have.
  it.each(['GITHUB_ENTERPRISE', 'GITLAB_SELF_MANAGED'] as const)('%s, by URL: the clone URL, the branch and its commit, and nothing of webhooks', async (sourceTypeOverride) => {
    const url = `${remote.url}/team/app.git`;
    const { build, given, folder } = await variables({ sourceTypeOverride, sourceLocationOverride: url, buildspecOverride: 'buildspec.yml', sourceVersion: 'main' });
    expect(given).toEqual({ ...always(build), CODEBUILD_RESOLVED_SOURCE_VERSION: remoteCommit, CODEBUILD_SOURCE_REPO_URL: url, CODEBUILD_SOURCE_VERSION: 'main' });
    expect(folder).toMatch(/^\/src\d+\/src\/127\.0\.0\.1\/team\/app$/);
  });

  it('secondary sources, each by its identifier', async () => {
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'part.zip', Body: await zipped('version: 0.2\n') });
    const { build, given } = await variables({
      buildspecOverride: printing.replace('^CODEBUILD_SRC_DIR', '^CODEBUILD_SRC_DIR='),
      secondarySourcesOverride: [{ type: 'CODECOMMIT', location: `${s.endpoint}/v1/repos/site`, sourceIdentifier: 'one' }, { type: 'S3', location: 'store/part.zip', sourceIdentifier: 'two' }],
      secondarySourcesVersionOverride: [{ sourceIdentifier: 'one', sourceVersion: 'main' }],
    });
    expect(given).toEqual({
      ...always(build), CODEBUILD_RESOLVED_SOURCE_VERSION_one: commit, CODEBUILD_SOURCE_REPO_URL_one: `${s.endpoint}/v1/repos/site`, CODEBUILD_SOURCE_VERSION_one: 'main', CODEBUILD_SOURCE_REPO_URL_two: 's3://store/part.zip',
      CODEBUILD_SRC_DIR_one: expect.stringMatching(/\/src\d+\/src\/git-codecommit\.us-east-1\.amazonaws\.com\/v1\/repos\/site$/), CODEBUILD_SRC_DIR_two: expect.stringMatching(/\/src\d+\/src\/?$/),
    });
  });

  it('the key that the project names, and the stream of the log that it names', async () => {
    const { build, given } = await variables({ buildspecOverride: printing, encryptionKeyOverride: 'alias/aws/s3', logsConfigOverride: { cloudWatchLogs: { status: 'ENABLED', groupName: 'builds', streamName: 'of-env' } } });
    expect(given).toEqual({ ...always(build), CODEBUILD_KMS_KEY_ID: 'alias/aws/s3', CODEBUILD_LOG_PATH: `of-env/${uuidOf(build.id!)}` });
  });

  it('S3, at a version', async () => {
    const first = (await s.aws.s3.putObject({ Bucket: 'store', Key: 'a.zip', Body: await zipped(printing) })).VersionId!;
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'a.zip', Body: await zipped('version: 0.2\nphases:\n  build:\n    commands:\n      - exit 9\n') });
    const { build, given } = await variables({ sourceTypeOverride: 'S3', sourceLocationOverride: 'store/a.zip', buildspecOverride: 'buildspec.yml', sourceVersion: first });
    expect(given).toEqual({ ...always(build), CODEBUILD_SOURCE_REPO_URL: 's3://store/a.zip', CODEBUILD_SOURCE_VERSION: first });
  });

  it('CODEPIPELINE', async () => {
    const roleArn = await s.role('pipeline', 'codepipeline.amazonaws.com', everything);
    await house.project('fed', { environment, source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' } });
    await s.aws.codepipeline.createPipeline({ pipeline: { name: 'line', roleArn, artifactStore: { type: 'S3', location: 'store' }, stages: [
      { name: 'Source', actions: [{ name: 'Source', actionTypeId: type('Source', 'CodeCommit'), configuration: { RepositoryName: 'site', BranchName: 'main' }, outputArtifacts: [{ name: 'Code' }] }] },
      { name: 'Build', actions: [{ name: 'Build', actionTypeId: type('Build', 'CodeBuild'), configuration: { ProjectName: 'fed' }, inputArtifacts: [{ name: 'Code' }] }] },
    ] } });
    await s.until(({ detailType, detail }) => detailType === 'CodePipeline Pipeline Execution State Change' && detail['state'] === 'SUCCEEDED');
    const build = await house.build((await s.aws.codebuild.listBuildsForProject({ projectName: 'fed' })).ids![0]!);
    const output = await house.output(build);
    const given = Object.fromEntries(output.slice(0, -1).map((line) => line.split(/=(.*)/s, 2) as [string, string]));
    expect(given).toEqual({
      ...always(build), CODEBUILD_PROJECT_ARN: `arn:aws:codebuild:${s.region}:${s.account}:project/fed`, CODEBUILD_INITIATOR: 'codepipeline/line', CODEBUILD_RESOLVED_SOURCE_VERSION: commit,
      CODEBUILD_SOURCE_VERSION: expect.stringMatching(/^arn:aws:s3:::store\/line\/Code\/\w{7}$/),
    });
  });
});
