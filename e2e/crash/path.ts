import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ActionDeclaration } from '@aws-sdk/client-codepipeline';
import { plain, type Host } from '@slipway/hosts';
import { awsClients, cleanEnvironment, Slipway, type Aws, type Credentials } from '@slipway/testkit';
import { eventually } from '../support/eventually.ts';
import { agentProgram } from '../support/world.ts';
import { countEvents, messages, observeEvents, rootKey } from './observe.ts';
import { hear } from './program.ts';
import { normal } from './rows.ts';

const exec = promisify(execFile);

/** What every story begins with: a server's data folder, a developer's clone with one commit, and who may do what. */
export interface Model {
  readonly folder: string;
  readonly commit: string;
  readonly gitUser: { readonly name: string; readonly password: string };
  readonly hosts: readonly { readonly name: string; readonly arn: string; readonly credentials: Credentials }[];
}

export interface World {
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly model: Model;
  readonly hosts: readonly Host[];
}

export const LINES = 60;
const EVENTS = ['BeforeInstall', 'AfterInstall', 'ApplicationStart', 'ValidateService'];

const FILES: Readonly<Record<string, string>> = {
  'buildspec.yml': `version: 0.2
phases:
  build:
    commands:
      - i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo "line $i"; sleep 0.005; done
artifacts:
  files: [appspec.yml, page, hooks/*]
`,
  'appspec.yml': `version: 0.0\nos: linux\nfiles:\n  - source: page\n    destination: /srv\nhooks:\n${EVENTS.map((event) => `  ${event}:\n    - location: hooks/note.sh\n      timeout: 30\n`).join('')}`,
  'hooks/note.sh': '#!/bin/sh\necho "$DEPLOYMENT_ID $LIFECYCLE_EVENT" >> "$SLIPWAY_HOST_ROOT/ledger"\n',
  page: 'hello\n',
};

/** Sets everything up once but for the push. */
export async function makeModel(): Promise<Model> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-crash-model-'));
  const s = await Slipway.start({ data: join(folder, 'data'), runner: 'plain' });
  try {
    const all = { Action: '*', Resource: '*' };
    await s.aws.codecommit.createRepository({ repositoryName: 'app' });
    await s.aws.s3.createBucket({ Bucket: 'store' });
    await s.aws.codebuild.createProject({
      name: 'app', serviceRole: await s.role('build', 'codebuild.amazonaws.com', all), source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' },
      environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
    });
    await s.aws.codedeploy.createApplication({ applicationName: 'app', computePlatform: 'Server' });
    await s.aws.codedeploy.createDeploymentGroup({
      applicationName: 'app', deploymentGroupName: 'fleet', deploymentConfigName: 'CodeDeployDefault.AllAtOnce', serviceRoleArn: await s.role('deploy', 'codedeploy.amazonaws.com', all),
      onPremisesInstanceTagFilters: [{ Key: 'fleet', Value: 'app', Type: 'KEY_AND_VALUE' }],
    });
    const hosts = [];
    for (const name of ['one', 'two']) {
      const { arn, ...credentials } = await s.user(`host-${name}`, all);
      await s.aws.codedeploy.registerOnPremisesInstance({ instanceName: name, iamUserArn: arn });
      await s.aws.codedeploy.addTagsToOnPremisesInstances({ instanceNames: [name], tags: [{ Key: 'fleet', Value: 'app' }] });
      hosts.push({ name, arn, credentials });
    }
    await s.aws.codepipeline.createPipeline({ pipeline: { name: 'app', roleArn: await s.role('pipeline', 'codepipeline.amazonaws.com', all), artifactStore: { type: 'S3', location: 'store' }, stages: STAGES } });
    await s.settled();
    await observeEvents(s.aws, s.account);
    await s.user('developer', all);
    const { ServiceSpecificCredential: made } = await s.aws.iam.createServiceSpecificCredential({ UserName: 'developer', ServiceName: 'codecommit.amazonaws.com' });
    return { folder, hosts, gitUser: { name: made?.ServiceUserName ?? '', password: made?.ServicePassword ?? '' }, commit: await makeClone(join(folder, 'clone')) };
  } finally {
    await s.stop();
  }
}

function action(name: string, category: 'Source' | 'Build' | 'Approval' | 'Deploy', provider: string, more: Partial<ActionDeclaration>): ActionDeclaration {
  return { name, actionTypeId: { category, owner: 'AWS', provider, version: '1' }, ...more };
}

const STAGES = [
  { name: 'Source', actions: [action('Fetch', 'Source', 'CodeCommit', { configuration: { RepositoryName: 'app', BranchName: 'main' }, outputArtifacts: [{ name: 'Sources' }] })] },
  { name: 'Build', actions: [action('Compile', 'Build', 'CodeBuild', { configuration: { ProjectName: 'app' }, inputArtifacts: [{ name: 'Sources' }], outputArtifacts: [{ name: 'Built' }] })] },
  { name: 'Approve', actions: [action('Ask', 'Approval', 'Manual', {})] },
  { name: 'Deploy', actions: [action('Roll', 'Deploy', 'CodeDeploy', { configuration: { ApplicationName: 'app', DeploymentGroupName: 'fleet' }, inputArtifacts: [{ name: 'Built' }] })] },
];

const gitEnvironment = (): NodeJS.ProcessEnv => cleanEnvironment({ GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' });

async function git(folder: string, ...args: string[]): Promise<string> {
  return (await exec('git', ['-C', folder, '-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com', ...args], { env: gitEnvironment(), timeout: 60_000 })).stdout.trim();
}

async function makeClone(folder: string): Promise<string> {
  await mkdir(join(folder, 'hooks'), { recursive: true });
  for (const [path, content] of Object.entries(FILES)) await writeFile(join(folder, path), content, { mode: 0o755 });
  await git(folder, 'init', '--quiet');
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '--message', 'Say hello');
  return git(folder, 'rev-parse', 'HEAD');
}

/** A copy of the model with two running hosts, whose server has an address but does not run yet. */
export async function makeWorld(model: Model): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-crash-'));
  await cp(model.folder, folder, { recursive: true });
  const port = await freePort();
  const hosts: Host[] = [];
  for (const { name, arn, credentials } of model.hosts) {
    hosts.push(await plain.create({ name, folder: join(folder, 'hosts', name), agentPath: agentProgram, endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials, hostIdentifier: arn }));
  }
  const { gitUser } = model;
  await writeFile(join(folder, 'credentials'), `http://${encodeURIComponent(gitUser.name)}:${encodeURIComponent(gitUser.password)}@127.0.0.1:${port}\n`, { mode: 0o600 });
  return { folder, data: join(folder, 'data'), port, model, hosts };
}

export async function removeWorld({ folder, hosts }: World): Promise<void> {
  for (const host of hosts) await host.destroy();
  await rm(folder, { recursive: true, force: true });
}

export const environmentOf = ({ data, port }: World): Record<string, string> => ({
  SLIPWAY_DATA: data, SLIPWAY_PORT: String(port), SLIPWAY_RUNNER: 'plain', SLIPWAY_LOG_LEVEL: 'error',
  SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
});

/** The developer and the approver. Everything they do may be done again after a crash: they do not know whether it was. */
export async function drive(world: World, program: ChildProcess): Promise<void> {
  const [, endpoint = ''] = await hear(program).line(/^Slipway listening on (\S+)$/);
  const { aws, destroy } = awsClients({ endpoint, region: 'us-east-1', credentials: rootKey, clockOffset: () => 0 });
  const isOver = (): boolean => program.exitCode !== null || program.signalCode !== null;
  try {
    await git(join(world.folder, 'clone'), '-c', 'credential.helper=', '-c', `credential.helper=store --file='${world.folder}/credentials'`, 'push', '--quiet', `${endpoint}/v1/repos/app`, 'HEAD:refs/heads/main');
    await eventually('the end of the execution', async () => {
      if (isOver()) return true;
      const execution = await pushed(aws, world.model.commit);
      if (execution !== undefined && execution.status !== 'InProgress') return true;
      await approve(aws);
      return undefined;
    }, { seconds: 100, every: 100 });
  } finally {
    destroy();
  }
}

async function pushed(aws: Aws, commit: string) {
  const { pipelineExecutionSummaries = [] } = await aws.codepipeline.listPipelineExecutions({ pipelineName: 'app' });
  return pipelineExecutionSummaries.find(({ sourceRevisions }) => sourceRevisions?.some(({ revisionId }) => revisionId === commit));
}

async function approve(aws: Aws): Promise<void> {
  const { stageStates = [] } = await aws.codepipeline.getPipelineState({ name: 'app' });
  const state = stageStates.find(({ stageName }) => stageName === 'Approve')?.actionStates?.[0]?.latestExecution;
  if (state?.status !== 'InProgress') return;
  await aws.codepipeline.putApprovalResult({ pipelineName: 'app', stageName: 'Approve', actionName: 'Ask', token: state.token, result: { status: 'Approved', summary: 'Fine' } });
}

/** How a story ended, as the APIs, the hosts and git tell it. */
export interface End {
  readonly executions: readonly string[];
  readonly actions: readonly string[];
  readonly build: readonly string[];
  readonly log: readonly string[];
  /** What the build's commands printed. */
  readonly output: readonly string[];
  readonly deployments: readonly string[];
  /** Per host, the hooks that ran, in order. */
  readonly ledgers: readonly (readonly string[])[];
  readonly events: Readonly<Record<string, number>>;
  readonly repositories: readonly string[];
}

export async function lookAt(world: World): Promise<End> {
  const s = await Slipway.start({ data: world.data, runner: 'plain' });
  try {
    await s.settled();
    const { pipelineExecutionSummaries = [] } = await s.aws.codepipeline.listPipelineExecutions({ pipelineName: 'app' });
    const execution = await pushed(s.aws, world.model.commit);
    const { actionExecutionDetails = [] } = await s.aws.codepipeline.listActionExecutions({ pipelineName: 'app', filter: { pipelineExecutionId: execution?.pipelineExecutionId ?? '' } });
    const { ids = [] } = await s.aws.codebuild.listBuilds({});
    const builds = ids.length === 0 ? [] : ((await s.aws.codebuild.batchGetBuilds({ ids })).builds ?? []);
    const log = builds[0]?.logs?.streamName === undefined ? [] : await messages(s.aws, builds[0].logs.groupName ?? '', builds[0].logs.streamName);
    return {
      executions: pipelineExecutionSummaries.map(({ status, trigger }) => `${trigger?.triggerType} ${status}`),
      actions: actionExecutionDetails.map(({ actionName, status, output }) => `${actionName} ${status} ${output?.executionResult?.errorDetails?.message ?? ''}`.trim()).toSorted(),
      build: builds.flatMap(({ buildStatus, phases = [] }) => [`${buildStatus}`, ...phases.map(({ phaseType, phaseStatus, contexts }) => `${phaseType} ${phaseStatus ?? ''} ${(contexts ?? []).map(({ message }) => message).join(' ')}`.trim())]),
      log: log.map(normal),
      output: log.filter((line) => !line.startsWith('[Container]')),
      deployments: await deployments(s.aws),
      ledgers: await Promise.all(world.hosts.map(ledger)),
      events: await countEvents(s.aws),
      repositories: await checkedRepositories(join(world.data, 'git')),
    };
  } finally {
    await s.stop();
  }
}

async function deployments(aws: Aws): Promise<string[]> {
  const found: string[] = [];
  const { deployments: ids = [] } = await aws.codedeploy.listDeployments({ applicationName: 'app', deploymentGroupName: 'fleet' });
  for (const deploymentId of ids) {
    found.push(`${(await aws.codedeploy.getDeployment({ deploymentId })).deploymentInfo?.status}`);
    for (const targetId of (await aws.codedeploy.listDeploymentTargets({ deploymentId })).targetIds?.toSorted() ?? []) {
      const target = (await aws.codedeploy.getDeploymentTarget({ deploymentId, targetId })).deploymentTarget?.instanceTarget;
      found.push(...(target?.lifecycleEvents ?? []).map(({ lifecycleEventName, status, diagnostics }) => `${targetId} ${lifecycleEventName} ${status} ${diagnostics?.errorCode ?? ''}`));
    }
  }
  return found;
}

/** The deployment's id is the same in all lines, or it stays to be seen. */
async function ledger(host: Host): Promise<string[]> {
  const lines = (await readFile(host.pathOf('/ledger'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  const [first = ''] = lines[0]?.split(' ') ?? [];
  return lines.map((line) => line.replace(`${first} `, 'deployment '));
}

/** Every repository's refs, after git has found it whole. */
async function checkedRepositories(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true })) {
    if (!entry.endsWith('/HEAD') || entry.includes('/logs/')) continue;
    const repository = join(folder, entry, '..');
    await git(repository, 'fsck', '--strict', '--no-dangling');
    found.push(await git(repository, 'for-each-ref', '--format=%(refname)'));
  }
  return found;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
