import type { CodeDeployApi } from '@slipway/contracts';
import { passRole } from '../../kernel/access.ts';
import type { Database } from '../../kernel/database.ts';
import type { AccessRequest, AccessTable, Call } from '../../kernel/service.ts';
import { applicationArn, configArn, groupArn, instanceArn } from './arns.ts';
import { DEFAULT_CONFIG } from './configs.ts';
import { SERVICE } from './obstacles.ts';
import { findInstance, findGroup, findApplication } from './registry-store.ts';
import { settingsOf } from './groups.ts';
import { findDeployment } from './store.ts';
import type { notYet } from './not-yet.ts';

const ask = (operation: string, resource: string): AccessRequest => ({ action: `codedeploy:${operation}`, resource });
const onApplication = (operation: string) => (input: { applicationName: string }, call: Call): AccessRequest => ask(operation, applicationArn(call, input.applicationName));
const onGroup = (operation: string) => (input: { applicationName: string; deploymentGroupName: string }, call: Call): AccessRequest =>
  ask(operation, groupArn(call, input.applicationName, input.deploymentGroupName));
const onAll = (operation: string) => (): AccessRequest => ask(operation, '*');

/** Service Authorization Reference, "Actions defined by AWS CodeDeploy". */
export function access(db: Database): AccessTable<CodeDeployApi, (typeof notYet)[number]> {
  /** Reading a deployment is a right on its group. */
  const onDeployment = (operation: string) => async (input: { deploymentId?: string }, call: Call): Promise<readonly AccessRequest[]> => {
    const row = input.deploymentId === undefined ? undefined : await findDeployment(db, call, input.deploymentId);
    return [ask(operation, row === undefined ? '*' : groupArn(call, row.application, row.group_name))];
  };
  const onInstances = (operation: string) => async (input: { instanceName?: string; instanceNames?: readonly string[] }, call: Call): Promise<readonly AccessRequest[]> =>
    Promise.all([...input.instanceNames ?? [], ...input.instanceName === undefined ? [] : [input.instanceName]]
      .map(async (name) => ask(operation, instanceArn(call, name, (await findInstance(db, call, name))?.suffix ?? '*'))));

  return {
    CreateApplication: onApplication('CreateApplication'),
    UpdateApplication: (input, call) => [input.applicationName, input.newApplicationName].filter((name) => name !== undefined).map((name) => ask('UpdateApplication', applicationArn(call, name))),
    GetApplication: onApplication('GetApplication'),
    DeleteApplication: onApplication('DeleteApplication'),
    BatchGetApplications: ({ applicationNames }, call) => applicationNames.map((name) => ask('BatchGetApplications', applicationArn(call, name))),
    ListApplications: onAll('ListApplications'),
    RegisterApplicationRevision: onApplication('RegisterApplicationRevision'),
    GetApplicationRevision: onApplication('GetApplicationRevision'),
    ListApplicationRevisions: onApplication('ListApplicationRevisions'),
    CreateDeploymentGroup: (input, call) => [onGroup('CreateDeploymentGroup')(input, call), passRole(input.serviceRoleArn, SERVICE)],
    UpdateDeploymentGroup: (input, call) => [
      ask('UpdateDeploymentGroup', groupArn(call, input.applicationName, input.currentDeploymentGroupName)),
      ...input.serviceRoleArn === undefined ? [] : [passRole(input.serviceRoleArn, SERVICE)],
    ],
    GetDeploymentGroup: onGroup('GetDeploymentGroup'),
    DeleteDeploymentGroup: onGroup('DeleteDeploymentGroup'),
    BatchGetDeploymentGroups: (input, call) => input.deploymentGroupNames.map((name) => ask('BatchGetDeploymentGroups', groupArn(call, input.applicationName, name))),
    ListDeploymentGroups: onApplication('ListDeploymentGroups'),
    async CreateDeployment(input, call) {
      const application = await findApplication(db, call, input.applicationName);
      const group = application === undefined ? undefined : await findGroup(db, application, input.deploymentGroupName ?? '');
      const config = input.deploymentConfigName ?? (group === undefined ? DEFAULT_CONFIG : settingsOf(group).config);
      // AWS asks for the parts that a deployment uses too: without them CreateDeployment is denied.
      return [
        ask('CreateDeployment', groupArn(call, input.applicationName, input.deploymentGroupName ?? '')),
        ask('GetDeploymentConfig', configArn(call, config)),
        ask('GetApplicationRevision', applicationArn(call, input.applicationName)),
      ];
    },
    GetDeployment: onDeployment('GetDeployment'),
    async BatchGetDeployments(input, call) {
      return (await Promise.all(input.deploymentIds.map((deploymentId) => onDeployment('BatchGetDeployments')({ deploymentId }, call)))).flat();
    },
    ListDeployments: (input, call) => ask('ListDeployments', input.applicationName === undefined ? '*' : groupArn(call, input.applicationName, input.deploymentGroupName ?? '*')),
    StopDeployment: onDeployment('StopDeployment'),
    ListDeploymentTargets: onDeployment('ListDeploymentTargets'),
    GetDeploymentTarget: onDeployment('GetDeploymentTarget'),
    BatchGetDeploymentTargets: onDeployment('BatchGetDeploymentTargets'),
    ListDeploymentInstances: onDeployment('ListDeploymentInstances'),
    GetDeploymentInstance: onDeployment('GetDeploymentInstance'),
    BatchGetDeploymentInstances: onDeployment('BatchGetDeploymentInstances'),
    ListDeploymentConfigs: onAll('ListDeploymentConfigs'),
    GetDeploymentConfig: (input, call) => ask('GetDeploymentConfig', configArn(call, input.deploymentConfigName)),
    RegisterOnPremisesInstance: onInstances('RegisterOnPremisesInstance'),
    DeregisterOnPremisesInstance: onInstances('DeregisterOnPremisesInstance'),
    AddTagsToOnPremisesInstances: onInstances('AddTagsToOnPremisesInstances'),
    RemoveTagsFromOnPremisesInstances: onInstances('RemoveTagsFromOnPremisesInstances'),
    GetOnPremisesInstance: onInstances('GetOnPremisesInstance'),
    BatchGetOnPremisesInstances: onInstances('BatchGetOnPremisesInstances'),
    ListOnPremisesInstances: onAll('ListOnPremisesInstances'),
    TagResource: (input) => ask('TagResource', input.ResourceArn),
    UntagResource: (input) => ask('UntagResource', input.ResourceArn),
    ListTagsForResource: (input) => ask('ListTagsForResource', input.ResourceArn),
  };
}
