import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { revisionOf } from './bundles.ts';
import { Fleet } from './fleet.ts';

let s: Slipway;
let fleet: Fleet;
const arnOf = (resource: string): string => `arn:aws:codedeploy:us-east-1:000000000000:${resource}`;

beforeAll(async () => {
  s = await Slipway.start();
  fleet = await Fleet.start(s, []);
  for (const name of ['silent-1', 'silent-2']) await fleet.register(name, `arn:aws:iam::${s.account}:user/${name}`);
});
afterAll(async () => {
  await fleet.stop();
  await s.stop();
});

/** Every page of a List operation. */
async function pages<T>(list: (nextToken?: string) => Promise<{ items: T[] | undefined; nextToken?: string }>): Promise<T[][]> {
  const found: T[][] = [];
  for (let token: string | undefined; ;) {
    const { items = [], nextToken } = await list(token);
    found.push(items);
    if (nextToken === undefined) return found;
    token = nextToken;
  }
}

test('events have the shape that AWS documents', async () => {
  const group = await fleet.group(['silent-2']);
  const id = await fleet.deploy(group, revisionOf('true'));
  const { deploymentGroupInfo } = await s.aws.codedeploy.getDeploymentGroup(group);
  const [application, ofGroup] = [arnOf(`application:${group.applicationName}`), arnOf(`deploymentgroup:${group.applicationName}/fleet`)];
  const detail = { region: 'us-east-1', deploymentId: id, application: group.applicationName, deploymentGroup: 'fleet', instanceGroupId: deploymentGroupInfo?.deploymentGroupId, state: 'START' };
  const started = await s.until((event) => event.detailType === 'CodeDeploy Deployment State-change Notification' && event.detail.deploymentId === id && event.detail.state === 'START');
  expect(started).toMatchObject({ source: 'aws.codedeploy', account: s.account, region: 'us-east-1', resources: [application, ofGroup] });
  expect(started.detail).toEqual(detail);
  const instance = await s.until((event) => event.detailType === 'CodeDeploy Instance State-change Notification' && event.detail.deploymentId === id);
  expect(instance.detail).toEqual({ ...detail, instanceId: 'silent-2' });
  expect(instance.resources).toEqual([expect.stringMatching(/:instance\/silent-2_\w{10}$/), ofGroup, application]);
  await expect(s.aws.codedeploy.createDeployment({ ...group, revision: { revisionType: 'S3', s3Location: { bucket: 'revisions', key: 'x', bundleType: 'zip' } } }))
    .rejects.toMatchObject({ name: 'DeploymentLimitExceededException', message: `The Deployment Group 'fleet' already has an active Deployment '${id}'` });
});

test('a group without instances fails with NO_INSTANCES', async () => {
  expect(await fleet.ended(await fleet.deploy(await fleet.group(['nobody']), revisionOf('true')))).toMatchObject({ status: 'Failed', errorInformation: { code: 'NO_INSTANCES' } });
});

test('a service role that no longer trusts CodeDeploy, or is gone, fails the deployment before any host is touched', async () => {
  const group = await fleet.group(['silent-1']);
  const serviceRoleArn = await s.role('passing-away', 'codedeploy.amazonaws.com');
  await s.aws.codedeploy.updateDeploymentGroup({ applicationName: group.applicationName, currentDeploymentGroupName: 'fleet', serviceRoleArn });
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Action: 'sts:AssumeRole' }] };
  const error = { status: 'Failed', errorInformation: { code: 'IAM_ROLE_MISSING', message: `AWS CodeDeploy does not have the permissions required to assume the role ${serviceRoleArn}.` } };
  await s.aws.iam.updateAssumeRolePolicy({ RoleName: 'passing-away', PolicyDocument: JSON.stringify(trust) });
  const distrusted = await fleet.deploy(group, revisionOf('true'));
  expect(await fleet.ended(distrusted)).toMatchObject(error);
  expect(await fleet.statuses(distrusted)).toEqual({ 'silent-1': 'Skipped' });
  await s.aws.iam.deleteRole({ RoleName: 'passing-away' });
  expect(await fleet.ended(await fleet.deploy(group, revisionOf('true')))).toMatchObject(error);
});

test('a revision that the service role can see to be missing fails the deployment', async () => {
  const group = await fleet.group(['silent-1']);
  const serviceRoleArn = await s.role('looking', 'codedeploy.amazonaws.com', { Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*' });
  await s.aws.codedeploy.updateDeploymentGroup({ applicationName: group.applicationName, currentDeploymentGroupName: 'fleet', serviceRoleArn });
  const { deploymentId = '' } = await s.aws.codedeploy.createDeployment({ ...group, revision: { revisionType: 'S3', s3Location: { bucket: 'revisions', key: 'gone.zip', bundleType: 'zip' } } });
  expect(await fleet.ended(deploymentId)).toMatchObject({ status: 'Failed', errorInformation: { code: 'REVISION_MISSING', message: expect.stringContaining('s3://revisions/gone.zip') } });
});

test('CreateDeploymentGroup: a role that does not trust CodeDeploy is refused, and one that the caller may not pass', async () => {
  await s.aws.codedeploy.createApplication({ applicationName: 'trust' });
  const stranger = await s.role('stranger', 'codebuild.amazonaws.com');
  const group = { applicationName: 'trust', deploymentGroupName: 'fleet', serviceRoleArn: stranger };
  await expect(s.aws.codedeploy.createDeploymentGroup(group)).rejects.toMatchObject({ name: 'InvalidRoleException', message: `AWS CodeDeploy does not have the permissions required to assume the role ${stranger}.` });
  const maker = s.as(await s.user('maker', { Action: 'codedeploy:*', Resource: '*' }));
  await expect(maker.codedeploy.createDeploymentGroup({ ...group, serviceRoleArn: fleet.roleArn })).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringContaining('iam:PassRole') });
});

test('CreateDeployment: is a right on the deployment group, with its configuration and the application\'s revisions', async () => {
  const [mine, other] = [await fleet.group(['nobody']), await fleet.group(['nobody'])];
  const revision = { revisionType: 'S3', s3Location: { bucket: 'revisions', key: 'x.zip', bundleType: 'zip' } } as const;
  const own = arnOf(`deploymentgroup:${mine.applicationName}/fleet`);
  const parts = { Action: ['codedeploy:GetDeploymentConfig', 'codedeploy:GetApplicationRevision'], Resource: '*' };
  const deployer = s.as(await s.user('deployer', { Action: 'codedeploy:CreateDeployment', Resource: own }, parts));
  const { deploymentId } = await deployer.codedeploy.createDeployment({ ...mine, revision });
  const denied = { name: 'AccessDeniedException', message: expect.stringContaining(`codedeploy:CreateDeployment on resource: ${arnOf(`deploymentgroup:${other.applicationName}/fleet`)}`) };
  await expect(deployer.codedeploy.createDeployment({ ...other, revision })).rejects.toMatchObject(denied);
  await expect(deployer.codedeploy.getDeployment({ deploymentId })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const partless = s.as(await s.user('partless', { Action: 'codedeploy:CreateDeployment', Resource: own }));
  await expect(partless.codedeploy.createDeployment({ ...mine, revision })).rejects.toMatchObject({ message: expect.stringContaining('codedeploy:GetDeploymentConfig') });
});

const refused = (name: string) => ({ name: 'InvalidInputException', message: `${name} is not supported by Slipway yet.` });

test('what is not honoured is refused by its name', async () => {
  const group = await fleet.group(['nobody']);
  const revision = { revisionType: 'S3', s3Location: { bucket: 'revisions', key: 'x.zip', bundleType: 'zip' } } as const;
  const { codedeploy } = s.aws;
  const more = { applicationName: group.applicationName, deploymentGroupName: 'more', serviceRoleArn: fleet.roleArn };
  const auto = { enabled: true, events: ['DEPLOYMENT_FAILURE' as const] };
  const alarms = { enabled: true, alarms: [{ name: 'a' }] };
  for (const [name, value] of Object.entries({
    ec2TagFilters: [{ Key: 'a', Type: 'KEY_ONLY' }], ec2TagSet: { ec2TagSetList: [[{ Key: 'a', Type: 'KEY_ONLY' }]] }, autoScalingGroups: ['asg'],
    triggerConfigurations: [{ triggerName: 't', triggerTargetArn: 'arn:aws:sns:us-east-1:000000000000:t', triggerEvents: ['DeploymentStart'] }], alarmConfiguration: alarms,
    autoRollbackConfiguration: auto, loadBalancerInfo: { elbInfoList: [{ name: 'lb' }] }, blueGreenDeploymentConfiguration: { deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' } },
    ecsServices: [{ clusterName: 'c', serviceName: 's' }], outdatedInstancesStrategy: 'IGNORE', terminationHookEnabled: true,
  })) await expect(codedeploy.createDeploymentGroup({ ...more, [name]: value })).rejects.toMatchObject(refused(name));
  for (const [name, value] of Object.entries({ targetInstances: { autoScalingGroups: ['asg'] }, updateOutdatedInstancesOnly: true, overrideAlarmConfiguration: alarms, autoRollbackConfiguration: auto })) {
    await expect(codedeploy.createDeployment({ ...group, revision, [name]: value })).rejects.toMatchObject(refused(name));
  }
  await codedeploy.createDeploymentGroup({ ...more, alarmConfiguration: { enabled: false, alarms: [] }, outdatedInstancesStrategy: 'UPDATE', autoRollbackConfiguration: { enabled: false }, autoScalingGroups: [] });
});

test('UpdateDeploymentGroup and UpdateApplication: what is not given stays, and tags and history follow a new name', async () => {
  const { codedeploy } = s.aws;
  await codedeploy.createApplication({ applicationName: 'old-app', tags: [{ Key: 'team', Value: 'blue' }] });
  await codedeploy.createDeploymentGroup({ applicationName: 'old-app', deploymentGroupName: 'old', serviceRoleArn: fleet.roleArn, onPremisesInstanceTagFilters: [{ Key: 'Name', Value: 'nobody', Type: 'KEY_AND_VALUE' }], tags: [{ Key: 'stage', Value: 'test' }] });
  const id = await fleet.deploy({ applicationName: 'old-app', deploymentGroupName: 'old' }, revisionOf('true'));
  await fleet.ended(id);
  await codedeploy.updateDeploymentGroup({ applicationName: 'old-app', currentDeploymentGroupName: 'old', newDeploymentGroupName: 'new', deploymentConfigName: 'CodeDeployDefault.AllAtOnce' });
  await codedeploy.updateApplication({ applicationName: 'old-app', newApplicationName: 'new-app' });
  const { deploymentGroupInfo } = await codedeploy.getDeploymentGroup({ applicationName: 'new-app', deploymentGroupName: 'new' });
  expect(deploymentGroupInfo).toMatchObject({ deploymentConfigName: 'CodeDeployDefault.AllAtOnce', serviceRoleArn: fleet.roleArn, onPremisesInstanceTagFilters: [{ Value: 'nobody' }], lastAttemptedDeployment: { deploymentId: id } });
  expect((await codedeploy.getDeployment({ deploymentId: id })).deploymentInfo).toMatchObject({ applicationName: 'new-app', deploymentGroupName: 'new' });
  expect((await codedeploy.listTagsForResource({ ResourceArn: arnOf('deploymentgroup:new-app/new') })).Tags).toEqual([{ Key: 'stage', Value: 'test' }]);
  await codedeploy.tagResource({ ResourceArn: arnOf('application:new-app'), Tags: [{ Key: 'cost', Value: '1' }] });
  await codedeploy.untagResource({ ResourceArn: arnOf('application:new-app'), TagKeys: ['team'] });
  expect((await codedeploy.listTagsForResource({ ResourceArn: arnOf('application:new-app') })).Tags).toEqual([{ Key: 'cost', Value: '1' }]);
  await expect(codedeploy.getApplication({ applicationName: 'old-app' })).rejects.toMatchObject({ name: 'ApplicationDoesNotExistException' });
  await expect(codedeploy.listTagsForResource({ ResourceArn: arnOf('application:old-app') })).rejects.toMatchObject({ name: 'ApplicationDoesNotExistException' });
});

test('lists come in pages, and another list\'s token is refused', async () => {
  const { codedeploy } = s.aws;
  await codedeploy.createApplication({ applicationName: 'paged' });
  const keys = Array.from({ length: 105 }, (_, index) => `r-${String(index).padStart(3, '0')}.zip`);
  await Promise.all(keys.map((key) => codedeploy.registerApplicationRevision({ applicationName: 'paged', revision: { revisionType: 'S3', s3Location: { bucket: 'revisions', key, bundleType: 'zip' } } })));
  const revisions = await pages(async (nextToken) => {
    const answer = await codedeploy.listApplicationRevisions({ applicationName: 'paged', s3Bucket: 'revisions', s3KeyPrefix: 'r-', nextToken });
    return { items: answer.revisions?.map((revision) => revision.s3Location?.key), nextToken: answer.nextToken };
  });
  expect(revisions.map((page) => page.length)).toEqual([100, 5]);
  expect(revisions.flat()).toEqual(keys);

  await Promise.all(Array.from({ length: 101 }, (_, index) => codedeploy.createApplication({ applicationName: `many-${String(index).padStart(3, '0')}` })));
  const applications = await pages(async (nextToken) => {
    const answer = await codedeploy.listApplications({ nextToken });
    return { items: answer.applications, nextToken: answer.nextToken };
  });
  expect(applications[0]).toHaveLength(100);
  expect(applications.flat().filter((name) => name.startsWith('many-'))).toHaveLength(101);

  const { nextToken } = await codedeploy.listApplications({});
  await expect(codedeploy.listDeployments({ nextToken })).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
});

// Last, for it advances the clock.
test('agents that stay silent are given up after an hour, and the deployment fails', async () => {
  const id = await fleet.deploy(await fleet.group(['silent-1', 'silent-2']), revisionOf('true'));
  await s.settled();
  expect(await fleet.statuses(id)).toEqual({ 'silent-1': 'InProgress', 'silent-2': 'Pending' });
  await s.clock.advance(66 * 60_000);
  expect(await fleet.ended(id)).toMatchObject({ status: 'Failed', errorInformation: { code: 'HEALTH_CONSTRAINTS' }, deploymentOverview: { Failed: 1, Skipped: 1 } });
  expect(await fleet.failure(id, 'silent-1')).toMatchObject({ lifecycleEventName: 'ApplicationStop', diagnostics: { message: expect.stringContaining('CodeDeploy agent was not able to receive the lifecycle event') } });
});
