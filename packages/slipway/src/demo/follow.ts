import { setTimeout as wait } from 'node:timers/promises';
import type { Services } from './api.ts';
import { names } from './resources.ts';
import type { Screen } from './screen.ts';

interface ActionExecution {
  readonly status?: string;
  readonly externalExecutionId?: string;
  readonly errorDetails?: { readonly code?: string; readonly message?: string };
  readonly token?: string;
}

interface StageState {
  readonly stageName: string;
  readonly latestExecution?: { readonly pipelineExecutionId: string; readonly status: string };
  readonly actionStates: readonly { readonly actionName: string; readonly latestExecution?: ActionExecution }[];
}

interface LifecycleEvent {
  readonly lifecycleEventName: string;
  readonly status: string;
}

/** A person reads this: more often would show nothing more. */
const REFRESH_MS = 150;

/** The execution that `push` of this commit started. */
export async function executionOf(aws: Services, commitId: string): Promise<string> {
  for (;;) {
    const { pipelineExecutionSummaries } = await aws.codepipeline<{
      pipelineExecutionSummaries: { pipelineExecutionId: string; sourceRevisions?: { revisionId?: string }[] }[];
    }>('ListPipelineExecutions', { pipelineName: names.pipeline });
    const found = pipelineExecutionSummaries.find((summary) => summary.sourceRevisions?.some((revision) => revision.revisionId === commitId));
    if (found) return found.pipelineExecutionId;
    await wait(REFRESH_MS);
  }
}

/**
 * Shows an execution until it ends, approving what waits for approval.
 * @throws Error with the failing action's own words when it does not succeed.
 */
export async function follow(aws: Services, executionId: string, screen: Screen): Promise<void> {
  const build = buildLog(aws, screen);
  const deployment = lifecycleEvents(aws, screen);
  for (;;) {
    const { pipelineExecution } = await aws.codepipeline<{ pipelineExecution: { status: string; statusSummary?: string } }>('GetPipelineExecution', {
      pipelineName: names.pipeline,
      pipelineExecutionId: executionId,
    });
    const { stageStates } = await aws.codepipeline<{ stageStates: StageState[] }>('GetPipelineState', { name: names.pipeline });
    for (const stage of stageStates.filter((candidate) => candidate.latestExecution?.pipelineExecutionId === executionId)) {
      const action = stage.actionStates[0]?.latestExecution;
      const outcome = stage.latestExecution?.status ?? '';
      const ended = outcome !== 'InProgress';
      if (!ended) screen.stage(stage.stageName, stage.stageName === 'Approve' ? 'waiting for approval' : outcome);
      if (stage.stageName === 'Build' && action?.externalExecutionId) await build(action.externalExecutionId);
      if (stage.stageName === 'Deploy' && action?.externalExecutionId) await deployment(action.externalExecutionId);
      // A stage's details come before its outcome.
      if (ended) screen.stage(stage.stageName, outcome);
      if (stage.stageName === 'Approve' && action?.status === 'InProgress' && action.token) await approve(aws, action.token);
      if (outcome === 'Failed') throw new Error(`${stage.stageName} failed: ${action?.errorDetails?.code ?? ''} ${action?.errorDetails?.message ?? ''}`);
    }
    if (pipelineExecution.status === 'Succeeded') return;
    if (pipelineExecution.status !== 'InProgress') throw new Error(`the execution ended ${pipelineExecution.status}: ${pipelineExecution.statusSummary ?? ''}`);
    await wait(REFRESH_MS);
  }
}

async function approve(aws: Services, token: string): Promise<void> {
  await aws.codepipeline('PutApprovalResult', {
    pipelineName: names.pipeline,
    stageName: 'Approve',
    actionName: 'Approve',
    result: { summary: 'Looks good', status: 'Approved' },
    token,
  });
}

/** Shows what the build's log has gained since the last look. */
function buildLog(aws: Services, screen: Screen): (buildId: string) => Promise<void> {
  let token: string | undefined;
  return async (buildId) => {
    const { builds } = await aws.codebuild<{ builds: { logs?: { groupName?: string; streamName?: string } }[] }>('BatchGetBuilds', { ids: [buildId] });
    const logs = builds[0]?.logs;
    if (!logs?.groupName || !logs.streamName) return;
    const page = await aws.logs<{ events: { message: string }[]; nextForwardToken: string }>('GetLogEvents', {
      logGroupName: logs.groupName,
      logStreamName: logs.streamName,
      startFromHead: true,
      nextToken: token,
    });
    token = page.nextForwardToken;
    for (const event of page.events) screen.detail('build', event.message.trimEnd());
  };
}

/** Shows each host's lifecycle events as they begin and end. */
function lifecycleEvents(aws: Services, screen: Screen): (deploymentId: string) => Promise<void> {
  const shown = new Set<string>();
  return async (deploymentId) => {
    const { targetIds } = await aws.codedeploy<{ targetIds: string[] }>('ListDeploymentTargets', { deploymentId });
    if (targetIds.length === 0) return;
    const { deploymentTargets } = await aws.codedeploy<{ deploymentTargets: { instanceTarget: { targetId: string; lifecycleEvents: LifecycleEvent[] } }[] }>(
      'BatchGetDeploymentTargets',
      { deploymentId, targetIds },
    );
    for (const { instanceTarget } of deploymentTargets) {
      for (const event of instanceTarget.lifecycleEvents ?? []) {
        const line = `${event.lifecycleEventName.padEnd(18)} ${event.status}`;
        const key = `${instanceTarget.targetId} ${line}`;
        if (event.status === 'Pending' || shown.has(key)) continue;
        shown.add(key);
        screen.detail(instanceTarget.targetId.replace(/^.*[/_]/, ''), line);
      }
    }
  };
}
