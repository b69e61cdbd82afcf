import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, everything } from './house.ts';

type Action = NonNullable<NonNullable<NonNullable<Parameters<Slipway['aws']['codepipeline']['createPipeline']>[0]['pipeline']>['stages']>[number]['actions']>[number];

const action = (name: string, category: 'Source' | 'Build' | 'Deploy', provider: string, configuration: Record<string, string>, inputs: string[], outputs: string[]): Action => ({
  name, actionTypeId: { category, owner: 'AWS', provider, version: '1' }, configuration, namespace: name,
  inputArtifacts: inputs.map((each) => ({ name: each })), outputArtifacts: outputs.map((each) => ({ name: each })),
});

describe('A build in a pipeline', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let roleArn: string;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'plain' });
    house = buildsOf(s);
    for (const Bucket of ['artifacts', 'live']) await s.aws.s3.createBucket({ Bucket });
    roleArn = await s.role('pipeline', 'codepipeline.amazonaws.com', everything);
  });
  afterAll(() => s.stop());

  async function push(repositoryName: string, buildspec: string): Promise<string> {
    await s.aws.codecommit.createRepository({ repositoryName });
    return (await s.aws.codecommit.putFile({ repositoryName, branchName: 'main', filePath: 'buildspec.yml', fileContent: Buffer.from(buildspec) })).commitId!;
  }

  async function runPipeline(name: string, actions: readonly Action[]): Promise<unknown> {
    const stages = actions.map((each) => ({ name: each.name!, actions: [each] }));
    await s.aws.codepipeline.createPipeline({ pipeline: { name, roleArn, artifactStore: { type: 'S3', location: 'artifacts' }, stages } });
    const { detail } = await s.until((event) => event.detailType === 'CodePipeline Pipeline Execution State Change' && event.detail['pipeline'] === name && ['SUCCEEDED', 'FAILED'].includes(String(event.detail['state'])));
    return detail['state'];
  }

  async function onlyBuild(project: string) {
    const { ids } = await s.aws.codebuild.listBuildsForProject({ projectName: project });
    expect(ids).toHaveLength(1);
    return house.build(ids![0]!);
  }

  it('takes the input artifact, knows the commit and the pipeline, and hands its output and its variables on', async () => {
    const commit = await push('site', 'version: 0.2\nenv:\n  exported-variables: [TAG]\nphases:\n  build:\n    commands:\n      - env | grep -E "^CODEBUILD_(INITIATOR|RESOLVED_SOURCE_VERSION|SOURCE_VERSION)=" | sort\n      - TAG=v7\n      - mkdir out && echo "$GREETING" > out/index.html\nartifacts:\n  files: ["**/*"]\n  base-directory: out\n');
    // A project of another type is taken over.
    await house.project('maker', { source: { type: 'CODECOMMIT', location: `${s.endpoint}/v1/repos/site` } });
    const state = await runPipeline('site', [
      action('Source', 'Source', 'CodeCommit', { RepositoryName: 'site', BranchName: 'main' }, [], ['Code']),
      action('Build', 'Build', 'CodeBuild', { ProjectName: 'maker', EnvironmentVariables: '[{"name":"GREETING","value":"hello"}]' }, ['Code'], ['Pages']),
      action('Deploy', 'Deploy', 'S3', { BucketName: 'live', Extract: 'true', ObjectKey: '#{Build.TAG}' }, ['Pages'], []),
    ]);
    const build = await onlyBuild('maker');
    expect(await house.output(build)).toEqual(['CODEBUILD_INITIATOR=codepipeline/site', `CODEBUILD_RESOLVED_SOURCE_VERSION=${commit}`, expect.stringMatching(/^CODEBUILD_SOURCE_VERSION=arn:aws:s3:::artifacts\/site\/Code\/\w{7}$/)]);
    expect(build).toMatchObject({ buildStatus: 'SUCCEEDED', initiator: 'codepipeline/site', resolvedSourceVersion: commit });
    expect(state).toBe('SUCCEEDED');
    expect((await house.object('live', 'v7/index.html')).toString()).toBe('hello\n');
  });

  it('takes over a project that says things of its own repository which no archive has', async () => {
    const commit = await push('deep', 'version: 0.2\nphases:\n  build:\n    commands:\n      - ls\n');
    await push('beside', 'x');
    await house.project('particular', {
      source: { type: 'CODECOMMIT', location: `${s.endpoint}/v1/repos/deep`, gitCloneDepth: 1, gitSubmodulesConfig: { fetchSubmodules: true } }, sourceVersion: 'no-such-branch',
      secondarySources: [{ type: 'CODECOMMIT', location: `${s.endpoint}/v1/repos/beside`, sourceIdentifier: 'beside' }], secondarySourceVersions: [{ sourceIdentifier: 'beside', sourceVersion: 'main' }],
    });
    expect(await runPipeline('particular', [
      action('Source', 'Source', 'CodeCommit', { RepositoryName: 'deep', BranchName: 'main' }, [], ['Code']),
      action('Build', 'Build', 'CodeBuild', { ProjectName: 'particular' }, ['Code'], []),
    ])).toBe('SUCCEEDED');
    const build = await onlyBuild('particular');
    expect(build).toMatchObject({ resolvedSourceVersion: commit, secondarySources: [], secondarySourceVersions: [] });
    expect(build.source).toEqual({ type: 'CODEPIPELINE', location: expect.stringMatching(/^artifacts\//) });
  });

  it('finds several inputs beside each other and gives each output the secondary artifact of its name', async () => {
    await push('app', 'version: 0.2\nphases:\n  build:\n    commands:\n      - ls "$CODEBUILD_SRC_DIR_Other"\n      - mkdir a b && echo a > a/a.txt && echo b > b/b.txt\nartifacts:\n  secondary-artifacts:\n    First:\n      base-directory: a\n      files: ["**/*"]\n    Second:\n      base-directory: b\n      files: ["**/*"]\n');
    await push('other', 'there');
    await house.project('splitter', { source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' } });
    const sources = ['app', 'other'].map((each) => action(each, 'Source', 'CodeCommit', { RepositoryName: each, BranchName: 'main' }, [], [each === 'app' ? 'App' : 'Other']));
    const build = action('Build', 'Build', 'CodeBuild', { ProjectName: 'splitter', PrimarySource: 'App' }, ['App', 'Other'], ['First', 'Second']);
    const deploys = ['First', 'Second'].map((each) => action(each, 'Deploy', 'S3', { BucketName: 'live', Extract: 'true', ObjectKey: each }, [each], []));
    const name = 'split';
    await s.aws.codepipeline.createPipeline({ pipeline: { name, roleArn, artifactStore: { type: 'S3', location: 'artifacts' }, stages: [{ name: 'Source', actions: sources }, { name: 'Build', actions: [build] }, { name: 'Deploy', actions: deploys }] } });
    await s.until((event) => event.detailType === 'CodePipeline Pipeline Execution State Change' && event.detail['pipeline'] === name && ['SUCCEEDED', 'FAILED'].includes(String(event.detail['state'])));
    expect(await house.output(await onlyBuild('splitter'))).toEqual(['buildspec.yml']);
    expect((await house.object('live', 'First/a.txt')).toString()).toBe('a\n');
    expect((await house.object('live', 'Second/b.txt')).toString()).toBe('b\n');
  });

  it('shows a failed command in the words of the action\'s error', async () => {
    await push('broken', 'version: 0.2\nphases:\n  build:\n    commands:\n      - exit 9\n');
    await house.project('breaker', { source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' } });
    expect(await runPipeline('broken', [
      action('Source', 'Source', 'CodeCommit', { RepositoryName: 'broken', BranchName: 'main' }, [], ['Code']),
      action('Build', 'Build', 'CodeBuild', { ProjectName: 'breaker' }, ['Code'], []),
    ])).toBe('FAILED');
    const { actionExecutionDetails } = await s.aws.codepipeline.listActionExecutions({ pipelineName: 'broken' });
    expect(actionExecutionDetails!.find(({ actionName }) => actionName === 'Build')!.output!.executionResult!.errorDetails).toMatchObject({ code: 'JobFailed', message: expect.stringContaining('exit status 9') });
  });

  it('StartBuild: a project that only a pipeline can feed is refused to anybody else', async () => {
    await house.project('fed', { source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' } });
    await expect(house.start('fed')).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('started by a pipeline') });
  });
});
