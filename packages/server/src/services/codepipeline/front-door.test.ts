import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let s: Slipway;

beforeAll(async () => {
  s = await Slipway.start({ runner: 'dummy' });
  await s.aws.codecommit.createRepository({ repositoryName: 'site' });
  for (const Bucket of ['pipeline-artifacts', 'live-site']) await s.aws.s3.createBucket({ Bucket });
});

afterAll(() => s.stop());

const source = { name: 'Source', actionTypeId: { category: 'Source', owner: 'AWS', provider: 'CodeCommit', version: '1' }, configuration: { RepositoryName: 'site', BranchName: 'main' }, outputArtifacts: [{ name: 'SourceArtifact' }], namespace: 'Source' } as const;
const deploy = { name: 'Deploy', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' }, configuration: { BucketName: 'live-site', Extract: 'true', ObjectKey: '#{Source.BranchName}' }, inputArtifacts: [{ name: 'SourceArtifact' }] } as const;
const stages = [{ name: 'Source', actions: [{ ...source, outputArtifacts: [...source.outputArtifacts] }] }, { name: 'Deploy', actions: [{ ...deploy, inputArtifacts: [...deploy.inputArtifacts] }] }];

async function commit(page: string, parentCommitId?: string): Promise<string> {
  const { commitId } = await s.aws.codecommit.putFile({ repositoryName: 'site', branchName: 'main', filePath: 'index.html', fileContent: Buffer.from(page), commitMessage: `Page ${page}`, parentCommitId });
  return commitId as string;
}

const ended = async (pipeline: string, trigger: string) => (await s.until((event) => event.detailType === 'CodePipeline Pipeline Execution State Change' && event.detail.pipeline === pipeline
  && (event.detail['execution-trigger'] as Record<string, string>)['trigger-type'] === trigger && ['SUCCEEDED', 'FAILED'].includes(String(event.detail.state)))).detail.state;

const errors = async (pipelineName: string) => (await s.aws.codepipeline.listActionExecutions({ pipelineName })).actionExecutionDetails?.map((it) => it.output?.executionResult?.errorDetails).filter((it) => it !== undefined);

const live = async (): Promise<string | undefined> => (await s.aws.s3.getObject({ Bucket: 'live-site', Key: 'main/index.html' })).Body?.transformToString();

test('a pipeline brings each commit to a bucket under its role', async () => {
  const first = await commit('one');
  const roleArn = await s.role('pipeline', 'codepipeline.amazonaws.com',
    { Action: ['codecommit:GetBranch', 'codecommit:GetCommit', 'codecommit:UploadArchive', 's3:GetObject', 's3:PutObject'], Resource: '*' });
  await s.aws.codepipeline.createPipeline({ pipeline: { name: 'site', roleArn, artifactStore: { type: 'S3', location: 'pipeline-artifacts' }, stages } });
  expect([await ended('site', 'CreatePipeline'), await errors('site')]).toEqual(['SUCCEEDED', []]);
  expect(await live()).toBe('one');

  const second = await commit('two', first);
  expect([await ended('site', 'PollForSourceChanges'), await errors('site')]).toEqual(['SUCCEEDED', []]);
  expect(await live()).toBe('two');
  const { pipelineExecutionSummaries } = await s.aws.codepipeline.listPipelineExecutions({ pipelineName: 'site' });
  expect(pipelineExecutionSummaries?.map((it) => it.sourceRevisions?.[0]?.revisionId)).toEqual([second, first]);
  expect(pipelineExecutionSummaries?.[0]?.sourceRevisions?.[0]?.revisionSummary).toBe('Page two');
});

test('a role without a permission fails the action in the words of IAM', async () => {
  const roleArn = await s.role('blind', 'codepipeline.amazonaws.com', { Action: ['codecommit:GetBranch'], Resource: '*' });
  await s.aws.codepipeline.createPipeline({ pipeline: { name: 'blind', roleArn, artifactStore: { type: 'S3', location: 'pipeline-artifacts' }, stages } });
  expect(await ended('blind', 'CreatePipeline')).toBe('FAILED');
  expect(await errors('blind')).toEqual([{ code: 'PermissionError', message: expect.stringContaining('codecommit:GetCommit') }]);
});

test('CreatePipeline: a role that does not trust CodePipeline is refused, and one that the caller may not pass', async () => {
  const stranger = await s.role('stranger', 'codebuild.amazonaws.com');
  const pipeline = { name: 'other', roleArn: stranger, artifactStore: { type: 'S3' as const, location: 'pipeline-artifacts' }, stages };
  await expect(s.aws.codepipeline.createPipeline({ pipeline })).rejects.toMatchObject({ name: 'InvalidStructureException', message: `CodePipeline is not authorized to perform AssumeRole on role ${stranger}` });
  const user = s.as(await s.user('maker', { Action: 'codepipeline:*', Resource: '*' }));
  await expect(user.codepipeline.createPipeline({ pipeline })).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringContaining('iam:PassRole') });
  await expect(s.aws.codepipeline.createPipeline({ pipeline: { ...pipeline, name: 'a b' } })).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining("'pipeline.name' failed to satisfy constraint") });
});
