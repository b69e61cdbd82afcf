import { beforeAll, describe, expect, test } from 'vitest';
import type { ListActionExecutionsOutput } from '@aws-sdk/client-codepipeline';
import { startClone, type Clone } from './support/clone.ts';
import { createDelivery, endOf, executionOf, type Delivery } from './support/delivery.ts';
import { eventually } from './support/eventually.ts';
import { allow, createServiceRole, createUser, gitCredentials, trustOf, type ServiceRole } from './support/identities.ts';
import { randomName, randomText } from './support/random.ts';
import { siteFiles } from './support/site.ts';
import { useWorld } from './support/world.ts';

const minutes = 60_000;

describe('A permission that a service\'s role lacks', () => {
  const world = useWorld();
  let delivery: Delivery;
  let clone: Clone;

  beforeAll(async () => {
    delivery = await createDelivery(world(), { hosts: 1 });
    const developer = await createUser(world().aws, randomName('developer'), { Action: ['codecommit:GitPush'], Resource: '*' });
    clone = await startClone(world(), { name: 'clone', url: delivery.cloneUrl, access: await gitCredentials(world().aws, developer) });
    const commit = await clone.commit(siteFiles({ page: randomText() }));
    await clone.push(delivery.names.branch);
    expect(await endOf(world(), delivery.names.pipeline, await executionOf(world(), delivery.names.pipeline, commit))).toBe('Succeeded');
  }, 2 * minutes);

  /** Starts the pipeline and answers each action's status, and the error of the one that failed. */
  async function failing(): Promise<{ actions: Record<string, string>; code?: string; message: string }> {
    const { pipeline } = delivery.names;
    const { pipelineExecutionId = '' } = await world().aws.codepipeline.startPipelineExecution({ name: pipeline });
    expect(await endOf(world(), pipeline, pipelineExecutionId)).toBe('Failed');
    const { actionExecutionDetails = [] } = (await world().cli('codepipeline', 'list-action-executions', '--pipeline-name', pipeline, '--filter', `pipelineExecutionId=${pipelineExecutionId}`)) as ListActionExecutionsOutput;
    const failed = actionExecutionDetails.find(({ status }) => status === 'Failed')?.output?.executionResult?.errorDetails;
    return { actions: Object.fromEntries(actionExecutionDetails.map(({ actionName, status }) => [actionName, status ?? ''])), code: failed?.code, message: failed?.message ?? '' };
  }

  async function without<T>(role: ServiceRole, action: string, work: () => Promise<T>): Promise<T> {
    await allow(world().aws, role, action);
    try {
      return await work();
    } finally {
      await allow(world().aws, role);
    }
  }

  const session = (role: ServiceRole): string => `User: arn:aws:sts::${world().account}:assumed-role/${role.name}/`;
  const arn = (service: string, resource: string): string => `arn:aws:${service}:${world().region}:${world().account}:${resource}`;

  test.each([
    { action: 'codecommit:GetBranch', actions: { Fetch: 'Failed' }, on: () => arn('codecommit', delivery.names.repository) },
    { action: 'codecommit:UploadArchive', actions: { Fetch: 'Failed' }, on: () => arn('codecommit', delivery.names.repository) },
    { action: 's3:PutObject', actions: { Fetch: 'Failed' }, on: () => `arn:aws:s3:::${delivery.bucket}/` },
    { action: 'codebuild:StartBuild', actions: { Fetch: 'Succeeded', Compile: 'Failed' }, on: () => arn('codebuild', `project/${delivery.names.project}`) },
    { action: 'codedeploy:CreateDeployment', actions: { Fetch: 'Succeeded', Compile: 'Succeeded', Roll: 'Failed' }, on: () => arn('codedeploy', `deploymentgroup:${delivery.names.application}/${delivery.names.group}`) },
  ])('the pipeline\'s role without $action fails that action as a permission error, and nothing behind it runs', async ({ action, actions, on }) => {
    const failed = await without(delivery.roles.pipeline, action, failing);
    expect(failed).toMatchObject({ actions, code: 'PermissionError' });
    expect(Object.keys(failed.actions)).toHaveLength(Object.keys(actions).length);
    expect(failed.message).toContain(session(delivery.roles.pipeline));
    expect(failed.message).toContain(`is not authorized to perform: ${action} on resource: ${on()}`);
  }, minutes);

  test.each([
    { action: 'logs:CreateLogStream', phase: 'PROVISIONING', says: /Service role arn:aws:iam::\d+:role\/build-\w+ does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build/ },
    { action: 's3:GetObject', phase: 'DOWNLOAD_SOURCE', says: /AccessDenied.*not authorized to perform: s3:GetObject/ },
    { action: 's3:PutObject', phase: 'UPLOAD_ARTIFACTS', says: /AccessDenied.*not authorized to perform: s3:PutObject/ },
  ])('the build\'s role without $action fails the build in $phase', async ({ action, phase, says }) => {
    const failed = await without(delivery.roles.build, action, failing);
    expect(failed).toMatchObject({ actions: { Fetch: 'Succeeded', Compile: 'Failed' }, code: 'JobFailed' });
    expect(failed.actions['Roll']).toBeUndefined();
    expect(failed.message).toContain(`Phase: ${phase}`);
    expect(failed.message).toMatch(says);
  }, minutes);

  test('a deployment whose group\'s role does not trust CodeDeploy fails with IAM_ROLE_MISSING\'s words', async () => {
    const { name, arn: roleArn, service } = delivery.roles.deploy;
    const { iam } = world().aws;
    await iam.updateAssumeRolePolicy({ RoleName: name, PolicyDocument: trustOf('lambda.amazonaws.com') });
    try {
      const failed = await failing();
      expect(failed).toMatchObject({ actions: { Fetch: 'Succeeded', Compile: 'Succeeded', Roll: 'Failed' } });
      expect(failed.message).toContain(`AWS CodeDeploy does not have the permissions required to assume the role ${roleArn}.`);
    } finally {
      await iam.updateAssumeRolePolicy({ RoleName: name, PolicyDocument: trustOf(service) });
    }
  }, minutes);

  test('a rule whose role may not start the pipeline starts none; once it may, a push starts exactly one', async () => {
    const { aws, cli, account, region } = world();
    const { branch, repository } = delivery.names;
    const name = randomName('by-rule');
    const [source, build] = delivery.declaration.stages ?? [];
    const fetchAction = { ...source?.actions?.[0], configuration: { RepositoryName: repository, BranchName: branch, PollForSourceChanges: 'false' } };
    await aws.codepipeline.createPipeline({ pipeline: { ...delivery.declaration, name, stages: [{ ...source, actions: [fetchAction] }, build] } as typeof delivery.declaration });
    const executions = async () => (await aws.codepipeline.listPipelineExecutions({ pipelineName: name })).pipelineExecutionSummaries ?? [];
    await eventually('the execution that the creation starts', async () => ((await executions()).some(({ status }) => status === 'Succeeded') ? true : undefined));

    const ruleRole = await createServiceRole(aws, randomName('rule'), 'events.amazonaws.com', { Action: ['codepipeline:StartPipelineExecution', 'codepipeline:GetPipeline'], Resource: arn('codepipeline', name) });
    const rule = randomName('on-push');
    const pattern = { source: ['aws.codecommit'], 'detail-type': ['CodeCommit Repository State Change'], resources: [arn('codecommit', repository)], detail: { event: ['referenceUpdated'], referenceName: [branch] } };
    const group = `/aws/events/${rule}`;
    await aws.cloudwatchLogs.createLogGroup({ logGroupName: group });
    await cli('events', 'put-rule', '--name', rule, '--event-pattern', JSON.stringify(pattern));
    const put = await cli('events', 'put-targets', '--rule', rule, '--targets', JSON.stringify([
      { Id: 'pipeline', Arn: arn('codepipeline', name), RoleArn: ruleRole.arn },
      { Id: 'log', Arn: `arn:aws:logs:${region}:${account}:log-group:${group}` },
    ]));
    expect(put).toMatchObject({ FailedEntryCount: 0 });

    const delivered = (count: number) => eventually(`${count} events in ${group}`, async () => {
      const { events = [] } = await aws.cloudwatchLogs.filterLogEvents({ logGroupName: group });
      return events.length >= count ? events : undefined;
    });
    await without(ruleRole, 'codepipeline:StartPipelineExecution', async () => {
      await clone.commit(siteFiles({ page: randomText() }));
      await clone.push(branch);
      await delivered(1);
      await eventually('the refusal in the server\'s log', async () =>
        (world().log().some((line) => line.includes('given up') && line.includes(rule) && line.includes('not authorized to perform: codepipeline:StartPipelineExecution')) ? true : undefined));
    });
    const commit = await clone.commit(siteFiles({ page: randomText() }));
    await clone.push(branch);
    await delivered(2);
    // The pipeline that looks for changes itself has its own execution.
    expect(await endOf(world(), delivery.names.pipeline, await executionOf(world(), delivery.names.pipeline, commit))).toBe('Succeeded');
    const started = await executionOf(world(), name, commit);
    expect(await endOf(world(), name, started)).toBe('Succeeded');
    expect((await executions()).map(({ pipelineExecutionId, trigger }) => [pipelineExecutionId === started, trigger?.triggerType])).toEqual([[true, 'CloudWatchEvent'], [false, 'CreatePipeline']]);
  }, 2 * minutes);
});
