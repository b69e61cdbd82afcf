import type { CodeDeployApi } from '@slipway/contracts';
import { creating, passRole, settingTags } from '../../kernel/access.ts';
import type { Database } from '../../kernel/database.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { applicationArn, configArn, groupArn, instanceArn } from './arns.ts';
import { DEFAULT_CONFIG } from './deployment-configs.ts';
import { SERVICE } from './obstacles.ts';
import { findInstance, findGroup, findApplication } from './registry-store.ts';
import { settingsOf } from './groups.ts';
import { findDeployment } from './store.ts';
import type { notYet } from './not-yet.ts';

const onApplication = (input: { applicationName: string }, call: Call): OperationRequest => ({ resource: applicationArn(call, input.applicationName) });
const onGroup = (input: { applicationName: string; deploymentGroupName: string }, call: Call): OperationRequest =>
  ({ resource: groupArn(call, input.applicationName, input.deploymentGroupName) });
const onAll = (): OperationRequest => ({ resource: '*' });
const onArn = (input: { ResourceArn: string }): OperationRequest => ({ resource: input.ResourceArn });

/** Service Authorization Reference, "Actions defined by AWS CodeDeploy". */
export function access(db: Database): AccessTable<CodeDeployApi, (typeof notYet)[number]> {
  /** Reading a deployment is a right on its group. */
  async function onDeployment(input: { deploymentId?: string }, call: Call): Promise<readonly OperationRequest[]> {
    const row = input.deploymentId === undefined ? undefined : await findDeployment(db, call, input.deploymentId);
    return [{ resource: row === undefined ? '*' : groupArn(call, row.application, row.group_name) }];
  }

  async function onInstances(input: { instanceName?: string; instanceNames?: readonly string[] }, call: Call): Promise<readonly OperationRequest[]> {
    const names = [...input.instanceNames ?? [], ...input.instanceName === undefined ? [] : [input.instanceName]];
    return Promise.all(names.map(async (name) => ({ resource: instanceArn(call, name, (await findInstance(db, call, name))?.suffix ?? '*') })));
  }

  return {
    CreateApplication: (input, call) => creating(onApplication(input, call), input.tags, 'codedeploy:TagResource'),
    UpdateApplication: (input, call) => [input.applicationName, input.newApplicationName].filter((name) => name !== undefined).map((name) => ({ resource: applicationArn(call, name) })),
    GetApplication: onApplication,
    DeleteApplication: onApplication,
    BatchGetApplications: ({ applicationNames }, call) => applicationNames.map((applicationName) => onApplication({ applicationName }, call)),
    ListApplications: onAll,
    RegisterApplicationRevision: onApplication,
    GetApplicationRevision: onApplication,
    ListApplicationRevisions: onApplication,
    CreateDeploymentGroup: (input, call) => [...creating(onGroup(input, call), input.tags, 'codedeploy:TagResource'), passRole(input.serviceRoleArn, SERVICE)],
    UpdateDeploymentGroup: (input, call) => [
      { resource: groupArn(call, input.applicationName, input.currentDeploymentGroupName) },
      ...input.serviceRoleArn === undefined ? [] : [passRole(input.serviceRoleArn, SERVICE)],
    ],
    GetDeploymentGroup: onGroup,
    DeleteDeploymentGroup: onGroup,
    BatchGetDeploymentGroups: (input, call) => input.deploymentGroupNames.map((name) => ({ resource: groupArn(call, input.applicationName, name) })),
    ListDeploymentGroups: onApplication,
    async CreateDeployment(input, call) {
      const application = await findApplication(db, call, input.applicationName);
      const group = application === undefined ? undefined : await findGroup(db, application, input.deploymentGroupName ?? '');
      const config = input.deploymentConfigName ?? (group === undefined ? DEFAULT_CONFIG : settingsOf(group).config);
      // AWS asks for the parts that a deployment uses too: without them CreateDeployment is denied.
      return [
        { resource: groupArn(call, input.applicationName, input.deploymentGroupName ?? '') },
        { action: 'codedeploy:GetDeploymentConfig', resource: configArn(call, config) },
        { action: 'codedeploy:GetApplicationRevision', resource: applicationArn(call, input.applicationName) },
      ];
    },
    GetDeployment: onDeployment,
    async BatchGetDeployments(input, call) {
      return (await Promise.all(input.deploymentIds.map((deploymentId) => onDeployment({ deploymentId }, call)))).flat();
    },
    ListDeployments: (input, call) => ({ resource: input.applicationName === undefined ? '*' : groupArn(call, input.applicationName, input.deploymentGroupName ?? '*') }),
    StopDeployment: onDeployment,
    ListDeploymentTargets: onDeployment,
    GetDeploymentTarget: onDeployment,
    BatchGetDeploymentTargets: onDeployment,
    ListDeploymentInstances: onDeployment,
    GetDeploymentInstance: onDeployment,
    BatchGetDeploymentInstances: onDeployment,
    ListDeploymentConfigs: onAll,
    GetDeploymentConfig: (input, call) => ({ resource: configArn(call, input.deploymentConfigName) }),
    RegisterOnPremisesInstance: onInstances,
    DeregisterOnPremisesInstance: onInstances,
    AddTagsToOnPremisesInstances: onInstances,
    RemoveTagsFromOnPremisesInstances: onInstances,
    GetOnPremisesInstance: onInstances,
    BatchGetOnPremisesInstances: onInstances,
    ListOnPremisesInstances: onAll,
    TagResource: (input) => ({ ...onArn(input), context: settingTags(input.Tags) }),
    UntagResource: (input) => ({ ...onArn(input), context: { 'aws:TagKeys': input.TagKeys } }),
    ListTagsForResource: onArn,
  };
}
