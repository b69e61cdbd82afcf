import { describe, expect, test } from 'vitest';
import type { GetPipelineStateOutput, ListActionExecutionsOutput, ListPipelineExecutionsOutput } from '@aws-sdk/client-codepipeline';
import type { BatchGetBuildsOutput } from '@aws-sdk/client-codebuild';
import type { GetDeploymentOutput, ListDeploymentTargetsOutput } from '@aws-sdk/client-codedeploy';
import type { FilterLogEventsResponse, GetLogEventsResponse } from '@aws-sdk/client-cloudwatch-logs';
import type { CreateServiceSpecificCredentialResponse } from '@aws-sdk/client-iam';
import { startClone, type Clone } from './support/clone.ts';
import { approvalToken, createDelivery, endOf, executionOf, type Delivery } from './support/delivery.ts';
import { createUser, type User } from './support/identities.ts';
import { randomName, randomText } from './support/random.ts';
import { servedPage, siteFiles } from './support/site.ts';
import { useWorld } from './support/world.ts';

const minutes = 60_000;

describe('From git push to two hosts, set up and followed with the stock aws CLI and git', () => {
  const world = useWorld();
  let delivery: Delivery;
  let developer: User;
  let clone: Clone;
  let shipped: string;

  /** Approves, waits for the end and asks every host for its page. */
  async function expectLive(commit: string, page: string): Promise<string> {
    const { pipeline } = delivery.names;
    const execution = await executionOf(world(), pipeline, commit);
    const token = await approvalToken(world(), pipeline, execution);
    await world().cli('codepipeline', 'put-approval-result', '--pipeline-name', pipeline, '--stage-name', 'Approve', '--action-name', 'Ask', '--result', 'summary=Fine,status=Approved', '--token', token);
    expect(await endOf(world(), pipeline, execution)).toBe('Succeeded');
    for (const host of delivery.hosts) expect(await (await fetch(host.address)).text()).toBe(servedPage(page, commit));
    return execution;
  }

  test('everything is created by the CLI', async () => {
    delivery = await createDelivery(world(), { hosts: 2, approval: true, by: world().awsByCli });
    developer = await createUser(world().aws, randomName('developer'), { Action: ['codecommit:GitPull', 'codecommit:GitPush'], Resource: '*' });
  }, 3 * minutes);

  test('the first push, by the CLI\'s credential helper, ends on both hosts', async () => {
    const page = randomText();
    clone = await startClone(world(), { name: 'first', url: delivery.cloneUrl, access: { helper: developer } });
    const commit = await clone.commit(siteFiles({ page }));
    await clone.push(delivery.names.branch);
    await expectLive(commit, page);
  }, 3 * minutes);

  test('the second push, by Git credentials from a clone of the first, ends on both hosts', async () => {
    const { ServiceSpecificCredential: made } = (await world().cli('iam', 'create-service-specific-credential', '--user-name', developer.name, '--service-name', 'codecommit.amazonaws.com')) as CreateServiceSpecificCredentialResponse;
    const page = randomText();
    const second = await startClone(world(), { name: 'second', url: delivery.cloneUrl, access: { user: made?.ServiceUserName ?? '', password: made?.ServicePassword ?? '' } });
    const fetched = await second.git('pull', '--quiet', 'origin', delivery.names.branch);
    expect(fetched.code, fetched.stderr).toBe(0);
    const commit = await second.commit(siteFiles({ page }));
    await second.push(delivery.names.branch);
    shipped = await expectLive(commit, page);
  }, 3 * minutes);

  test('the CLI tells the whole story of the pipeline, its build, its deployment, its log and its artifacts', async () => {
    const { cli } = world();
    const { pipeline, branch } = delivery.names;
    const { pipelineExecutionSummaries: executions = [] } = (await cli('codepipeline', 'list-pipeline-executions', '--pipeline-name', pipeline)) as ListPipelineExecutionsOutput;
    expect(executions.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded', 'Failed']);
    expect(executions.at(-1)?.trigger?.triggerType, 'an execution of its own before there was a branch').toBe('CreatePipeline');
    expect(executions[0]).toMatchObject({ pipelineExecutionId: shipped, sourceRevisions: [{ actionName: 'Fetch', revisionSummary: 'Change the site' }] });

    const { stageStates = [] } = (await cli('codepipeline', 'get-pipeline-state', '--name', pipeline)) as GetPipelineStateOutput;
    expect(stageStates.map(({ stageName, latestExecution }) => [stageName, latestExecution?.pipelineExecutionId, latestExecution?.status])).toEqual(
      ['Source', 'Build', 'Approve', 'Deploy'].map((stage) => [stage, shipped, 'Succeeded']),
    );
    const { actionExecutionDetails: actions = [] } = (await cli('codepipeline', 'list-action-executions', '--pipeline-name', pipeline, '--filter', `pipelineExecutionId=${shipped}`)) as ListActionExecutionsOutput;
    const resultOf = (action: string) => actions.find(({ actionName }) => actionName === action)?.output;
    expect(actions.map(({ actionName, status }) => [actionName, status]).toSorted()).toEqual([['Ask', 'Succeeded'], ['Compile', 'Succeeded'], ['Fetch', 'Succeeded'], ['Roll', 'Succeeded']]);
    expect(resultOf('Fetch')?.outputVariables).toMatchObject({ BranchName: branch, CommitMessage: 'Change the site' });
    expect(resultOf('Compile')?.outputVariables).toEqual({ SITE_REVISION: resultOf('Fetch')?.outputVariables?.['CommitId'] });

    const buildId = resultOf('Compile')?.executionResult?.externalExecutionId ?? '';
    const { builds = [] } = (await cli('codebuild', 'batch-get-builds', '--ids', buildId)) as BatchGetBuildsOutput;
    expect(builds[0]).toMatchObject({ buildStatus: 'SUCCEEDED', initiator: `codepipeline/${pipeline}`, buildComplete: true, resolvedSourceVersion: resultOf('Fetch')?.outputVariables?.['CommitId'] });
    expect(builds[0]?.phases?.map(({ phaseType }) => phaseType)).toEqual([
      'SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD', 'UPLOAD_ARTIFACTS', 'FINALIZING', 'COMPLETED',
    ]);

    const { groupName = '', streamName = '' } = builds[0]?.logs ?? {};
    const { events = [] } = (await cli('logs', 'get-log-events', '--log-group-name', groupName, '--log-stream-name', streamName, '--start-from-head')) as GetLogEventsResponse;
    expect(events.some(({ message }) => message?.includes('Running command mkdir -p made/public'))).toBe(true);
    const found = (await cli('logs', 'filter-log-events', '--log-group-name', groupName, '--log-stream-names', streamName, '--filter-pattern', '"Running command mkdir"')) as FilterLogEventsResponse;
    expect(found.events).toHaveLength(1);

    const deploymentId = resultOf('Roll')?.executionResult?.externalExecutionId ?? '';
    const { deploymentInfo } = (await cli('deploy', 'get-deployment', '--deployment-id', deploymentId)) as GetDeploymentOutput;
    expect(deploymentInfo).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 2, Failed: 0, Skipped: 0 } });
    const { targetIds = [] } = (await cli('deploy', 'list-deployment-targets', '--deployment-id', deploymentId)) as ListDeploymentTargetsOutput;
    expect(targetIds.toSorted()).toEqual(delivery.hosts.map(({ name }) => name).toSorted());

    const listed = await cli.run('s3', 'ls', `s3://${delivery.bucket}`, '--recursive');
    // Two executions made a source artifact and a build artifact each.
    expect(listed.stdout.trim().split('\n').map((line) => line.replace(/^.* /, '').split('/').slice(0, 2).join('/')).toSorted()).toEqual(
      ['Site', 'Site', 'Sources', 'Sources'].map((artifact) => `${pipeline.slice(0, 20)}/${artifact}`),
    );
  }, 3 * minutes);
});
