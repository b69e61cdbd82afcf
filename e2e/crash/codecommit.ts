import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { awsClients, cleanEnvironment, Slipway, type Aws } from '@slipway/testkit';
import { messages, observeEvents, OBSERVED, rootKey } from './observe.ts';
import { hear } from './program.ts';

const exec = promisify(execFile);
const REPOSITORY = 'app';
const QUEUE = 'heard';

/** Commits that are pushed one by one; as many that the API makes; pull requests that are merged. */
export const PUSHES = 5;
export const PUTS = 20;
export const MERGES = 3;
/** So many packs that the first tidying puts them into one. */
const PACKS = 21;

/** A server's data folder with a tidy-worthy repository, an open pull request, a trigger, and a developer's clone. */
export interface Model {
  readonly folder: string;
  readonly base: string;
  /** The commits to push to `pushed`, in order; each is also pushed to the branch `feature`, which has an open pull request. */
  readonly commits: readonly string[];
  readonly pullRequest: string;
  readonly password: string;
}

export interface World {
  readonly folder: string;
  readonly data: string;
  readonly model: Model;
  /** What was answered, by what was asked: never asked for again. */
  readonly acknowledged: Map<string, string>;
}

const environment = (): NodeJS.ProcessEnv => cleanEnvironment({ GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' });

export async function git(folder: string, ...args: string[]): Promise<string> {
  return (await exec('git', ['-C', folder, '-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com', ...args], { env: environment(), timeout: 60_000 })).stdout.trim();
}

export async function makeModel(): Promise<Model> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-crash-model-'));
  const clone = join(folder, 'clone');
  await mkdir(clone);
  await git(clone, 'init', '--quiet', '--initial-branch', 'main');
  const commit = async (name: string): Promise<string> => {
    await writeFile(join(clone, name), `${name}\n`.repeat(50));
    await git(clone, 'add', '--all');
    await git(clone, 'commit', '--quiet', '--message', name);
    return git(clone, 'rev-parse', 'HEAD');
  };
  const base = await commit('base');
  const commits: string[] = [];
  for (let n = 0; n < PUSHES; n += 1) commits.push(await commit(`pushed-${n}`));

  const s = await Slipway.start({ data: join(folder, 'data') });
  try {
    const { codecommit } = s.aws;
    await codecommit.createRepository({ repositoryName: REPOSITORY });
    const { ServicePassword: password = '', ServiceUserName: user = '' } = await gitCredentials(s);
    const url = `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${new URL(s.endpoint).host}/v1/repos/${REPOSITORY}`;
    await git(clone, 'push', '--quiet', url, `${base}:refs/heads/main`, `${base}:refs/heads/api`, `${base}:refs/heads/feature`, `${base}:refs/heads/changing`);
    await codecommit.putFile({ repositoryName: REPOSITORY, branchName: 'changing', filePath: 'proposed', fileContent: Buffer.from('proposed'), parentCommitId: base });
    const { pullRequest } = await codecommit.createPullRequest({ title: 'Feature', targets: [{ repositoryName: REPOSITORY, sourceReference: 'feature', destinationReference: 'changing' }] });
    await s.settled();
    await observeEvents(s.aws, s.account);
    await observeTrigger(s);
    return { folder, base, commits, pullRequest: pullRequest!.pullRequestId!, password: `${encodeURIComponent(user)}:${encodeURIComponent(password)}` };
  } finally {
    await s.stop();
    await makePacks(await onlyRepository(join(folder, 'data')));
  }
}

async function gitCredentials(s: Slipway) {
  await s.user('developer', { Action: '*', Resource: '*' });
  const { ServiceSpecificCredential } = await s.aws.iam.createServiceSpecificCredential({ UserName: 'developer', ServiceName: 'codecommit.amazonaws.com' });
  return ServiceSpecificCredential!;
}

function allow(service: string, action: string, resource: string): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: action, Resource: resource }] });
}

async function observeTrigger({ aws: { codecommit, sns, sqs }, account }: Slipway): Promise<void> {
  const { TopicArn } = await sns.createTopic({ Name: 'moves' });
  const { QueueUrl } = await sqs.createQueue({ QueueName: QUEUE });
  const queueArn = `arn:aws:sqs:us-east-1:${account}:${QUEUE}`;
  await sns.setTopicAttributes({ TopicArn, AttributeName: 'Policy', AttributeValue: allow('codecommit.amazonaws.com', 'sns:Publish', TopicArn!) });
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: allow('sns.amazonaws.com', 'sqs:SendMessage', queueArn) } });
  await sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn });
  await codecommit.putRepositoryTriggers({ repositoryName: REPOSITORY, triggers: [{ name: 'moves', destinationArn: TopicArn, events: ['all'] }] });
}

/** Small packs, as many small pushes leave them. */
async function makePacks(repository: string): Promise<void> {
  for (let n = 0; n < PACKS; n += 1) {
    const child = exec('git', ['hash-object', '-w', '--stdin'], { cwd: repository, env: environment() });
    child.child.stdin?.end(`old ${n}\n`);
    const tree = exec('git', ['mktree'], { cwd: repository, env: environment() });
    tree.child.stdin?.end(`100644 blob ${(await child).stdout.trim()}\told\n`);
    const commit = await git(repository, 'commit-tree', '-m', `Old ${n}`, (await tree).stdout.trim());
    await git(repository, 'update-ref', `refs/tags/old-${n}`, commit);
    await git(repository, 'repack', '--quiet', '-d');
  }
}

/** The data folder's one repository. */
export async function onlyRepository(data: string): Promise<string> {
  const found = (await readdir(join(data, 'git'))).filter((name) => name.endsWith('.git'));
  if (found.length !== 1) throw new Error(`there are ${found.length} repositories`);
  return join(data, 'git', found[0]!);
}

export async function makeWorld(model: Model): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-crash-'));
  await cp(model.folder, folder, { recursive: true });
  return { folder, data: join(folder, 'data'), model, acknowledged: new Map() };
}

export const removeWorld = ({ folder }: World): Promise<void> => rm(folder, { recursive: true, force: true });

export const environmentOf = ({ data }: World): Record<string, string> => ({
  SLIPWAY_DATA: data, SLIPWAY_PORT: '0', SLIPWAY_LOG_LEVEL: 'error', SLIPWAY_ACCOUNT_ID: '000000000000',
  SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
});

/** Four at work at once. What was answered before a crash is not asked again; what was not is found out, as a person would. */
export async function drive(world: World, program: ChildProcess): Promise<void> {
  const [, endpoint = ''] = await hear(program).line(/^Slipway listening on (\S+)$/);
  const { aws, destroy } = awsClients({ endpoint, region: 'us-east-1', credentials: rootKey, clockOffset: () => 0 });
  const once = async (name: string, work: () => Promise<string>): Promise<string> => {
    const known = world.acknowledged.get(name);
    if (known !== undefined) return known;
    const answer = await work();
    world.acknowledged.set(name, answer);
    return answer;
  };
  try {
    await Promise.all([pushing(world, endpoint, once), committing(aws, once), merging(aws, world.model, once), churning(aws, world.model, once)]);
  } finally {
    destroy();
  }
}

type Once = (name: string, work: () => Promise<string>) => Promise<string>;

async function pushing({ folder, model }: World, endpoint: string, once: Once): Promise<void> {
  const url = `http://${model.password}@${new URL(endpoint).host}/v1/repos/${REPOSITORY}`;
  for (const [n, commit] of model.commits.entries()) {
    await once(`push ${n}`, async () => {
      await git(join(folder, 'clone'), 'push', '--quiet', url, `${commit}:refs/heads/pushed`, `${commit}:refs/heads/feature`);
      return commit;
    });
  }
}

async function committing({ codecommit }: Aws, once: Once): Promise<void> {
  for (let n = 0; n < PUTS; n += 1) await once(`put ${n}`, () => put(codecommit, 'api', `api-${n}`));
}

/** Adds a file to a branch, unless an earlier attempt has. */
async function put(codecommit: Aws['codecommit'], branchName: string, filePath: string): Promise<string> {
  const tip = (await codecommit.getBranch({ repositoryName: REPOSITORY, branchName })).branch!.commitId!;
  try {
    return (await codecommit.putFile({ repositoryName: REPOSITORY, branchName, filePath, fileContent: Buffer.from(filePath), parentCommitId: tip })).commitId!;
  } catch (error) {
    if ((error as Error).name !== 'SameFileContentException') throw error;
    return tip;
  }
}

async function merging({ codecommit }: Aws, { base }: Model, once: Once): Promise<void> {
  for (let n = 0; n < MERGES; n += 1) {
    const branchName = `change-${n}`;
    await once(`branch ${n}`, async () => {
      await codecommit.createBranch({ repositoryName: REPOSITORY, branchName, commitId: base }).catch((error: Error) => {
        if (error.name !== 'BranchNameExistsException') throw error;
      });
      return branchName;
    });
    await once(`change ${n}`, () => put(codecommit, branchName, `change-${n}`));
    const pullRequestId = await once(`pull request ${n}`, async () => {
      const targets = [{ repositoryName: REPOSITORY, sourceReference: branchName, destinationReference: 'main' }];
      return (await codecommit.createPullRequest({ title: branchName, targets, clientRequestToken: branchName })).pullRequest!.pullRequestId!;
    });
    await once(`merge ${n}`, async () => {
      await codecommit.mergePullRequestByThreeWay({ pullRequestId, repositoryName: REPOSITORY }).catch((error: Error) => {
        if (error.name !== 'PullRequestAlreadyClosedException') throw error;
      });
      const { pullRequest } = await codecommit.getPullRequest({ pullRequestId });
      return pullRequest!.pullRequestTargets![0]!.mergeMetadata!.mergeCommitId!;
    });
  }
}

/** A branch that comes and goes. */
async function churning({ codecommit }: Aws, { base }: Model, once: Once): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    await once(`come ${n}`, async () => {
      await codecommit.createBranch({ repositoryName: REPOSITORY, branchName: 'passing', commitId: base }).catch((error: Error) => {
        if (error.name !== 'BranchNameExistsException') throw error;
      });
      return base;
    });
    await once(`go ${n}`, async () => {
      await codecommit.deleteBranch({ repositoryName: REPOSITORY, branchName: 'passing' });
      return base;
    });
  }
}

/** One movement of a reference, as an event or a trigger's message tells it. Empty: there was none. */
export interface Move {
  readonly ref: string;
  readonly from: string;
  readonly to: string;
}

export interface Seen {
  readonly refs: Readonly<Record<string, string>>;
  readonly moves: readonly Move[];
  /** `<ref> <commit>`, as the queue behind the trigger has them. */
  readonly told: readonly string[];
  readonly pullRequests: readonly PullRequestSeen[];
  readonly repository: string;
}

export interface PullRequestSeen {
  readonly id: string;
  readonly status: string;
  readonly title: string;
  readonly source: string;
  readonly mergeCommit: string | undefined;
  /** The types of its history's entries, and where updates of the source led from and to. */
  readonly history: readonly string[];
  readonly updates: readonly Move[];
  /** EventBridge's events of it. */
  readonly events: readonly string[];
}

export async function lookAt(world: World): Promise<Seen> {
  const s = await Slipway.start({ data: world.data });
  try {
    await s.settled();
    const repository = await onlyRepository(world.data);
    await git(repository, 'fsck', '--strict', '--full', '--no-dangling');
    const refs = Object.fromEntries((await git(repository, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads')).split('\n').map((line) => line.split(' ') as [string, string]));
    const events = await observed(s.aws);
    const { pullRequestIds = [] } = await s.aws.codecommit.listPullRequests({ repositoryName: REPOSITORY });
    return {
      refs, repository,
      moves: events.filter(({ type }) => type === 'CodeCommit Repository State Change')
        .map(({ detail }) => ({ ref: String(detail['referenceFullName']), from: String(detail['oldCommitId'] ?? ''), to: String(detail['commitId'] ?? '') })),
      told: await toldByTrigger(s.aws),
      pullRequests: await Promise.all(pullRequestIds.map((id) => pullRequest(s.aws, id, events))),
    };
  } finally {
    await s.stop();
  }
}

interface Observed { readonly type: string; readonly detail: Readonly<Record<string, unknown>> }

async function observed(aws: Aws): Promise<Observed[]> {
  const { logStreams = [] } = await aws.cloudwatchLogs.describeLogStreams({ logGroupName: OBSERVED });
  const texts = (await Promise.all(logStreams.map(({ logStreamName = '' }) => messages(aws, OBSERVED, logStreamName)))).flat();
  return texts.map((text) => JSON.parse(text) as { 'detail-type': string; detail: Record<string, unknown> }).map(({ 'detail-type': type, detail }) => ({ type, detail }));
}

async function toldByTrigger({ sqs }: Aws): Promise<string[]> {
  const { QueueUrl } = await sqs.getQueueUrl({ QueueName: QUEUE });
  const told: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 });
    if (Messages.length === 0) return told;
    for (const { Body = '' } of Messages) {
      const { Records = [] } = JSON.parse((JSON.parse(Body) as { Message: string }).Message) as { Records?: { codecommit: { references: { ref: string; commit: string; deleted?: boolean }[] } }[] };
      for (const { codecommit } of Records) told.push(...codecommit.references.map(({ ref, commit, deleted }) => `${ref} ${deleted === true ? 'deleted' : commit}`));
    }
  }
}

async function pullRequest({ codecommit }: Aws, pullRequestId: string, events: readonly Observed[]): Promise<PullRequestSeen> {
  const found = (await codecommit.getPullRequest({ pullRequestId })).pullRequest!;
  const [target] = found.pullRequestTargets!;
  const { pullRequestEvents: history = [] } = await codecommit.describePullRequestEvents({ pullRequestId });
  return {
    id: pullRequestId, status: found.pullRequestStatus!, title: found.title!, source: target!.sourceCommit!,
    mergeCommit: target!.mergeMetadata?.mergeCommitId,
    history: history.map(({ pullRequestEventType }) => pullRequestEventType!).toSorted(),
    updates: history.flatMap(({ pullRequestSourceReferenceUpdatedEventMetadata: moved }) => (moved ? [{ ref: target!.sourceReference!, from: moved.beforeCommitId!, to: moved.afterCommitId! }] : [])),
    events: events.filter(({ type, detail }) => type === 'CodeCommit Pull Request State Change' && detail['pullRequestId'] === pullRequestId).map(({ detail }) => String(detail['event'])).toSorted(),
  };
}
