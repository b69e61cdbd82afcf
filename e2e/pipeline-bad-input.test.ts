import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Build, StartBuildOutput } from '@aws-sdk/client-codebuild';
import type { CreateDeploymentOutput, DeploymentInfo, GetDeploymentTargetOutput, LifecycleEvent } from '@aws-sdk/client-codedeploy';
import { startClone, type Clone } from './support/clone.ts';
import { createDelivery, endOf, executionOf, type Delivery } from './support/delivery.ts';
import { eventually } from './support/eventually.ts';
import { createServiceRole, createUser, gitCredentials } from './support/identities.ts';
import { randomName, randomText } from './support/random.ts';
import { servedPage, siteFiles, type Files } from './support/site.ts';
import { useWorld } from './support/world.ts';
import { zipOf, type ZipOptions } from './support/zips.ts';

const minutes = 60_000;

/** Where a build failed, and why. */
const failureOf = ({ phases = [] }: Build) => {
  const failed = phases.find(({ phaseStatus }) => phaseStatus === 'FAILED');
  return { phase: failed?.phaseType, statusCode: failed?.contexts?.[0]?.statusCode, message: failed?.contexts?.[0]?.message ?? '' };
};

/** A revision as a build would make it, and more. */
const revision = (more: Files = {}): Files => {
  const { 'page.txt': page = '', ...files } = siteFiles({ page: 'never to be seen' });
  return { ...files, 'public/index.html': page, ...more };
};

describe('Bad input gets a clear error in the right place, and leaves nothing half done', () => {
  const world = useWorld();
  let delivery: Delivery;
  let live: string;
  let tip: string;

  beforeAll(async () => {
    delivery = await createDelivery(world(), { hosts: 1 });
    const { branch, pipeline } = delivery.names;
    const developer = await createUser(world().aws, randomName('developer'), { Action: ['codecommit:GitPush'], Resource: '*' });
    const clone = await startClone(world(), { name: 'clone', url: delivery.cloneUrl, access: await gitCredentials(world().aws, developer) });
    const page = randomText();
    tip = await clone.commit(siteFiles({ page }));
    await clone.push(branch);
    expect(await endOf(world(), pipeline, await executionOf(world(), pipeline, tip))).toBe('Succeeded');
    live = servedPage(page, tip);
  }, 2 * minutes);

  /** What lies where the site is installed. The hooks of a deployment that fails later have stopped its server. */
  const installed = async (): Promise<string> => readFile(delivery.hosts[0]?.pathOf('/srv/shop/public/index.html') ?? '', 'utf8');

  /** Deploys a zip from the bucket and answers how that ended. */
  async function deploy(files: Files, options: ZipOptions = {}): Promise<{ info: DeploymentInfo; failed: LifecycleEvent | undefined }> {
    const { aws, cli, folder } = world();
    const { application, group } = delivery.names;
    const key = `revisions/${randomName('bad')}.zip`;
    const file = join(folder, 'revision.zip');
    await writeFile(file, await zipOf(files, options));
    const copied = await cli.run('s3', 'cp', '--quiet', file, `s3://${delivery.bucket}/${key}`);
    expect(copied.code, copied.stderr).toBe(0);
    const { deploymentId = '' } = (await cli('deploy', 'create-deployment', '--application-name', application, '--deployment-group-name', group,
      '--s3-location', `bucket=${delivery.bucket},key=${key},bundleType=zip`)) as CreateDeploymentOutput;
    const info = await eventually(`the end of deployment ${deploymentId}`, async () => {
      const { deploymentInfo } = await aws.codedeploy.getDeployment({ deploymentId });
      return ['Succeeded', 'Failed', 'Stopped'].includes(deploymentInfo?.status ?? '') ? deploymentInfo : undefined;
    });
    const { deploymentTarget } = (await aws.codedeploy.getDeploymentTarget({ deploymentId, targetId: delivery.hosts[0]?.name ?? '' })) as GetDeploymentTargetOutput;
    return { info, failed: deploymentTarget?.instanceTarget?.lifecycleEvents?.find(({ status }) => status === 'Failed') };
  }

  describe('at the door', () => {
    test('a push by who may only pull is refused with 403; the branch stays and nothing starts', async () => {
      const { branch, pipeline, repository } = delivery.names;
      const { pipelineExecutionSummaries: before = [] } = await world().aws.codepipeline.listPipelineExecutions({ pipelineName: pipeline });
      const reader = await createUser(world().aws, randomName('reader'), { Action: ['codecommit:GitPull'], Resource: '*' });
      const clone = await startClone(world(), { name: 'reader', url: delivery.cloneUrl, access: await gitCredentials(world().aws, reader) });
      expect((await clone.git('pull', '--quiet', 'origin', branch)).code).toBe(0);
      await clone.commit(siteFiles({ page: randomText() }));
      const refused = await clone.git('push', 'origin', `HEAD:refs/heads/${branch}`);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('403');
      expect((await world().aws.codecommit.getBranch({ repositoryName: repository, branchName: branch })).branch?.commitId).toBe(tip);
      expect((await world().aws.codepipeline.listPipelineExecutions({ pipelineName: pipeline })).pipelineExecutionSummaries).toHaveLength(before.length);
    }, minutes);

    test('a clone without credentials is asked for them, and gets nothing', async () => {
      const clone = await startClone(world(), { name: 'stranger', url: delivery.cloneUrl, access: 'none' });
      const { code, stderr } = await clone.git('fetch', 'origin');
      expect(code).not.toBe(0);
      expect(stderr).toContain('could not read Username');
      const answer = await fetch(`${delivery.cloneUrl}/info/refs?service=git-upload-pack`);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Basic realm=/)]);
    }, minutes);

    test('a request without a signature, one by an unknown key and one with a wrong secret are refused in AWS\'s words', async () => {
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'CodePipeline_20150709.ListPipelines' };
      const unsigned = await fetch(world().endpoint, { method: 'POST', headers, body: '{}' });
      expect(unsigned.status).toBeGreaterThanOrEqual(400);
      expect(await unsigned.text()).toContain('MissingAuthenticationToken');
      const user = await createUser(world().aws, randomName('user'), { Action: ['codepipeline:*'], Resource: '*' });
      await expect(world().as({ ...user, accessKeyId: 'AKIANOBODYNOBODYNOBO' }).codepipeline.listPipelines({})).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
      await expect(world().as({ ...user, secretAccessKey: 'x'.repeat(40) }).codepipeline.listPipelines({})).rejects.toMatchObject({ name: expect.stringMatching(/InvalidSignature|SignatureDoesNotMatch/) });
    }, minutes);
  });

  describe('in a buildspec', () => {
    let project: string;
    let bucket: string;
    let clone: Clone;

    beforeAll(async () => {
      const { aws } = world();
      [project, bucket] = [randomName('from-repository'), randomName('results')];
      const developer = await createUser(aws, randomName('developer'), { Action: ['codecommit:GitPush'], Resource: '*' });
      clone = await startClone(world(), { name: 'cases', url: delivery.cloneUrl, access: await gitCredentials(world().aws, developer) });
      await aws.s3.createBucket({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: world().region } });
      const role = await createServiceRole(aws, randomName('builder'), 'codebuild.amazonaws.com', {
        Action: ['codecommit:GitPull', 's3:PutObject', 'logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '*',
      });
      await aws.codebuild.createProject({
        name: project, serviceRole: role.arn, source: { type: 'CODECOMMIT', location: delivery.cloneUrl },
        artifacts: { type: 'S3', location: bucket, packaging: 'ZIP', name: 'result.zip' },
        environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
      });
    }, minutes);

    /** Pushes a branch that holds just this buildspec, and builds it. */
    async function buildOf(buildspec: string): Promise<Build> {
      const branch = randomName('case');
      await clone.commit({ 'buildspec.yml': buildspec });
      await clone.push(branch);
      const { build } = (await world().cli('codebuild', 'start-build', '--project-name', project, '--source-version', branch)) as StartBuildOutput;
      return eventually(`the end of build ${build?.id}`, async () => {
        const { builds = [] } = await world().aws.codebuild.batchGetBuilds({ ids: [build?.id ?? ''] });
        return builds[0]?.buildComplete ? builds[0] : undefined;
      });
    }

    test.each([
      { what: 'a syntax error', buildspec: 'version: 0.2\nphases:\n  build:\n    commands:\n      - "echo\n', says: /buildspec\.yml, line \d+, column \d+/ },
      { what: 'a bad indentation', buildspec: 'version: 0.2\nphases:\n  build:\n    commands:\n      - echo\n   oops: 1\n', says: /buildspec\.yml, line 6, column \d+/ },
      { what: 'an unknown phase', buildspec: 'version: 0.2\nphases:\n  biuld:\n    commands:\n      - echo\n', says: /biuld.*buildspec\.yml, line 3, column 3.*install, pre_build, build, post_build/ },
      { what: 'an unknown key', buildspec: 'version: 0.2\nphases:\n  build:\n    comands:\n      - echo\n', says: /comands.*buildspec\.yml, line 4, column 5.*commands/ },
    ])('$what fails the build in DOWNLOAD_SOURCE with the file, the line and the column', async ({ buildspec, says }) => {
      const build = await buildOf(buildspec);
      expect(build.buildStatus).toBe('FAILED');
      expect(failureOf(build)).toMatchObject({ phase: 'DOWNLOAD_SOURCE', statusCode: 'YAML_FILE_ERROR', message: expect.stringMatching(says) });
      expect(build.phases?.some(({ phaseType }) => phaseType === 'BUILD'), 'no command ran').toBe(false);
    }, minutes);

    test('artifacts from outside the workspace fail UPLOAD_ARTIFACTS, and nothing is uploaded', async () => {
      for (const files of ["'../../../../../../etc/passwd'", "'leak'"]) {
        const build = await buildOf(`version: 0.2\nphases:\n  build:\n    commands:\n      - ln -s /etc/passwd leak\nartifacts:\n  files:\n    - ${files}\n`);
        expect(build.buildStatus).toBe('FAILED');
        expect(failureOf(build)).toMatchObject({ phase: 'UPLOAD_ARTIFACTS', statusCode: 'CLIENT_ERROR' });
        expect(failureOf(build).message).toContain(files.replaceAll("'", ''));
      }
      expect((await world().aws.s3.listObjectsV2({ Bucket: bucket })).KeyCount).toBe(0);
    }, minutes);
  });

  describe('in a revision', () => {
    test('an entry with .. fails DownloadBundle, and is written nowhere', async () => {
      const escaped = randomName('escaped');
      const { info, failed } = await deploy(revision({ [`aaa${escaped}`]: 'out' }), { renamed: { [`aaa${escaped}`]: `../${escaped}` } });
      expect(info).toMatchObject({ status: 'Failed' });
      expect(failed).toMatchObject({ lifecycleEventName: 'DownloadBundle', diagnostics: { errorCode: 'UnknownError', message: expect.stringContaining(`../${escaped}`) } });
      expect((await readdir(world().folder, { recursive: true })).filter((path) => path.endsWith(escaped))).toEqual([]);
      expect(await installed()).toBe(live);
    }, minutes);

    test('a symbolic link that leads out fails DownloadBundle by its name', async () => {
      const { info, failed } = await deploy(revision(), { links: { 'public/passwords': '/etc/passwd' } });
      expect(info).toMatchObject({ status: 'Failed' });
      expect(failed).toMatchObject({ lifecycleEventName: 'DownloadBundle', diagnostics: { message: expect.stringMatching(/public\/passwords.*leads out.*\/etc\/passwd/) } });
      expect(await installed()).toBe(live);
    }, minutes);

    test('an AppSpec file that names a missing script fails its event with ScriptMissing', async () => {
      const { 'hooks/check.sh': missing, ...files } = revision();
      expect(missing).toBeDefined();
      const { info, failed } = await deploy(files);
      expect(info).toMatchObject({ status: 'Failed', errorInformation: { code: 'HEALTH_CONSTRAINTS' } });
      expect(failed).toMatchObject({
        lifecycleEventName: 'ValidateService',
        diagnostics: { errorCode: 'ScriptMissing', scriptName: 'hooks/check.sh', message: 'Script does not exist at specified location: hooks/check.sh' },
      });
    }, minutes);

    test('an AppSpec file with an unknown event is refused before anything is installed, by line and column', async () => {
      const appspec = (await readFile(join(world().folder, 'clones/clone/appspec.yml'), 'utf8')).replace('AfterInstall', 'AfterInstal');
      const { info, failed } = await deploy(revision({ 'appspec.yml': appspec }));
      expect(info).toMatchObject({ status: 'Failed' });
      expect(failed?.diagnostics?.message).toMatch(/appspec\.yml:\d+:\d+:.*AfterInstal/);
    }, minutes);
  });
});
