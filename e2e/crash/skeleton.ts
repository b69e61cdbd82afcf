import { cp, mkdtemp, rm } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awsClients, Slipway, type Aws } from '@slipway/testkit';
import { eventually } from '../support/eventually.ts';
import { countEvents, messages, observeEvents, rootKey } from './observe.ts';
import { hear } from './program.ts';

/** One story's data folder and what was seen from outside at its end. */
export interface World {
  readonly data: string;
  seen?: Seen;
}

/** A pipeline execution's end, as the APIs tell it. */
export interface Seen {
  readonly status: string | undefined;
  readonly actions: readonly string[];
  readonly build: readonly string[];
  readonly log: readonly string[];
  /** How often each event has arrived at a rule's target. */
  readonly events: Readonly<Record<string, number>>;
}

const TOKEN = 'the-execution-of-this-story';

const BUILDSPEC = `version: 0.2
phases:
  pre_build:
    commands:
      - print line 1
  build:
    commands:
      - print line 2
      - write out/page made
      - print line 3
artifacts:
  files: [out/page]
`;

/** Sets up the pipeline once, in a data folder of which every story gets a copy. */
export async function template(): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-crash-template-'));
  const s = await Slipway.start({ data, runner: 'dummy' });
  try {
    const all = { Action: '*', Resource: '*' };
    await s.aws.codecommit.createRepository({ repositoryName: 'app' });
    await s.aws.codecommit.putFile({ repositoryName: 'app', branchName: 'main', filePath: 'buildspec.yml', fileContent: Buffer.from(BUILDSPEC), commitMessage: 'Build it' });
    await s.aws.s3.createBucket({ Bucket: 'store' });
    await s.aws.codebuild.createProject({
      name: 'app', serviceRole: await s.role('build', 'codebuild.amazonaws.com', all), source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' },
      environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
    });
    await s.aws.codepipeline.createPipeline({ pipeline: {
      name: 'app', roleArn: await s.role('pipeline', 'codepipeline.amazonaws.com', all), artifactStore: { type: 'S3', location: 'store' },
      stages: [
        { name: 'Source', actions: [{ name: 'Fetch', actionTypeId: { category: 'Source', owner: 'AWS', provider: 'CodeCommit', version: '1' }, configuration: { RepositoryName: 'app', BranchName: 'main', PollForSourceChanges: 'false' }, outputArtifacts: [{ name: 'Sources' }] }] },
        { name: 'Build', actions: [{ name: 'Compile', actionTypeId: { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' }, configuration: { ProjectName: 'app' }, inputArtifacts: [{ name: 'Sources' }], outputArtifacts: [{ name: 'Built' }] }] },
      ],
    } });
    await s.settled();
    // Only what happens from here on is counted.
    await observeEvents(s.aws, s.account);
  } finally {
    await s.stop();
  }
  return data;
}

export async function copyOf(template: string): Promise<World> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-crash-'));
  await cp(template, data, { recursive: true });
  return { data };
}

export async function remove({ data }: World): Promise<void> {
  await rm(data, { recursive: true, force: true });
}

export const environmentOf = ({ data }: World): Record<string, string> => ({
  SLIPWAY_DATA: data, SLIPWAY_PORT: '0', SLIPWAY_LOG_LEVEL: 'error',
  SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
});

/** Starts the execution, or finds the one that was started before the crash, waits for its end and until nothing is left to do, and looks. */
export async function drive(world: World, program: ChildProcess): Promise<void> {
  const heard = hear(program);
  const [, endpoint = ''] = await heard.line(/^Slipway listening on (\S+)$/);
  const { aws, destroy } = awsClients({ endpoint, region: 'us-east-1', credentials: rootKey, clockOffset: () => 0 });
  try {
    const { pipelineExecutionId = '' } = await aws.codepipeline.startPipelineExecution({ name: 'app', clientRequestToken: TOKEN });
    await eventually('the end of the execution', async () => {
      // A program that has died never comes to an end.
      if (program.exitCode !== null || program.signalCode !== null) return true;
      const { pipelineExecution } = await aws.codepipeline.getPipelineExecution({ pipelineName: 'app', pipelineExecutionId });
      return pipelineExecution?.status === 'InProgress' ? undefined : true;
    }, { seconds: 50, every: 50 });
    program.kill('SIGUSR2');
    await heard.line(/^Settled$/);
    world.seen = await look(aws, pipelineExecutionId);
  } finally {
    destroy();
  }
}

async function look(aws: Aws, pipelineExecutionId: string): Promise<Seen> {
  const { pipelineExecution } = await aws.codepipeline.getPipelineExecution({ pipelineName: 'app', pipelineExecutionId });
  const { actionExecutionDetails = [] } = await aws.codepipeline.listActionExecutions({ pipelineName: 'app', filter: { pipelineExecutionId } });
  const id = actionExecutionDetails.find(({ actionName }) => actionName === 'Compile')?.output?.executionResult?.externalExecutionId;
  const [build] = id === undefined ? [] : ((await aws.codebuild.batchGetBuilds({ ids: [id] })).builds ?? []);
  return {
    status: pipelineExecution?.status,
    actions: actionExecutionDetails.map(({ actionName, status, output }) => `${actionName} ${status} ${output?.executionResult?.errorDetails?.message ?? ''}`.trim()).toSorted(),
    build: [`${build?.buildStatus}`, ...(build?.phases ?? []).map(({ phaseType, phaseStatus, contexts }) => `${phaseType} ${phaseStatus ?? ''} ${(contexts ?? []).map(({ message }) => message).join(' ')}`.trim())],
    log: build?.logs?.streamName === undefined ? [] : await messages(aws, build.logs.groupName ?? '', build.logs.streamName),
    events: await countEvents(aws),
  };
}
