import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitPassword } from '@slipway/sigv4';
import type { ActionExecutionDetail, StageDeclaration } from '@aws-sdk/client-codepipeline';
import { createProject } from '../building.ts';
import type { Bench, Group } from '../group.ts';
import { median, percentile, row, type RowTerms } from '../measure.ts';
import { pause, region, role, rootKey, withSlipway, type Clients, type Target } from '../server.ts';

const exec = promisify(execFile);

const EXECUTIONS = 30;
const POLL_MS = 10;
const DEADLINE_MS = 60_000;

const firstLine: RowTerms = { id: 'pipeline.push-to-first-log-line', unit: 's', better: 'lower', aim: 0.8, aimOf: 'value' };
const whole: RowTerms = { id: 'pipeline.four-stages', unit: 's', better: 'lower', aim: 3, aimOf: 'value' };
const perAction: RowTerms = { id: 'pipeline.per-action', unit: 's', better: 'lower', aim: 0.1, aimOf: 'value' };

/** (a) and (b): a push runs Source (CodeCommit) → Build (an empty one) → Approve (by us, at once) → Test (an empty one). */
export const pipelines: Group = {
  letter: 'ab',
  title: 'a push through four stages',
  async run(bench) {
    return withSlipway(bench, {}, [firstLine, whole, perAction], async (aws, target) => {
      const push = await prepare(bench, target, aws);
      const runs: Run[] = [];
      // The first warms what the others use.
      for (let i = 0; i <= EXECUTIONS; i++) {
        if (i % 10 === 0) bench.say(`execution ${i} of ${EXECUTIONS}`);
        const run = await once(aws, push);
        if (i > 0) runs.push(run);
      }
      const p95 = (pick: (run: Run) => number): number => percentile(runs.map(pick), 95);
      return [
        row(firstLine, { value: p95((run) => run.firstLine), n: EXECUTIONS, note: `p95, git push called → ingestionTime of the build's first line; median ${median(runs.map((run) => run.firstLine)).toFixed(3)} s` }),
        row(whole, { value: p95((run) => run.whole), n: EXECUTIONS, note: `p95, git push called → execution Succeeded; median ${median(runs.map((run) => run.whole)).toFixed(3)} s` }),
        row(perAction, { value: p95((run) => run.perAction), n: EXECUTIONS, note: 'p95, (execution − its builds − waiting for our approval) / 4 actions' }),
      ];
    });
  },
};

interface Run {
  readonly firstLine: number;
  readonly whole: number;
  readonly perAction: number;
}

async function once(aws: Clients, push: () => Promise<string>): Promise<Run> {
  const pushed = Date.now();
  const commit = await push();
  const waited = await approveAndWait(aws, commit);
  const ended = Date.now();
  const actions = await actionsOf(aws, waited.execution);
  const buildIds = actions.flatMap(({ output }) => output?.executionResult?.externalExecutionId ?? []).filter((id) => /^(build|test):/.test(id));
  const { builds = [] } = await aws.codebuild.batchGetBuilds({ ids: buildIds });
  const inBuilds = builds.reduce((sum, { startTime, endTime }) => sum + (endTime!.getTime() - startTime!.getTime()), 0);
  const first = builds.find(({ projectName }) => projectName === 'build');
  const { events = [] } = await aws.logs.getLogEvents({ logGroupName: first!.logs!.groupName!, logStreamName: first!.logs!.streamName!, startFromHead: true, limit: 1 });
  const began = Math.min(...actions.map(({ startTime }) => startTime!.getTime()));
  const done = Math.max(...actions.map(({ lastUpdateTime }) => lastUpdateTime!.getTime()));
  return {
    firstLine: (events[0]!.ingestionTime! - pushed) / 1000,
    whole: (ended - pushed) / 1000,
    perAction: (done - began - inBuilds - waited.approving) / 4 / 1000,
  };
}

/** Follows the execution of that commit; answers how long (ms) its approval waited for us. */
async function approveAndWait(aws: Clients, commit: string): Promise<{ execution: string; approving: number }> {
  const pipelineName = 'bench';
  const deadline = Date.now() + DEADLINE_MS;
  let approving = 0;
  while (Date.now() < deadline) {
    const { pipelineExecutionSummaries = [] } = await aws.codepipeline.listPipelineExecutions({ pipelineName, maxResults: 5 });
    const found = pipelineExecutionSummaries.find(({ sourceRevisions }) => sourceRevisions?.some(({ revisionId }) => revisionId === commit));
    if (found?.status === 'Succeeded') return { execution: found.pipelineExecutionId!, approving };
    if (found && found.status !== 'InProgress') throw new Error(`an execution ended ${found.status}: ${await whyItFailed(aws, found.pipelineExecutionId!)}`);
    const { stageStates = [] } = await aws.codepipeline.getPipelineState({ name: pipelineName });
    const latest = stageStates.find(({ stageName }) => stageName === 'Approve')?.actionStates?.[0]?.latestExecution;
    if (latest?.status === 'InProgress' && latest.token) {
      await aws.codepipeline.putApprovalResult({ pipelineName, stageName: 'Approve', actionName: 'Approve', token: latest.token, result: { status: 'Approved', summary: 'by the bench' } });
      approving += Date.now() - latest.lastStatusChange!.getTime();
    }
    await pause(POLL_MS);
  }
  throw new Error(`commit ${commit} did not get through the pipeline in ${DEADLINE_MS / 1000} s`);
}

async function actionsOf(aws: Clients, pipelineExecutionId: string): Promise<ActionExecutionDetail[]> {
  return (await aws.codepipeline.listActionExecutions({ pipelineName: 'bench', filter: { pipelineExecutionId } })).actionExecutionDetails ?? [];
}

async function whyItFailed(aws: Clients, execution: string): Promise<string> {
  const failed = (await actionsOf(aws, execution)).find(({ status }) => status === 'Failed');
  return `${failed?.actionName}: ${failed?.output?.executionResult?.errorDetails?.message ?? failed?.output?.executionResult?.externalExecutionSummary}`;
}

/** Makes the pipeline; answers what pushes a new commit to it and gives the commit's id. */
async function prepare(bench: Bench, target: Target, aws: Clients): Promise<() => Promise<string>> {
  await aws.codecommit.createRepository({ repositoryName: 'bench' });
  const push = await startClone(join(bench.scratch, 'pushes'), target);
  await push();
  await aws.s3.createBucket({ Bucket: 'bench-artifacts' });
  await aws.s3.putBucketVersioning({ Bucket: 'bench-artifacts', VersioningConfiguration: { Status: 'Enabled' } });
  for (const name of ['build', 'test']) await createProject(aws, { name, source: { type: 'CODEPIPELINE' }, artifacts: { type: 'CODEPIPELINE' } });
  await aws.codepipeline.createPipeline({
    pipeline: {
      name: 'bench',
      pipelineType: 'V2',
      executionMode: 'QUEUED',
      roleArn: await role(aws, 'bench-pipeline', 'codepipeline.amazonaws.com'),
      artifactStore: { type: 'S3', location: 'bench-artifacts' },
      stages: [
        stage('Source', 'Source', 'CodeCommit', { RepositoryName: 'bench', BranchName: 'main' }, [], ['SourceOutput']),
        stage('Build', 'Build', 'CodeBuild', { ProjectName: 'build' }, ['SourceOutput'], []),
        stage('Approve', 'Approval', 'Manual', {}, [], []),
        stage('Test', 'Test', 'CodeBuild', { ProjectName: 'test' }, ['SourceOutput'], []),
      ],
    },
  });
  // A new pipeline starts by itself.
  await approveAndWait(aws, await push.head());
  return push;
}

async function startClone(folder: string, target: Target): Promise<(() => Promise<string>) & { head(): Promise<string> }> {
  await mkdir(folder, { recursive: true });
  const git = async (...args: string[]): Promise<string> => (await exec('git', ['-C', folder, '-c', 'user.name=Bench', '-c', 'user.email=bench@localhost', ...args])).stdout.trim();
  await git('init', '--quiet', '--initial-branch', 'main');
  let number = 0;
  const head = (): Promise<string> => git('rev-parse', 'HEAD');
  const push = async (): Promise<string> => {
    await writeFile(join(folder, 'page.html'), `<h1>${number++}</h1>\n`);
    await git('add', '--all');
    await git('commit', '--quiet', '--message', `Page ${number}`);
    const url = new URL(`${target.endpoint}/v1/repos/bench`);
    url.username = rootKey.accessKeyId;
    url.password = gitPassword({ host: url.host, path: url.pathname, region, secretAccessKey: rootKey.secretAccessKey, now: Date.now() });
    await git('push', '--quiet', url.href, 'main');
    return head();
  };
  return Object.assign(push, { head });
}

function stage(name: string, category: 'Source' | 'Build' | 'Test' | 'Approval', provider: string, configuration: Record<string, string>, inputs: string[], outputs: string[]): StageDeclaration {
  return {
    name,
    actions: [{ name, actionTypeId: { category, owner: 'AWS', provider, version: '1' }, configuration, runOrder: 1, inputArtifacts: inputs.map(artifact), outputArtifacts: outputs.map(artifact) }],
  };
}

const artifact = (name: string): { name: string } => ({ name });
