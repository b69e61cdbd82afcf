import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { Slipway } from '@slipway/testkit';
import { unzip } from '../../../kernel/unzip.ts';
import { uuidOf } from '../builds/build.ts';
import { buildsOf, buildspec, phase, phaseNames } from './house.ts';

const run = promisify(execFile);

async function zipOf(files: Readonly<Record<string, string>>, mode = 0o100_644): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), name, { mode });
  zip.end();
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

const inline = (commands: readonly string[], more = '') => ({ source: { type: 'NO_SOURCE' as const, buildspec: buildspec(commands, more) } });

const hasAws = await run('aws', ['--version']).then(() => true, () => false);

describe('A build in a real shell', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'slipway-builds-'));
    s = await Slipway.start({ runner: 'plain' });
    house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'store' });
  });
  afterAll(async () => {
    await s.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  it('refuses a project whose environment names a kernel of its own', async () => {
    const environment = { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL', hostKernel: 'LINUX_KERNEL_6' } as const;
    await expect(house.project('kernel', { environment })).rejects.toMatchObject({ name: 'InvalidInputException', message: 'hostKernel is not supported by Slipway yet' });
  });

  it('keeps variables and the directory between phases, and writes every line into CloudWatch Logs in order', async () => {
    const text = 'version: 0.2\nphases:\n  pre_build:\n    commands:\n      - NAME=there\n      - mkdir deep && cd deep\n  build:\n    commands:\n      - echo "hello $NAME"\n      - seq 1 500\n      - basename "$PWD"\n';
    await house.project('shell', { source: { type: 'NO_SOURCE', buildspec: text } });
    const build = await house.run('shell');
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(await house.output(build)).toEqual(['hello there', ...Array.from({ length: 500 }, (_, n) => String(n + 1)), 'deep']);
    const log = await house.log(build);
    expect(log[0]).toMatch(/The image aws\/codebuild\/standard:7\.0 stands for this machine's own system, as plain processes without isolation$/);
    expect(log[1]).toMatch(/The compute type BUILD_GENERAL1_SMALL sets no limit to memory and processors here$/);
    expect(log.at(-2)).toMatch(/Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED$/);
    expect(await readdir(join(s.data, 'builds'))).toEqual(['.node']);
  });

  it('fails with the command and its exit status; POST_BUILD sees that and runs, finally too, INSTALL alone ends it', async () => {
    const text = 'version: 0.2\nphases:\n  build:\n    commands:\n      - echo one\n      - exit 3\n      - echo never\n    finally:\n      - echo at last\n  post_build:\n    commands:\n      - echo "succeeding $CODEBUILD_BUILD_SUCCEEDING"\n';
    await house.project('failing', { source: { type: 'NO_SOURCE', buildspec: text } });
    const build = await house.run('failing');
    expect(build.buildStatus).toBe('FAILED');
    expect(phase(build, 'BUILD')!.contexts).toEqual([{ statusCode: 'COMMAND_EXECUTION_ERROR', message: 'Error while executing command: exit 3. Reason: exit status 3' }]);
    expect(await house.output(build)).toEqual(['one', 'at last', 'succeeding 0']);
    expect(phaseNames(build)).toContain('UPLOAD_ARTIFACTS');
    const early = await house.run('failing', { buildspecOverride: 'version: 0.2\nphases:\n  install:\n    commands:\n      - false\n  build:\n    commands:\n      - true\n' });
    expect(phaseNames(early)).toEqual(['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'INSTALL FAILED', 'FINALIZING', 'COMPLETED']);
  });

  it('refuses a buildspec that is no YAML, has an unknown phase or is not there, naming the place', async () => {
    await house.project('yaml');
    const broken = await house.run('yaml', { buildspecOverride: 'version: 0.2\nphases: [' });
    expect(phase(broken, 'DOWNLOAD_SOURCE')).toMatchObject({ phaseStatus: 'FAILED', contexts: [{ statusCode: 'YAML_FILE_ERROR', message: expect.stringMatching(/line 2, column \d+/) }] });
    const unknown = await house.run('yaml', { buildspecOverride: 'version: 0.2\nphases:\n  deploy:\n    commands:\n      - true\n' });
    expect(phase(unknown, 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toMatch(/deploy.*line 3/);
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'empty.zip', Body: await zipOf({ 'README.md': '' }) });
    const missing = await house.run('yaml', { sourceTypeOverride: 'S3', sourceLocationOverride: 'store/empty.zip', buildspecOverride: 'ci/build.yml' });
    expect(phase(missing, 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toMatch(/^YAML file does not exist: ci\/build\.yml/);
    expect((await house.log(missing)).at(-1)).toMatch(/Phase context status code: YAML_FILE_ERROR Message: YAML file does not exist/);
  });

  it('takes an archive and a folder from S3, and puts zipped and loose artifacts there', async () => {
    const spec = 'version: 0.2\nphases:\n  build:\n    commands:\n      - ls -1\n      - mkdir -p out/deep && echo made > out/deep/file && printf "#!/bin/sh\\n" > out/tool && chmod 755 out/tool\nartifacts:\n  files: ["**/*"]\n  base-directory: out\n  name: named-$CODEBUILD_BUILD_NUMBER\n';
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'src/app.zip', Body: await zipOf({ 'buildspec.yml': spec, 'lib/a.txt': 'a' }) });
    await house.project('s3', {
      source: { type: 'S3', location: 'store/src/app.zip' },
      artifacts: { type: 'S3', location: 'store', path: 'out', namespaceType: 'BUILD_ID', name: 'app.zip', packaging: 'ZIP' },
    });
    const zipped = await house.run('s3');
    expect(await house.output(zipped)).toEqual(['buildspec.yml', 'lib']);
    const key = `out/${uuidOf(zipped.id!)}/app.zip`;
    const bytes = await house.object('store', key);
    expect(zipped.artifacts).toMatchObject({ location: `arn:aws:s3:::store/${key}`, sha256sum: createHash('sha256').update(bytes).digest('hex'), md5sum: createHash('md5').update(bytes).digest('hex') });
    writeFileSync(join(scratch, 'app.zip'), bytes);
    await unzip(join(scratch, 'app.zip'), join(scratch, 'app'));
    expect(readFileSync(join(scratch, 'app/deep/file'), 'utf8')).toBe('made\n');
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'tree/buildspec.yml', Body: spec });
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'tree/sub/b.txt', Body: 'b' });
    const loose = await house.run('s3', { sourceLocationOverride: 'store/tree/', artifactsOverride: { type: 'S3', location: 'store', path: 'loose', packaging: 'NONE', name: 'x', overrideArtifactName: true } });
    expect(loose.buildStatus).toBe('SUCCEEDED');
    expect(await house.output(loose)).toEqual(['buildspec.yml', 'sub']);
    expect((await house.object('store', `loose/named-${loose.buildNumber}/deep/file`)).toString()).toBe('made\n');
  });

  it('uploads artifacts after a failed BUILD, and fails in words of AWS when nothing matches or a path leads out', async () => {
    const artifacts = { type: 'S3' as const, location: 'store', path: 'fails', packaging: 'NONE' as const, name: '/' };
    await house.project('artifacts', { ...inline(['echo kept > kept; false'], ''), artifacts });
    const failed = await house.run('artifacts', { buildspecOverride: `${buildspec(['echo kept > kept; false'])}artifacts:\n  files: [kept]\n` });
    expect(failed.buildStatus).toBe('FAILED');
    expect(phase(failed, 'UPLOAD_ARTIFACTS')!.phaseStatus).toBe('SUCCEEDED');
    expect((await house.object('store', 'fails/kept')).toString()).toBe('kept\n');
    const none = await house.run('artifacts', { buildspecOverride: `${buildspec(['true'])}artifacts:\n  files: ["*.jar"]\n` });
    expect(none.buildStatus).toBe('FAILED');
    expect(phase(none, 'UPLOAD_ARTIFACTS')).toMatchObject({ phaseStatus: 'FAILED', contexts: [{ statusCode: 'CLIENT_ERROR', message: 'no matching artifact paths found' }] });
    const outside = await house.run('artifacts', { buildspecOverride: `${buildspec(['true'])}artifacts:\n  files: ["../../../../etc/passwd"]\n` });
    expect(phase(outside, 'UPLOAD_ARTIFACTS')!.contexts![0]).toMatchObject({ statusCode: 'CLIENT_ERROR', message: expect.stringContaining('leaves the source directory') });
  });

  it('exports variables', async () => {
    await house.project('exports', inline(['export VERSION=1.$((1 + 1))'], 'env:\n  variables:\n    COLOUR: red\n  exported-variables: [VERSION, COLOUR]\n'));
    const build = await house.run('exports', { environmentVariablesOverride: [{ name: 'COLOUR', value: 'blue' }] });
    expect(build.exportedEnvironmentVariables).toEqual([{ name: 'VERSION', value: '1.2' }, { name: 'COLOUR', value: 'blue' }]);
  });

  it('builds a CodeCommit branch, tag or commit, whichever way the repository is named', async () => {
    await s.aws.codecommit.createRepository({ repositoryName: 'site' });
    const commit = async (text: string, parentCommitId?: string) =>
      (await s.aws.codecommit.putFile({ repositoryName: 'site', branchName: 'main', filePath: 'buildspec.yml', fileContent: Buffer.from(buildspec([`echo ${text}`, 'git rev-parse HEAD', 'env | grep ^CODEBUILD_ | sort'])), parentCommitId })).commitId!;
    const first = await commit('first');
    const second = await commit('second', first);
    await house.project('git', { source: { type: 'CODECOMMIT', location: 'https://git-codecommit.us-east-1.amazonaws.com/v1/repos/site' } });
    const branch = await house.run('git', { sourceVersion: 'main' });
    expect(branch).toMatchObject({ buildStatus: 'SUCCEEDED', resolvedSourceVersion: second });
    const output = await house.output(branch);
    expect(output.slice(0, 2)).toEqual(['second', second]);
    const variables = Object.fromEntries(output.slice(2).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    expect(variables).toMatchObject({
      CODEBUILD_BUILD_ARN: branch.arn, CODEBUILD_BUILD_ID: branch.id, CODEBUILD_BUILD_IMAGE: 'aws/codebuild/standard:7.0', CODEBUILD_BUILD_NUMBER: '1',
      CODEBUILD_BUILD_SUCCEEDING: '1', CODEBUILD_CI: 'true', CODEBUILD_INITIATOR: 'root', CODEBUILD_LOG_PATH: uuidOf(branch.id!),
      CODEBUILD_KMS_KEY_ID: `arn:aws:kms:us-east-1:${s.account}:alias/aws/s3`, CODEBUILD_RESOLVED_SOURCE_VERSION: second, CODEBUILD_SOURCE_VERSION: 'main',
      CODEBUILD_SOURCE_REPO_URL: `${s.endpoint}/v1/repos/site`, CODEBUILD_START_TIME: String(branch.startTime!.getTime()),
    });
    expect(variables['CODEBUILD_SRC_DIR']).toMatch(/\/output\/src\d+\/src\/git-codecommit\.us-east-1\.amazonaws\.com\/v1\/repos\/site$/);
    const old = await house.run('git', { sourceVersion: first, sourceLocationOverride: `${s.endpoint}/v1/repos/site` });
    expect((await house.output(old)).slice(0, 2)).toEqual(['first', first]);
    const unknown = await house.run('git', { sourceVersion: 'no-such-branch' });
    expect(phase(unknown, 'DOWNLOAD_SOURCE')!.contexts![0]).toMatchObject({ statusCode: 'CLIENT_ERROR', message: expect.stringMatching(/^reference not found.* for primary source and source version no-such-branch$/) });
  });

  it('fetches secondary sources beside the primary one', async () => {
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'second.zip', Body: await zipOf({ 'tool.sh': '#!/bin/sh\necho from the tool\n' }, 0o100_755) });
    await house.project('two', { ...inline(['$CODEBUILD_SRC_DIR_Tools/tool.sh', 'echo $CODEBUILD_SOURCE_REPO_URL_Tools']), secondarySources: [{ type: 'S3', location: 'store/second.zip', sourceIdentifier: 'Tools' }] });
    expect(await house.output(await house.run('two'))).toEqual(['from the tool', 's3://store/second.zip']);
  });

  it('refuses an archive that would write outside of its folder', async () => {
    const bytes = await zipOf({ 'aa/evil': 'x', 'buildspec.yml': buildspec(['true']) });
    for (let at = bytes.indexOf('aa/evil'); at >= 0; at = bytes.indexOf('aa/evil', at + 1)) bytes.write('../evil', at);
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'evil.zip', Body: bytes });
    await house.project('evil', { source: { type: 'S3', location: 'store/evil.zip' } });
    expect(phase(await house.run('evil'), 'DOWNLOAD_SOURCE')!.contexts![0]).toMatchObject({ statusCode: 'CLIENT_ERROR', message: expect.stringContaining('../evil') });
  });

  it('fails with the words of AWS for what the role may not do', async () => {
    const logs = { Action: 'logs:*', Resource: '*' };
    const mute = await s.role('mute', 'codebuild.amazonaws.com', { Action: 's3:*', Resource: '*' });
    const scribe = await s.role('scribe', 'codebuild.amazonaws.com', logs);
    const foreign = await s.role('foreign', 'lambda.amazonaws.com', logs);
    await house.project('denied');
    const noLog = await house.run('denied', { serviceRoleOverride: mute });
    expect(noLog.buildStatus).toBe('FAILED');
    expect(phase(noLog, 'PROVISIONING')!.contexts![0]).toMatchObject({ statusCode: 'ACCESS_DENIED', message: expect.stringMatching(/does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build .* is not authorized to perform: logs:CreateLog/) });
    const noTrust = await house.run('denied', { serviceRoleOverride: foreign });
    expect(phase(noTrust, 'PROVISIONING')!.contexts![0]!.message).toMatch(/^CodeBuild is not authorized to perform: sts:AssumeRole/);
    const noS3 = await house.run('denied', { serviceRoleOverride: scribe, sourceTypeOverride: 'S3', sourceLocationOverride: 'store/src/app.zip', buildspecOverride: 'buildspec.yml' });
    expect(phase(noS3, 'DOWNLOAD_SOURCE')!.contexts![0]).toMatchObject({ statusCode: 'CLIENT_ERROR', message: expect.stringContaining('AccessDenied') });
    const noGit = await house.run('denied', { serviceRoleOverride: scribe, sourceTypeOverride: 'CODECOMMIT', sourceLocationOverride: `${s.endpoint}/v1/repos/site`, buildspecOverride: 'buildspec.yml' });
    expect(phase(noGit, 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toMatch(/^authorization failed: .*codecommit:GitPull/);
    const noPut = await house.run('denied', { serviceRoleOverride: scribe, artifactsOverride: { type: 'S3', location: 'store' }, buildspecOverride: `${buildspec(['echo x > x'])}artifacts:\n  files: [x]\n` });
    expect(phase(noPut, 'UPLOAD_ARTIFACTS')!.contexts![0]).toMatchObject({ statusCode: 'CLIENT_ERROR', message: expect.stringContaining('s3:PutObject') });
    const silent = await house.run('denied', { serviceRoleOverride: mute, logsConfigOverride: { cloudWatchLogs: { status: 'DISABLED' } } });
    expect(silent.buildStatus).toBe('SUCCEEDED');
    expect(silent.logs?.groupName).toBeUndefined();
  });

  it('stops a running command with all its children', async () => {
    await house.project('stopping', inline(['echo ready', 'sleep 1000 & sleep 1000']));
    const id = await house.start('stopping');
    await s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');
    await s.aws.codebuild.stopBuild({ id });
    expect((await house.ended(id)).buildStatus).toBe('STOPPED');
  });

  it('gives its processes the role\'s credentials while it runs, and never shows the token', async () => {
    await house.project('credentials', inline(['curl -sf -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI" | grep -o \'"RoleArn":"[^"]*"\'', 'echo "token $AWS_CONTAINER_AUTHORIZATION_TOKEN"']));
    const output = await house.output(await house.run('credentials'));
    expect(output).toEqual([`"RoleArn":"${await house.role()}"`, 'token ***']);
    expect((await fetch(`${s.endpoint}/_slipway/build-credentials`, { headers: { authorization: 'guess' } })).status).toBe(403);
    expect((await fetch(`${s.endpoint}/_slipway/build-credentials`)).status).toBe(403);
  });

  it.runIf(hasAws)('lets the stock aws CLI act as the role', async () => {
    await house.project('cli', inline(['aws sts get-caller-identity --query Arn --output text']));
    const build = await house.run('cli');
    expect(await house.output(build)).toEqual([`arn:aws:sts::${s.account}:assumed-role/builder/AWSCodeBuild-${uuidOf(build.id!)}`]);
  });
});
