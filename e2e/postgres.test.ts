import type { Slipway } from '@slipway/testkit';
import { beforeAll, expect, it } from 'vitest';
import { describeOnPostgres } from '../packages/server/src/main/test/on-postgres.ts';

/** A stage of one action, both of that name. */
function stage(name: string, category: 'Source' | 'Build' | 'Deploy', provider: string, configuration: Record<string, string>, input?: string, output?: string) {
  const actionTypeId = { category, owner: 'AWS', provider, version: '1' } as const;
  return { name, actions: [{ name, actionTypeId, configuration, inputArtifacts: input ? [{ name: input }] : [], outputArtifacts: output ? [{ name: output }] : [] }] };
}

describeOnPostgres('A server', (start) => {
  let s: Slipway;
  beforeAll(async () => {
    s = await start('one', { runner: 'dummy' });
  });

  const finished = (pipeline: string, trigger: string) =>
    s.until(({ detailType, detail }) => {
      const { 'trigger-type': type } = (detail['execution-trigger'] ?? {}) as Record<string, string>;
      return detailType === 'CodePipeline Pipeline Execution State Change' && detail['pipeline'] === pipeline && type === trigger && ['SUCCEEDED', 'FAILED'].includes(String(detail['state']));
    });

  it('takes a commit through source, build and deploy without a tick of the clock', async () => {
    for (const Bucket of ['artifacts', 'site']) await s.aws.s3.createBucket({ Bucket });
    await s.aws.codecommit.createRepository({ repositoryName: 'app' });
    const everything = { Action: '*', Resource: '*' };
    const serviceRole = await s.role('builder', 'codebuild.amazonaws.com', everything);
    const roleArn = await s.role('carrier', 'codepipeline.amazonaws.com', everything);
    const environment = { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' } as const;
    await s.aws.codebuild.createProject({ name: 'app', serviceRole, source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' }, environment });
    const stages = [
      stage('Source', 'Source', 'CodeCommit', { RepositoryName: 'app', BranchName: 'main' }, undefined, 'Src'),
      stage('Build', 'Build', 'CodeBuild', { ProjectName: 'app' }, 'Src'),
      stage('Deploy', 'Deploy', 'S3', { BucketName: 'site', Extract: 'true' }, 'Src'),
    ];
    await s.aws.codepipeline.createPipeline({ pipeline: { name: 'app', roleArn, artifactStore: { type: 'S3', location: 'artifacts' }, stages } });
    await finished('app', 'CreatePipeline');

    const buildspec = "version: 0.2\nphases:\n  build:\n    commands:\n      - print built\n";
    const { commitId } = await s.aws.codecommit.putFile({ repositoryName: 'app', branchName: 'main', filePath: 'buildspec.yml', fileContent: Buffer.from(buildspec) });
    expect((await finished('app', 'PollForSourceChanges')).detail['state']).toBe('SUCCEEDED');

    const { pipelineExecutionSummaries } = await s.aws.codepipeline.listPipelineExecutions({ pipelineName: 'app' });
    expect(pipelineExecutionSummaries?.[0]?.sourceRevisions?.[0]?.revisionId).toBe(commitId);
    const { Body } = await s.aws.s3.getObject({ Bucket: 'site', Key: 'buildspec.yml' });
    expect(await Body?.transformToString()).toBe(buildspec);
  });

  it('is there again after a restart', async () => {
    await s.stop();
    s = await start('one', { runner: 'dummy' });
    expect((await s.aws.codepipeline.listPipelines({})).pipelines?.map(({ name }) => name)).toEqual(['app']);
    expect((await s.aws.codebuild.listBuilds({})).ids).toHaveLength(1);
  });
});
