import { beforeAll, describe, expect, test } from 'vitest';
import type { GetPipelineStateOutput, ListActionExecutionsOutput } from '@aws-sdk/client-codepipeline';
import type { BatchGetDeploymentTargetsOutput, GetDeploymentOutput, InstanceTarget } from '@aws-sdk/client-codedeploy';
import { startClone, type Clone } from './support/clone.ts';
import { createDelivery, endOf, executionOf, type Delivery } from './support/delivery.ts';
import { createUser, gitCredentials } from './support/identities.ts';
import { randomName, randomText } from './support/random.ts';
import { servedPage, siteFiles, type SiteOptions } from './support/site.ts';
import { useWorld } from './support/world.ts';

const minutes = 60_000;

describe('What fails on the way to three hosts, one at a time', () => {
  const world = useWorld();
  let delivery: Delivery;
  let clone: Clone;
  let live: string;

  beforeAll(async () => {
    delivery = await createDelivery(world(), { hosts: 3 });
    const developer = await createUser(world().aws, randomName('developer'), { Action: ['codecommit:GitPush'], Resource: '*' });
    clone = await startClone(world(), { name: 'clone', url: delivery.cloneUrl, access: await gitCredentials(world().aws, developer) });
  }, minutes);

  /** Pushes a site and waits for the end of its execution. */
  async function ship(site: SiteOptions): Promise<{ commit: string; execution: string; status: string }> {
    const { branch, pipeline } = delivery.names;
    const commit = await clone.commit(siteFiles(site));
    await clone.push(branch);
    const execution = await executionOf(world(), pipeline, commit);
    return { commit, execution, status: await endOf(world(), pipeline, execution) };
  }

  const served = (): Promise<string[]> => Promise.all(delivery.hosts.map(async ({ address }) => (await fetch(address)).text()));

  async function targetsOf(deploymentId: string): Promise<InstanceTarget[]> {
    const ids = delivery.hosts.map(({ name }) => name);
    const { deploymentTargets = [] } = (await world().cli('deploy', 'batch-get-deployment-targets', '--deployment-id', deploymentId, '--target-ids', ...ids)) as BatchGetDeploymentTargetsOutput;
    return deploymentTargets.flatMap(({ instanceTarget }) => instanceTarget ?? []);
  }

  async function deploymentOf(execution: string): Promise<string> {
    const { actionExecutionDetails = [] } = await world().aws.codepipeline.listActionExecutions({ pipelineName: delivery.names.pipeline, filter: { pipelineExecutionId: execution } });
    return actionExecutionDetails.find(({ actionName }) => actionName === 'Roll')?.output?.executionResult?.externalExecutionId ?? '';
  }

  test('a first push is live on all three', async () => {
    const page = randomText();
    const { commit, status } = await ship({ page });
    expect(status).toBe('Succeeded');
    live = servedPage(page, commit);
    expect(await served()).toEqual([live, live, live]);
  }, 2 * minutes);

  test('a build that fails stops the pipeline at Build, and its action tells the command, the exit status and where the log is', async () => {
    const { cli } = world();
    const { pipeline } = delivery.names;
    const command = `sh -c 'echo ${randomText()} is wrong; exit 23'`;
    const { execution, status } = await ship({ page: randomText(), commands: [command] });
    expect(status).toBe('Failed');

    const { actionExecutionDetails: actions = [] } = (await cli('codepipeline', 'list-action-executions', '--pipeline-name', pipeline, '--filter', `pipelineExecutionId=${execution}`)) as ListActionExecutionsOutput;
    expect(actions.map(({ actionName, status: ended }) => [actionName, ended]).toSorted(), 'later stages are untouched').toEqual([['Compile', 'Failed'], ['Fetch', 'Succeeded']]);
    const result = actions.find(({ actionName }) => actionName === 'Compile')?.output?.executionResult;
    expect(result?.errorDetails?.code).toBe('JobFailed');
    expect(result?.errorDetails?.message).toContain(`Error while executing command: ${command}. Reason: exit status 23`);
    expect(result?.externalExecutionUrl).toMatch(new RegExp(`^${world().endpoint}/cloudwatch/home\\?region=${world().region}#logsV2:log-groups/log-group/\\$252Faws\\$252Fcodebuild\\$252F${delivery.names.project}/log-events/`));

    const { stageStates = [] } = (await cli('codepipeline', 'get-pipeline-state', '--name', pipeline)) as GetPipelineStateOutput;
    const state = Object.fromEntries(stageStates.map(({ stageName, latestExecution }) => [stageName, latestExecution]));
    expect(state['Build']).toMatchObject({ pipelineExecutionId: execution, status: 'Failed' });
    expect(state['Deploy']?.pipelineExecutionId).not.toBe(execution);
    expect(await served()).toEqual([live, live, live]);
  }, 2 * minutes);

  test('a hook that fails on the second of three: the third is skipped, and the error tells the script, its exit code and all it said', async () => {
    const [, second] = delivery.hosts;
    const said = [randomText(), randomText()];
    const page = randomText();
    const { commit, execution, status } = await ship({
      page,
      afterInstall: `[ "$SLIPWAY_HOST_NAME" = ${second?.name} ] || exit 0\necho ${said[0]}\necho ${said[1]} >&2\nexit 41`,
    });
    expect(status).toBe('Failed');

    const deploymentId = await deploymentOf(execution);
    const { deploymentInfo } = (await world().cli('deploy', 'get-deployment', '--deployment-id', deploymentId)) as GetDeploymentOutput;
    expect(deploymentInfo).toMatchObject({ status: 'Failed', errorInformation: { code: 'HEALTH_CONSTRAINTS' }, deploymentOverview: { Succeeded: 1, Failed: 1, Skipped: 1 } });
    const targets = await targetsOf(deploymentId);
    expect(targets.map((target) => target.status)).toEqual(['Succeeded', 'Failed', 'Skipped']);
    const failed = targets[1]?.lifecycleEvents?.find((event) => event.status === 'Failed');
    expect(failed).toMatchObject({ lifecycleEventName: 'AfterInstall', diagnostics: { errorCode: 'ScriptFailed', scriptName: 'hooks/after-install.sh' } });
    expect(failed?.diagnostics?.message).toContain('hooks/after-install.sh failed with exit code 41');
    for (const line of said) expect(failed?.diagnostics?.logTail).toContain(line);
    expect(failed?.diagnostics?.logTail).toMatch(new RegExp(`\\[stdout\\].*${said[0]}[^]*\\[stderr\\].*${said[1]}`));
    expect(targets[1]?.lifecycleEvents?.filter(({ lifecycleEventName: name }) => name === 'ApplicationStart' || name === 'ValidateService').map((event) => event.status)).toEqual(['Skipped', 'Skipped']);

    const { actionExecutionDetails = [] } = await world().aws.codepipeline.listActionExecutions({ pipelineName: delivery.names.pipeline, filter: { pipelineExecutionId: execution } });
    expect(actionExecutionDetails.find(({ actionName }) => actionName === 'Roll')?.output?.executionResult?.errorDetails).toMatchObject({
      code: 'JobFailed',
      message: expect.stringContaining('too many individual instances failed deployment'),
    });
    const [onFirst, , onThird] = await Promise.all(delivery.hosts.map(({ address }) => fetch(address).then((answer) => answer.text(), () => 'nothing')));
    expect([onFirst, onThird]).toEqual([servedPage(page, commit), live]);
  }, 2 * minutes);

  test('a hook that fails on the last of three leaves the deployment and the pipeline Succeeded, as on AWS', async () => {
    const last = delivery.hosts.at(-1);
    const { execution, status } = await ship({ page: randomText(), afterInstall: `[ "$SLIPWAY_HOST_NAME" != ${last?.name} ]` });
    expect(status).toBe('Succeeded');
    const deploymentId = await deploymentOf(execution);
    const { deploymentInfo } = (await world().cli('deploy', 'get-deployment', '--deployment-id', deploymentId)) as GetDeploymentOutput;
    expect(deploymentInfo).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 2, Failed: 1, Skipped: 0 } });
    expect((await targetsOf(deploymentId)).map((target) => target.status)).toEqual(['Succeeded', 'Succeeded', 'Failed']);
  }, 2 * minutes);
});
