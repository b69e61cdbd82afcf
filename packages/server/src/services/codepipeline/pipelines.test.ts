import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ActionDeclaration, PipelineDeclaration, StageDeclaration } from '@slipway/contracts/codepipeline';
import type { CodePipelineApi } from '@slipway/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJobs, createOutbox, createWatches, engineMigrations } from '../../engine/index.ts';
import type { Jobs, Outbox, StoredEvent, Watches } from '../../engine/index.ts';
import type { Caller } from '../../kernel/caller.ts';
import { openDatabase } from '../../kernel/database/index.ts';
import type { Database } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import { kernelMigrations } from '../../kernel/migrations.ts';
import { createPaging } from '../../kernel/paging.ts';
import { silent } from '../../kernel/log.ts';
import type { Peers } from '../../kernel/peers.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { createCodePipeline } from './index.ts';

/*
 * The room with a real database and real jobs, and other rooms played by the test: what they answer and when is the
 * subject here. The whole path through real rooms is tested at the front door.
 */

const at = { account: '111122223333', region: 'us-east-1' };
const root: Caller = { account: at.account, arn: `arn:aws:iam::${at.account}:root`, userId: at.account, kind: 'root', principalArn: `arn:aws:iam::${at.account}:root` };
const call: Call = { ...at, caller: root, requestId: 'r', endpoint: 'http://127.0.0.1', secure: false, signal: new AbortController().signal, headers: {} };

const source: ActionDeclaration = {
  name: 'Source', actionTypeId: { category: 'Source', owner: 'AWS', provider: 'CodeCommit', version: '1' }, namespace: 'SourceVariables',
  configuration: { RepositoryName: 'site', BranchName: 'main', PollForSourceChanges: 'false' }, outputArtifacts: [{ name: 'SourceArtifact' }],
};
const build: ActionDeclaration = {
  name: 'Build', actionTypeId: { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' }, namespace: 'BuildVariables',
  configuration: { ProjectName: 'site-build', EnvironmentVariables: '[{"name":"COMMIT","value":"#{SourceVariables.CommitId}"}]' },
  inputArtifacts: [{ name: 'SourceArtifact' }], outputArtifacts: [{ name: 'BuildArtifact' }],
};
const approve: ActionDeclaration = { name: 'Approve', actionTypeId: { category: 'Approval', owner: 'AWS', provider: 'Manual', version: '1' } };
const deploy: ActionDeclaration = {
  name: 'Deploy', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'CodeDeploy', version: '1' },
  configuration: { ApplicationName: 'app', DeploymentGroupName: 'group' }, inputArtifacts: [{ name: 'BuildArtifact' }],
};
const stage = (name: string, ...actions: ActionDeclaration[]): StageDeclaration => ({ name, actions });
const declaration = (stages: StageDeclaration[], over: Partial<PipelineDeclaration> = {}): PipelineDeclaration => ({
  name: 'release', roleArn: `arn:aws:iam::${at.account}:role/pipeline`, artifactStore: { type: 'S3', location: 'artifacts' }, stages, ...over,
});

interface FakeBuild { id: string; buildStatus: string; input: Record<string, unknown> }

/** The rooms around, as far as providers see them. */
class World {
  head = 'c1';
  readonly builds = new Map<string, FakeBuild>();
  readonly deployments = new Map<string, { status: string; errorInformation?: { code: string; message: string } }>();
  readonly objects = new Map<string, string>();
  readonly once = new Map<string, unknown>();
  denied: string | undefined;

  readonly peers = { as: () => new Proxy({}, { get: (_, service: string) => new Proxy({}, { get: (_target, operation: string) => (input: never, options: { once?: string }) => this.#call(service, operation, input, options) }) }) } as unknown as Peers;

  async #call(service: string, operation: string, input: Record<string, never>, { once }: { once?: string }): Promise<unknown> {
    if (this.denied === operation) throw new ServiceError('AccessDeniedException', `User is not authorized to perform: ${service}:${operation}`);
    const known = once === undefined ? undefined : this.once.get(`${operation}/${once}`);
    const answer = known ?? await (this as unknown as Record<string, (input: unknown) => unknown>)[operation]?.(input);
    if (answer === undefined) throw new Error(`${service}.${operation} is not played`);
    if (once !== undefined) this.once.set(`${operation}/${once}`, answer);
    return answer;
  }

  GetBranch() { return { branch: { branchName: 'main', commitId: this.head } }; }
  GetCommit({ commitId }: { commitId: string }) { return { commit: { commitId, message: `Change ${commitId}`, author: { date: '1484167798 -0800' }, committer: { date: '1484167798 -0800' } } }; }
  async PutObject({ Bucket, Key, Body }: { Bucket: string; Key: string; Body: Readable }) { this.objects.set(`${Bucket}/${Key}`, await text(Body)); return {}; }
  StartBuild(input: Record<string, unknown>) {
    const created = { id: `site-build:${this.builds.size + 1}`, buildStatus: 'IN_PROGRESS', input };
    this.builds.set(created.id, created);
    return { build: created };
  }
  BatchGetBuilds({ ids }: { ids: string[] }) {
    return { builds: ids.map((id) => ({
      ...this.builds.get(id), exportedEnvironmentVariables: [{ name: 'TAG', value: 'v1' }], logs: { deepLink: `http://logs/${id}` },
      phases: [{ phaseType: 'BUILD', phaseStatus: 'FAILED', contexts: [{ statusCode: 'COMMAND_EXECUTION_ERROR', message: 'Error while executing command: npm test. Reason: exit status 1' }] }],
    })) };
  }
  CreateDeployment() {
    const deploymentId = `d-${this.deployments.size + 1}`;
    this.deployments.set(deploymentId, { status: 'InProgress' });
    return { deploymentId };
  }
  GetDeployment({ deploymentId }: { deploymentId: string }) { return { deploymentInfo: { deploymentId, ...this.deployments.get(deploymentId) } }; }
}

let directory: string;
let db: Database;
let jobs: Jobs;
let outbox: Outbox;
let watches: Watches;
let world: World;
let now: number;
let timers: { at: number; run: () => void }[];
let operations: Operations<CodePipelineApi>;
let told: StoredEvent[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'slipway-pipeline-'));
  db = await openDatabase({ file: join(directory, 'db') });
  now = 1_700_000_000_000;
  timers = [];
  told = [];
  world = new World();
  const clock = { now: () => now, at: (time: number, run: () => void) => {
    const timer = { at: time, run };
    if (time <= now) setImmediate(run);
    else timers.push(timer);
    return () => { timers = timers.filter((it) => it !== timer); };
  } };
  jobs = createJobs({ db, clock, log: silent });
  outbox = createOutbox({ db, clock, log: silent });
  watches = createWatches({ jobs });
  const room = createCodePipeline({
    db, clock, jobs, outbox, watches, peers: world.peers, paging: createPaging(Buffer.alloc(32, 1)),
    identities: { assumeForService: async () => ({ ...root, kind: 'role' }) },
    git: { openArchive: async ({ commitId }) => Readable.from([`zip of ${commitId}`]) },
  });
  operations = room.service.operations as unknown as Operations<CodePipelineApi>;
  await db.migrate([...kernelMigrations, ...engineMigrations, ...room.migrations]);
  outbox.deliverTo(async (event) => { told.push(event); });
  await outbox.start();
  await jobs.start();
});

afterEach(async () => {
  await jobs.stop();
  await outbox.stop();
  await db.close();
  await rm(directory, { recursive: true });
});

async function settled(): Promise<void> {
  await jobs.idle();
  await outbox.idle();
}

async function advance(ms: number): Promise<void> {
  now += ms;
  const due = timers.filter((timer) => timer.at <= now);
  timers = timers.filter((timer) => timer.at > now);
  for (const timer of due) timer.run();
  await settled();
}

async function endBuild(id: string, buildStatus: string): Promise<void> {
  (world.builds.get(id) as FakeBuild).buildStatus = buildStatus;
  await db.transaction((tx) => watches.notify(tx, { kind: 'codebuild/build', ...at, id }));
  await settled();
}

async function endDeployment(id: string, status: string): Promise<void> {
  world.deployments.set(id, { status, ...(status === 'Failed' ? { errorInformation: { code: 'HEALTH_CONSTRAINTS', message: 'too few healthy instances' } } : {}) });
  await db.transaction((tx) => watches.notify(tx, { kind: 'codedeploy/deployment', ...at, id }));
  await settled();
}

async function create(stages: StageDeclaration[], over: Partial<PipelineDeclaration> = {}): Promise<string> {
  await operations.CreatePipeline({ pipeline: declaration(stages, over) }, call);
  await settled();
  return (await list())[0]?.pipelineExecutionId as string;
}

const list = async () => (await operations.ListPipelineExecutions({ pipelineName: 'release' }, call)).pipelineExecutionSummaries ?? [];
const statusOf = async (id: string) => (await operations.GetPipelineExecution({ pipelineName: 'release', pipelineExecutionId: id }, call)).pipelineExecution?.status;
const actionState = async (name: string) => (await operations.GetPipelineState({ name: 'release' }, call)).stageStates?.flatMap((it) => it.actionStates ?? []).find((it) => it.actionName === name)?.latestExecution;
const start = async () => {
  const { pipelineExecutionId } = await operations.StartPipelineExecution({ name: 'release' }, call);
  await settled();
  return pipelineExecutionId as string;
};

test('CreatePipeline: the first execution goes from the source through build, approval and deployment', async () => {
  const id = await create([stage('Source', source), stage('Build', build), stage('Approve', approve), stage('Deploy', deploy)]);
  const started = world.builds.get('site-build:1')?.input;
  expect(started).toMatchObject({ projectName: 'site-build', sourceTypeOverride: 'CODEPIPELINE', sourceVersion: 'c1', environmentVariablesOverride: [{ name: 'COMMIT', value: 'c1' }] });
  expect([...world.objects]).toEqual([[expect.stringMatching(/^artifacts\/release\/SourceArti\/[A-Za-z0-9]{7}$/), 'zip of c1']]);
  expect(await actionState('Build')).toMatchObject({ status: 'InProgress', externalExecutionId: 'site-build:1' });

  await endBuild('site-build:1', 'SUCCEEDED');
  const { token } = (await actionState('Approve')) ?? {};
  await operations.PutApprovalResult({ pipelineName: 'release', stageName: 'Approve', actionName: 'Approve', token: token as string, result: { status: 'Approved', summary: 'good' } }, call);
  await settled();
  await endDeployment('d-1', 'Succeeded');

  expect(await operations.GetPipelineExecution({ pipelineName: 'release', pipelineExecutionId: id }, call)).toMatchObject({ pipelineExecution: {
    status: 'Succeeded', trigger: { triggerType: 'CreatePipeline' },
    artifactRevisions: [{ name: 'SourceArtifact', revisionId: 'c1', revisionSummary: 'Change c1', created: 1484167798000 }],
  } });
  const states = told.map((event) => `${event.detailType.split(' ')[1]} ${String(event.detail.stage ?? '')} ${String(event.detail.action ?? '')} ${String(event.detail.state)}`);
  expect(states).toEqual([
    'Pipeline   STARTED', 'Stage Source  STARTED', 'Action Source Source STARTED', 'Action Source Source SUCCEEDED', 'Stage Source  SUCCEEDED',
    'Stage Build  STARTED', 'Action Build Build STARTED', 'Action Build Build SUCCEEDED', 'Stage Build  SUCCEEDED',
    'Stage Approve  STARTED', 'Action Approve Approve STARTED', 'Action Approve Approve SUCCEEDED', 'Stage Approve  SUCCEEDED',
    'Stage Deploy  STARTED', 'Action Deploy Deploy STARTED', 'Action Deploy Deploy SUCCEEDED', 'Stage Deploy  SUCCEEDED', 'Pipeline   SUCCEEDED',
  ]);
  const { actionExecutionDetails } = await operations.ListActionExecutions({ pipelineName: 'release' }, call);
  expect(actionExecutionDetails?.find((it) => it.actionName === 'Build')).toMatchObject({ output: { outputVariables: { TAG: 'v1' }, outputArtifacts: [{ name: 'BuildArtifact' }] } });
});

test('a failed build fails the stage and the pipeline with the command, its exit code and the log', async () => {
  const id = await create([stage('Source', source), stage('Build', build)]);
  await endBuild('site-build:1', 'FAILED');
  expect(await statusOf(id)).toBe('Failed');
  expect(await actionState('Build')).toMatchObject({
    status: 'Failed', externalExecutionUrl: 'http://logs/site-build:1',
    errorDetails: { code: 'JobFailed', message: 'Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: Error while executing command: npm test. Reason: exit status 1' },
  });
});

test('a permission that the role lacks fails the action as PermissionError in the words of the room that refused', async () => {
  world.denied = 'StartBuild';
  const id = await create([stage('Source', source), stage('Build', build)]);
  expect(await statusOf(id)).toBe('Failed');
  expect((await actionState('Build'))?.errorDetails).toEqual({ code: 'PermissionError', message: 'User is not authorized to perform: codebuild:StartBuild' });
});

test('a lost wake-up is made good by the safety tick', async () => {
  const id = await create([stage('Source', source), stage('Build', build)]);
  (world.builds.get('site-build:1') as FakeBuild).buildStatus = 'SUCCEEDED';
  await advance(61_000);
  expect(await statusOf(id)).toBe('Succeeded');
});

test('RetryStageExecution: the failed action runs again in the same execution', async () => {
  const id = await create([stage('Source', source), stage('Build', build)]);
  await endBuild('site-build:1', 'FAILED');
  await operations.RetryStageExecution({ pipelineName: 'release', stageName: 'Build', pipelineExecutionId: id, retryMode: 'FAILED_ACTIONS' }, call);
  await settled();
  await endBuild('site-build:2', 'SUCCEEDED');
  expect(await statusOf(id)).toBe('Succeeded');
});

test('SUPERSEDED: of executions that wait for a stage only the newest goes on', async () => {
  const first = await create([stage('Source', source), stage('Build', build)]);
  const second = await start();
  const third = await start();
  expect(await Promise.all([first, second, third].map((id) => statusOf(id)))).toEqual(['InProgress', 'Superseded', 'InProgress']);
  await endBuild('site-build:1', 'SUCCEEDED');
  await endBuild('site-build:2', 'SUCCEEDED');
  expect(await Promise.all([first, third].map((id) => statusOf(id)))).toEqual(['Succeeded', 'Succeeded']);
});

test('DisableStageTransition: an execution waits before the stage until the transition is enabled', async () => {
  const first = await create([stage('Source', source), stage('Build', build)]);
  await endBuild('site-build:1', 'SUCCEEDED');
  expect(await statusOf(first)).toBe('Succeeded');
  await operations.DisableStageTransition({ pipelineName: 'release', stageName: 'Build', transitionType: 'Inbound', reason: 'freeze' }, call);
  const second = await start();
  const build2 = (await operations.GetPipelineState({ name: 'release' }, call)).stageStates?.[1];
  expect(build2).toMatchObject({ inboundExecution: { pipelineExecutionId: second }, inboundTransitionState: { enabled: false, disabledReason: 'freeze' } });
  await operations.EnableStageTransition({ pipelineName: 'release', stageName: 'Build', transitionType: 'Inbound' }, call);
  await settled();
  await endBuild('site-build:2', 'SUCCEEDED');
  expect(await statusOf(second)).toBe('Succeeded');
});

test('StopPipelineExecution: abandons at once, or waits for the action in progress', async () => {
  const first = await create([stage('Source', source), stage('Build', build), stage('Deploy', deploy)]);
  await operations.StopPipelineExecution({ pipelineName: 'release', pipelineExecutionId: first, abandon: true, reason: 'no' }, call);
  await settled();
  expect(await statusOf(first)).toBe('Stopped');
  expect((await actionState('Build'))?.status).toBe('Abandoned');
  const second = await start();
  await operations.StopPipelineExecution({ pipelineName: 'release', pipelineExecutionId: second }, call);
  await settled();
  expect(await statusOf(second)).toBe('Stopping');
  await expect(operations.StopPipelineExecution({ pipelineName: 'release', pipelineExecutionId: second }, call)).rejects.toMatchObject({ name: 'DuplicatedStopRequestException' });
  await endBuild('site-build:2', 'SUCCEEDED');
  expect(await statusOf(second)).toBe('Stopped');
});

test('UpdatePipeline: an execution in flight is cancelled, and no execution is started', async () => {
  const first = await create([stage('Source', source), stage('Build', build)]);
  await operations.UpdatePipeline({ pipeline: declaration([stage('Source', source), stage('Later', build)]) }, call);
  await settled();
  expect(await list()).toMatchObject([{ pipelineExecutionId: first, status: 'Cancelled' }]);
  expect((await operations.GetPipeline({ name: 'release' }, call)).pipeline?.version).toBe(2);
  expect((await operations.GetPipeline({ name: 'release', version: 1 }, call)).pipeline?.stages[1]?.name).toBe('Build');
});

describe('approvals', () => {
  const result = { pipelineName: 'release', stageName: 'Approve', actionName: 'Approve' } as const;

  test('a wrong token and a second answer are refused', async () => {
    const id = await create([stage('Source', source), stage('Approve', approve)]);
    await expect(operations.PutApprovalResult({ ...result, token: 'nope', result: { status: 'Approved', summary: '' } }, call)).rejects.toMatchObject({ name: 'InvalidApprovalTokenException' });
    const token = (await actionState('Approve'))?.token as string;
    await operations.PutApprovalResult({ ...result, token, result: { status: 'Rejected', summary: 'bad' } }, call);
    await settled();
    expect(await statusOf(id)).toBe('Failed');
    await expect(operations.PutApprovalResult({ ...result, token, result: { status: 'Approved', summary: '' } }, call)).rejects.toMatchObject({ name: 'ApprovalAlreadyCompletedException' });
  });

  test('without an answer it fails at its timeout', async () => {
    const id = await create([stage('Source', source), stage('Approve', { ...approve, timeoutInMinutes: 5 })]);
    await advance(4 * 60_000);
    expect(await statusOf(id)).toBe('InProgress');
    await advance(60_001);
    expect(await statusOf(id)).toBe('Failed');
  });
});

async function push(commit: string): Promise<void> {
  world.head = commit;
  await db.transaction((tx) => watches.notify(tx, { kind: 'codecommit/ref', ...at, id: 'site:refs/heads/main' }));
  await settled();
}

describe('PollForSourceChanges', () => {
  const polled = { ...source, configuration: { RepositoryName: 'site', BranchName: 'main' } };
  test('a push starts exactly one execution', async () => {
    await create([stage('Source', polled), stage('Approve', approve)]);
    await push('c2');
    await push('c2');
    await advance(120_000);
    expect((await list()).map((it) => [it.trigger?.triggerType, it.sourceRevisions?.[0]?.revisionId])).toEqual([['PollForSourceChanges', 'c2'], ['CreatePipeline', 'c1']]);
  });

  test('false: a push starts nothing', async () => {
    await create([stage('Source', source), stage('Approve', approve)]);
    await push('c2');
    await advance(120_000);
    expect((await list()).length).toBe(1);
  });
});

test('StartPipelineExecution: the same token answers the first execution, and a given revision is taken', async () => {
  await create([stage('Source', source), stage('Approve', approve)]);
  const first = await operations.StartPipelineExecution({ name: 'release', clientRequestToken: 't', sourceRevisions: [{ actionName: 'Source', revisionType: 'COMMIT_ID', revisionValue: 'c0' }] }, call);
  expect(await operations.StartPipelineExecution({ name: 'release', clientRequestToken: 't' }, call)).toEqual(first);
  await settled();
  expect((await list())[0]?.sourceRevisions?.[0]?.revisionId).toBe('c0');
});

test('lists are paged newest first, and a token of another list is refused', async () => {
  const first = await create([stage('Source', source), stage('Approve', approve)]);
  const second = await start();
  const page = await operations.ListPipelineExecutions({ pipelineName: 'release', maxResults: 1 }, call);
  const rest = await operations.ListPipelineExecutions({ pipelineName: 'release', maxResults: 1, nextToken: page.nextToken }, call);
  expect([page, rest].map((it) => it.pipelineExecutionSummaries?.[0]?.pipelineExecutionId)).toEqual([second, first]);
  expect(rest.nextToken).toBeUndefined();
  await expect(operations.ListActionExecutions({ pipelineName: 'release', nextToken: page.nextToken }, call)).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
});

test('DeletePipeline: nothing of it is left, and the name is free again', async () => {
  await operations.CreatePipeline({ pipeline: declaration([stage('Source', source), stage('Build', build)]), tags: [{ key: 'team', value: 'blue' }] }, call);
  await settled();
  const resourceArn = `arn:aws:codepipeline:${at.region}:${at.account}:release`;
  expect((await operations.ListTagsForResource({ resourceArn }, call)).tags).toEqual([{ key: 'team', value: 'blue' }]);
  await operations.DeletePipeline({ name: 'release' }, call);
  await endBuild('site-build:1', 'SUCCEEDED');
  await expect(operations.GetPipeline({ name: 'release' }, call)).rejects.toMatchObject({ name: 'PipelineNotFoundException' });
  await create([stage('Source', source), stage('Approve', approve)]);
  expect((await list()).length).toBe(1);
  expect((await operations.ListTagsForResource({ resourceArn }, call)).tags).toEqual([]);
});

test('CreatePipeline: of two at the same time one gets the name, the other PipelineNameInUseException', async () => {
  const pipeline = declaration([stage('Source', source), stage('Build', build)]);
  const both = await Promise.allSettled([1, 2].map(() => operations.CreatePipeline({ pipeline }, call)));
  expect(both.map((it) => it.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((it) => it.status === 'rejected')?.reason).toMatchObject({ name: 'PipelineNameInUseException' });
  await settled();
});

describe('CreatePipeline refuses', () => {
  const cases: readonly [string, PipelineDeclaration, string, RegExp][] = [
    ['a single stage', declaration([stage('Source', source)]), 'InvalidStructureException', /only 1 stage/],
    ['a first stage with other actions', declaration([stage('A', approve), stage('B', build)]), 'InvalidStructureException', /only contains source actions/],
    ['an input that nothing put out', declaration([stage('Source', source), stage('Deploy', deploy)]), 'InvalidStructureException', /BuildArtifact in action Deploy is not declared/],
    ['an output used twice', declaration([stage('Source', source, { ...source, name: 'Other', namespace: 'O' }), stage('Build', build)]), 'InvalidStructureException', /SourceArtifact has been used more than once/],
    ['an input of an action that runs beside', declaration([stage('Source', source), stage('Build', build, deploy)]), 'InvalidStructureException', /BuildArtifact/],
    ['an unknown configuration key', declaration([stage('Source', source), stage('Build', { ...build, configuration: { ...build.configuration, Foo: 'x' } })]), 'InvalidActionDeclarationException', /unknown configuration 'Foo'/],
    ['a missing configuration key', declaration([stage('Source', source), stage('Build', { ...build, configuration: {} })]), 'InvalidActionDeclarationException', /missing required configuration 'ProjectName'/],
    ['a provider that is not there', declaration([stage('Source', source), stage('Build', { ...build, actionTypeId: { ...build.actionTypeId, provider: 'Jenkins' } })]), 'InvalidActionDeclarationException', /Jenkins.*not supported by Slipway yet/],
    ['a full clone', declaration([stage('Source', { ...source, configuration: { ...source.configuration, OutputArtifactFormat: 'CODEBUILD_CLONE_REF' } }), stage('Build', build)]), 'InvalidActionDeclarationException', /CODEBUILD_CLONE_REF/],
    ['a queue in a pipeline of type V1', declaration([stage('Source', source), stage('Build', build)], { executionMode: 'QUEUED' }), 'InvalidStructureException', /type V2/],
    ['conditions', declaration([stage('Source', source), { ...stage('Build', build), onFailure: { result: 'ROLLBACK' } }]), 'InvalidStageDeclarationException', /onFailure/],
    ['a variable of an undeclared namespace', declaration([stage('Source', { ...source, namespace: 'S' }), stage('Build', build)]), 'InvalidActionDeclarationException', /SourceVariables/],
  ];
  test.each(cases)('%s', async (_name, pipeline, name, message) => {
    await expect(operations.CreatePipeline({ pipeline }, call)).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
    expect((await operations.ListPipelines({}, call)).pipelines).toEqual([]);
  });
});
