import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { put } from './house.ts';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start({ runner: 'dummy' });
  const everything = { Action: '*', Resource: '*' };
  await s.aws.codecommit.createRepository({ repositoryName: 'app' });
  await s.aws.codecommit.putFile({ repositoryName: 'app', branchName: 'main', filePath: 'buildspec.yml', fileContent: Buffer.from('version: 0.2\nphases:\n  build:\n    commands:\n      - print built\n') });
  await s.aws.s3.createBucket({ Bucket: 'store' });
  await s.aws.codebuild.createProject({
    name: 'app', serviceRole: await s.role('builder', 'codebuild.amazonaws.com', everything), source: { type: 'CODECOMMIT', location: `${s.endpoint}/v1/repos/app` }, artifacts: { type: 'NO_ARTIFACTS' },
    environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
  });
  await s.aws.codepipeline.createPipeline({ pipeline: {
    name: 'app', roleArn: await s.role('carrier', 'codepipeline.amazonaws.com', everything), artifactStore: { type: 'S3', location: 'store' },
    stages: [
      { name: 'Source', actions: [{ name: 'Fetch', actionTypeId: { category: 'Source', owner: 'AWS', provider: 'CodeCommit', version: '1' }, configuration: { RepositoryName: 'app', BranchName: 'main', PollForSourceChanges: 'false' }, outputArtifacts: [{ name: 'Sources' }] }] },
      { name: 'Deploy', actions: [{ name: 'Copy', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' }, configuration: { BucketName: 'store', Extract: 'true' }, inputArtifacts: [{ name: 'Sources' }] }] },
    ],
  } });
  await s.settled();
});
afterAll(() => s.stop());

const arn = (service: string, resource: string): string => `arn:aws:${service}:${s.region}:${s.account}:${resource}`;

test('a project as target is built with what the transformer makes of the event, a pipeline as target is executed, each by its target’s role', async () => {
  const RoleArn = await s.role('starter', 'events.amazonaws.com', { Action: ['codebuild:StartBuild', 'codepipeline:StartPipelineExecution'], Resource: [arn('codebuild', 'project/app'), arn('codepipeline', 'app')] });
  await s.aws.eventbridge.putRule({ Name: 'go', EventPattern: '{"source":["go"]}' });
  const InputTransformer = { InputPathsMap: { name: '$.detail.name' }, InputTemplate: '{"environmentVariablesOverride":[{"name":"NAME","value":"<name>","type":"PLAINTEXT"}]}' };
  const Targets = [{ Id: 'project', Arn: arn('codebuild', 'project/app'), RoleArn, InputTransformer }, { Id: 'pipeline', Arn: arn('codepipeline', 'app'), RoleArn }];
  expect((await s.aws.eventbridge.putTargets({ Rule: 'go', Targets })).FailedEntries).toEqual([]);
  const before = (await s.aws.codepipeline.listPipelineExecutions({ pipelineName: 'app' })).pipelineExecutionSummaries!.length;
  await put(s, 'go', { name: 'from-the-event' });
  await s.until(({ detailType, detail }) => detailType === 'CodeBuild Build State Change' && detail['build-status'] === 'SUCCEEDED');
  const { ids } = await s.aws.codebuild.listBuildsForProject({ projectName: 'app' });
  const { builds } = await s.aws.codebuild.batchGetBuilds({ ids });
  expect(builds).toMatchObject([{ buildStatus: 'SUCCEEDED', initiator: expect.stringContaining('rule/go') as string, environment: { environmentVariables: [{ name: 'NAME', value: 'from-the-event' }] } }]);
  const executions = async () => (await s.aws.codepipeline.listPipelineExecutions({ pipelineName: 'app' })).pipelineExecutionSummaries!;
  const [started] = await executions();
  await s.until(({ detailType, detail }) => detailType === 'CodePipeline Pipeline Execution State Change' && detail['execution-id'] === started!.pipelineExecutionId && detail['state'] === 'SUCCEEDED');
  const after = await executions();
  expect(after).toHaveLength(before + 1);
  expect(after[0]).toMatchObject({ status: 'Succeeded', trigger: { triggerType: 'CloudWatchEvent' } });
});

test('a role that may not start them starts nothing', async () => {
  const RoleArn = await s.role('idle', 'events.amazonaws.com', { Action: 's3:GetObject', Resource: '*' });
  await s.aws.eventbridge.putRule({ Name: 'refused', EventPattern: '{"source":["refused"]}' });
  await s.aws.eventbridge.putTargets({ Rule: 'refused', Targets: [{ Id: 'project', Arn: arn('codebuild', 'project/app'), RoleArn }, { Id: 'pipeline', Arn: arn('codepipeline', 'app'), RoleArn }] });
  const counts = async () => [(await s.aws.codebuild.listBuilds({})).ids!.length, (await s.aws.codepipeline.listPipelineExecutions({ pipelineName: 'app' })).pipelineExecutionSummaries!.length];
  const before = await counts();
  await put(s, 'refused', {});
  await s.settled();
  expect(await counts()).toEqual(before);
});
