import type { Services } from './api.ts';
import type { Roles } from './roles.ts';

export const names = {
  repository: 'static-site',
  branch: 'main',
  project: 'static-site-build',
  application: 'static-site',
  group: 'web',
  pipeline: 'static-site',
  hostTag: { Key: 'role', Value: 'web' },
} as const;

/** A bucket for the pipeline's artifacts; versioned, as CodePipeline recommends. */
export async function createArtifactBucket(aws: Services, account: string): Promise<string> {
  const bucket = `codepipeline-${account}-demo`;
  await expectOk(await aws.s3('PUT', `/${bucket}`));
  const versioning = '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';
  await expectOk(await aws.s3('PUT', `/${bucket}?versioning`, versioning));
  return bucket;
}

async function expectOk(response: Response): Promise<void> {
  if (!response.ok) throw new Error(`S3 answered ${response.status}: ${await response.text()}`);
}

export async function createRepository(aws: Services): Promise<string> {
  const { repositoryMetadata } = await aws.codecommit<{ repositoryMetadata: { cloneUrlHttp: string } }>('CreateRepository', {
    repositoryName: names.repository,
    repositoryDescription: 'The site of the demo',
  });
  return repositoryMetadata.cloneUrlHttp;
}

export async function createProject(aws: Services, roles: Roles): Promise<void> {
  await aws.codebuild('CreateProject', {
    name: names.project,
    source: { type: 'CODEPIPELINE' },
    artifacts: { type: 'CODEPIPELINE' },
    environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
    serviceRole: roles.build,
  });
}

export async function createApplication(aws: Services, roles: Roles): Promise<void> {
  await aws.codedeploy('CreateApplication', { applicationName: names.application, computePlatform: 'Server' });
  await aws.codedeploy('CreateDeploymentGroup', {
    applicationName: names.application,
    deploymentGroupName: names.group,
    deploymentConfigName: 'CodeDeployDefault.OneAtATime',
    serviceRoleArn: roles.deploy,
    onPremisesInstanceTagFilters: [{ ...names.hostTag, Type: 'KEY_AND_VALUE' }],
  });
}

/** Source → Build → Approve → Deploy. */
export async function createPipeline(aws: Services, roles: Roles, bucket: string): Promise<void> {
  await aws.codepipeline('CreatePipeline', {
    pipeline: {
      name: names.pipeline,
      roleArn: roles.pipeline,
      artifactStore: { type: 'S3', location: bucket },
      pipelineType: 'V2',
      executionMode: 'QUEUED',
      stages: [
        { name: 'Source', actions: [action('Source', 'Source', 'CodeCommit', { RepositoryName: names.repository, BranchName: names.branch }, [], ['SourceOutput'])] },
        { name: 'Build', actions: [action('Build', 'Build', 'CodeBuild', { ProjectName: names.project }, ['SourceOutput'], ['BuildOutput'])] },
        { name: 'Approve', actions: [action('Approve', 'Approval', 'Manual', {}, [], [])] },
        {
          name: 'Deploy',
          actions: [action('Deploy', 'Deploy', 'CodeDeploy', { ApplicationName: names.application, DeploymentGroupName: names.group }, ['BuildOutput'], [])],
        },
      ],
    },
  });
}

function action(name: string, category: string, provider: string, configuration: Record<string, string>, inputs: string[], outputs: string[]) {
  return {
    name,
    actionTypeId: { category, owner: 'AWS', provider, version: '1' },
    configuration,
    inputArtifacts: inputs.map((artifact) => ({ name: artifact })),
    outputArtifacts: outputs.map((artifact) => ({ name: artifact })),
    runOrder: 1,
  };
}
