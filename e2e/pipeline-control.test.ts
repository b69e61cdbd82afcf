import { beforeAll, describe, expect, test } from 'vitest';
import type { GetPipelineStateOutput, StartPipelineExecutionOutput } from '@aws-sdk/client-codepipeline';
import { startClone } from './support/clone.ts';
import { approvalToken, createDelivery, endOf, executionOf, type Delivery } from './support/delivery.ts';
import { eventually } from './support/eventually.ts';
import { createUser, gitCredentials } from './support/identities.ts';
import { randomName, randomText } from './support/random.ts';
import { servedPage, siteFiles } from './support/site.ts';
import { useWorld } from './support/world.ts';

const minutes = 60_000;

// Builds run without a sandbox here: what a pipeline does must not depend on it.
describe('What people do to a pipeline that runs', () => {
  const world = useWorld({ runner: 'plain' });
  const page = randomText();
  let delivery: Delivery;
  let commit: string;

  beforeAll(async () => {
    delivery = await createDelivery(world(), { hosts: 1, approval: true });
    const developer = await createUser(world().aws, randomName('developer'), { Action: ['codecommit:GitPush'], Resource: '*' });
    const clone = await startClone(world(), { name: 'clone', url: delivery.cloneUrl, access: await gitCredentials(world().aws, developer) });
    commit = await clone.commit(siteFiles({ page }));
    await clone.push(delivery.names.branch);
  }, 2 * minutes);

  async function start(): Promise<string> {
    const { pipelineExecutionId } = (await world().cli('codepipeline', 'start-pipeline-execution', '--name', delivery.names.pipeline)) as StartPipelineExecutionOutput;
    return pipelineExecutionId ?? '';
  }

  async function answer(execution: string, status: 'Approved' | 'Rejected', summary: string): Promise<void> {
    const { pipeline } = delivery.names;
    const token = await approvalToken(world(), pipeline, execution);
    await world().cli('codepipeline', 'put-approval-result', '--pipeline-name', pipeline, '--stage-name', 'Approve', '--action-name', 'Ask', '--result', `summary=${summary},status=${status}`, '--token', token);
  }

  async function stages(): Promise<Record<string, NonNullable<GetPipelineStateOutput['stageStates']>[number]>> {
    const { stageStates = [] } = (await world().cli('codepipeline', 'get-pipeline-state', '--name', delivery.names.pipeline)) as GetPipelineStateOutput;
    return Object.fromEntries(stageStates.map((stage) => [stage.stageName, stage]));
  }

  test('a rejected approval fails the execution at Approve, in the words of who rejected it, and nothing is deployed', async () => {
    const execution = await executionOf(world(), delivery.names.pipeline, commit);
    const reason = randomText();
    await answer(execution, 'Rejected', reason);
    expect(await endOf(world(), delivery.names.pipeline, execution)).toBe('Failed');
    const { Approve, Deploy } = await stages();
    expect(Approve?.latestExecution).toMatchObject({ pipelineExecutionId: execution, status: 'Failed' });
    expect(Approve?.actionStates?.[0]?.latestExecution).toMatchObject({ status: 'Failed', summary: reason, lastUpdatedBy: expect.stringContaining(':root') });
    expect(Deploy?.latestExecution).toBeUndefined();
    expect((await world().aws.codedeploy.listDeployments({})).deployments).toEqual([]);
  }, 2 * minutes);

  test('an execution that is stopped while it waits for approval ends Stopped, and its approval takes no answer any more', async () => {
    const { pipeline } = delivery.names;
    const execution = await start();
    const token = await approvalToken(world(), pipeline, execution);
    await world().cli('codepipeline', 'stop-pipeline-execution', '--pipeline-name', pipeline, '--pipeline-execution-id', execution, '--abandon', '--reason', 'Not today');
    expect(await endOf(world(), pipeline, execution)).toBe('Stopped');
    const late = await world().cli.run('codepipeline', 'put-approval-result', '--pipeline-name', pipeline, '--stage-name', 'Approve', '--action-name', 'Ask', '--result', 'summary=Late,status=Approved', '--token', token);
    expect(late.code).not.toBe(0);
    expect(late.stderr).toMatch(/ApprovalAlreadyCompletedException|InvalidApprovalTokenException/);
  }, 2 * minutes);

  test('a disabled transition holds an execution ahead of its stage, says why, and lets it go when enabled', async () => {
    const { pipeline } = delivery.names;
    const transition = ['--pipeline-name', pipeline, '--stage-name', 'Deploy', '--transition-type', 'Inbound'];
    await world().cli('codepipeline', 'disable-stage-transition', ...transition, '--reason', 'Freeze over the holidays');
    const execution = await start();
    await answer(execution, 'Approved', 'Fine');
    await eventually('the execution to wait ahead of Deploy', async () => ((await stages())['Deploy']?.inboundExecution?.pipelineExecutionId === execution ? true : undefined));
    const { Deploy } = await stages();
    expect(Deploy?.inboundTransitionState).toMatchObject({ enabled: false, disabledReason: 'Freeze over the holidays', lastChangedBy: expect.stringContaining(':root') });
    expect(Deploy?.latestExecution).toBeUndefined();

    await world().cli('codepipeline', 'enable-stage-transition', ...transition);
    expect(await endOf(world(), pipeline, execution)).toBe('Succeeded');
    expect(await (await fetch(delivery.hosts[0]?.address ?? '')).text()).toBe(servedPage(page, commit));
  }, 2 * minutes);
});
