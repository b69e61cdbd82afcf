import { join } from 'node:path';
import type { ActionDeclaration, PipelineDeclaration, PipelineExecutionStatus } from '@aws-sdk/client-codepipeline';
import { plain, type Host, type HostKind } from '@slipway/hosts';
import type { Aws } from '@slipway/testkit';
import { eventually } from './eventually.ts';
import { createServiceRole, createUser, type ServiceRole } from './identities.ts';
import { randomName } from './random.ts';
import { agentProgram, type World } from './world.ts';

/** Everything between a repository and its hosts: Source → Build → Approve → Deploy. */
export interface Delivery {
  readonly names: { readonly repository: string; readonly branch: string; readonly project: string; readonly application: string; readonly group: string; readonly pipeline: string };
  readonly cloneUrl: string;
  readonly bucket: string;
  readonly roles: { readonly build: ServiceRole; readonly pipeline: ServiceRole; readonly deploy: ServiceRole };
  readonly hosts: readonly Host[];
  readonly declaration: PipelineDeclaration;
}

export interface DeliveryOptions {
  readonly hosts: number;
  readonly kind?: HostKind;
  readonly deploymentConfig?: string;
  /** Whether there is an Approve stage. */
  readonly approval?: boolean;
  /** By which clients to set up; the SDK's when not said. */
  readonly by?: Aws;
}

/** Sets all of it up under names that no other run has. The pipeline comes before its branch has a commit, as it often does. */
export async function createDelivery(world: World, { hosts, kind = plain, deploymentConfig = 'CodeDeployDefault.OneAtATime', approval = false, by = world.aws }: DeliveryOptions): Promise<Delivery> {
  const names = {
    repository: randomName('shop'), branch: randomName('release'), project: randomName('shop-build'),
    application: randomName('shop-app'), group: randomName('fleet'), pipeline: randomName('to-the-fleet'),
  };
  const bucket = randomName('artifacts');
  await by.s3.createBucket({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: world.region } });
  await by.s3.putBucketVersioning({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } });
  const roles = await createRoles(by, bucket);
  const { repositoryMetadata } = await by.codecommit.createRepository({ repositoryName: names.repository });
  await by.codebuild.createProject({
    name: names.project,
    source: { type: 'CODEPIPELINE' },
    artifacts: { type: 'CODEPIPELINE' },
    environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
    serviceRole: roles.build.arn,
  });
  const tag = { Key: 'fleet', Value: names.group };
  await by.codedeploy.createApplication({ applicationName: names.application, computePlatform: 'Server' });
  await by.codedeploy.createDeploymentGroup({
    applicationName: names.application, deploymentGroupName: names.group, deploymentConfigName: deploymentConfig, serviceRoleArn: roles.deploy.arn,
    onPremisesInstanceTagFilters: [{ ...tag, Type: 'KEY_AND_VALUE' }],
  });
  const fleet: Host[] = [];
  for (let index = 1; index <= hosts; index++) fleet.push(await startHost(world, by, { name: `${names.group}-${index}`, kind, tag, bucket }));
  const declaration = pipelineOf(names, { bucket, role: roles.pipeline, approval });
  await by.codepipeline.createPipeline({ pipeline: declaration });
  return { names, cloneUrl: repositoryMetadata?.cloneUrlHttp ?? '', bucket, roles, hosts: fleet, declaration };
}

async function createRoles(aws: Aws, bucket: string): Promise<Delivery['roles']> {
  const objects = { Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'], Resource: `arn:aws:s3:::${bucket}/*` };
  const bucketItself = { Action: ['s3:GetBucketVersioning', 's3:GetBucketLocation', 's3:ListBucket'], Resource: `arn:aws:s3:::${bucket}` };
  return {
    build: await createServiceRole(aws, randomName('build'), 'codebuild.amazonaws.com', objects, bucketItself, {
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: '*',
    }),
    pipeline: await createServiceRole(aws, randomName('pipeline'), 'codepipeline.amazonaws.com', objects, bucketItself, {
      Action: [
        'codecommit:GetBranch', 'codecommit:GetCommit', 'codecommit:UploadArchive', 'codecommit:GetUploadArchiveStatus', 'codecommit:CancelUploadArchive',
        'codebuild:StartBuild', 'codebuild:BatchGetBuilds', 'codedeploy:CreateDeployment', 'codedeploy:GetDeployment', 'codedeploy:GetDeploymentConfig',
        'codedeploy:GetApplication', 'codedeploy:GetApplicationRevision', 'codedeploy:RegisterApplicationRevision',
      ],
      Resource: '*',
    }),
    deploy: await createServiceRole(aws, randomName('deploy'), 'codedeploy.amazonaws.com', objects, bucketItself),
  };
}

/** Registers an on-premises instance with a user of its own and starts a host for it, which goes with the world. */
async function startHost(world: World, by: Aws, { name, kind, tag, bucket }: { name: string; kind: HostKind; tag: { Key: string; Value: string }; bucket: string }): Promise<Host> {
  const user = await createUser(by, `host-${name}`, { Action: ['s3:GetObject', 's3:GetObjectVersion'], Resource: `arn:aws:s3:::${bucket}/*` });
  await by.codedeploy.registerOnPremisesInstance({ instanceName: name, iamUserArn: user.arn });
  await by.codedeploy.addTagsToOnPremisesInstances({ instanceNames: [name], tags: [tag] });
  const host = await kind.create({
    name, folder: join(world.folder, 'hosts', name), agentPath: agentProgram, endpoint: world.endpoint, region: world.region,
    credentials: { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey }, hostIdentifier: user.arn, hide: [world.data],
  });
  world.atEnd(() => host.destroy());
  return host;
}

function action(name: string, category: 'Source' | 'Build' | 'Approval' | 'Deploy', provider: string, more: Partial<ActionDeclaration>): ActionDeclaration {
  return { name, actionTypeId: { category, owner: 'AWS', provider, version: '1' }, runOrder: 1, ...more };
}

function pipelineOf(names: Delivery['names'], { bucket, role, approval }: { bucket: string; role: ServiceRole; approval: boolean }): PipelineDeclaration {
  const source = action('Fetch', 'Source', 'CodeCommit', { configuration: { RepositoryName: names.repository, BranchName: names.branch }, outputArtifacts: [{ name: 'Sources' }] });
  const build = action('Compile', 'Build', 'CodeBuild', { configuration: { ProjectName: names.project }, inputArtifacts: [{ name: 'Sources' }], outputArtifacts: [{ name: 'Site' }] });
  const deploy = action('Roll', 'Deploy', 'CodeDeploy', { configuration: { ApplicationName: names.application, DeploymentGroupName: names.group }, inputArtifacts: [{ name: 'Site' }] });
  return {
    name: names.pipeline, roleArn: role.arn, artifactStore: { type: 'S3', location: bucket }, pipelineType: 'V2', executionMode: 'QUEUED',
    stages: [
      { name: 'Source', actions: [source] },
      { name: 'Build', actions: [build] },
      ...(approval ? [{ name: 'Approve', actions: [action('Ask', 'Approval', 'Manual', {})] }] : []),
      { name: 'Deploy', actions: [deploy] },
    ],
  };
}

/** The execution that the push of this commit started. */
export function executionOf({ aws }: World, pipelineName: string, commit: string): Promise<string> {
  return eventually(`an execution of ${pipelineName} for commit ${commit}`, async () => {
    const { pipelineExecutionSummaries = [] } = await aws.codepipeline.listPipelineExecutions({ pipelineName });
    return pipelineExecutionSummaries.find(({ sourceRevisions }) => sourceRevisions?.some(({ revisionId }) => revisionId === commit))?.pipelineExecutionId;
  });
}

/** Waits for the end of an execution and answers how it ended. */
export function endOf({ aws }: World, pipelineName: string, pipelineExecutionId: string): Promise<PipelineExecutionStatus> {
  return eventually(`the end of execution ${pipelineExecutionId}`, async () => {
    const { pipelineExecution } = await aws.codepipeline.getPipelineExecution({ pipelineName, pipelineExecutionId });
    const status = pipelineExecution?.status;
    return status === 'InProgress' || status === 'Stopping' ? undefined : status;
  }, { seconds: 90 });
}

/** The token that the execution's approval waits for. */
export function approvalToken({ aws }: World, pipelineName: string, pipelineExecutionId: string): Promise<string> {
  return eventually(`execution ${pipelineExecutionId} to ask for approval`, async () => {
    const { stageStates = [] } = await aws.codepipeline.getPipelineState({ name: pipelineName });
    const stage = stageStates.find(({ stageName }) => stageName === 'Approve');
    return stage?.latestExecution?.pipelineExecutionId === pipelineExecutionId ? stage.actionStates?.[0]?.latestExecution?.token : undefined;
  });
}
