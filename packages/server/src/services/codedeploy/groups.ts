import type { CodeDeployApi } from '@slipway/contracts';
import type { CreateDeploymentGroupInput, DeploymentGroupInfo, TagFilter } from '@slipway/contracts/codedeploy';
import type { Database, Transaction } from '../../kernel/database.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Operations } from '../../kernel/service.ts';
import { DEFAULT_CONFIG, findConfig } from './configs.ts';
import { deleteGroup, findApplication, findGroup, insertGroup, lastDeployment, listGroups, listInstances, tagsOfInstance } from './registry-store.ts';
import type { ApplicationRow, GroupRow, InstanceRow } from './registry-store.ts';
import { applicationName, existingApplication, existingGroup, fail, groupName, refuse } from './room.ts';
import type { RoomDeps } from './room.ts';
import type { DeploymentRow, DeploymentSettings, Place } from './store.ts';
import { faultOf, matchesAny, matchesSet } from './tag-filters.ts';

export interface GroupSettings {
  readonly serviceRoleArn: string;
  readonly config: string;
  readonly filters?: readonly TagFilter[];
  readonly sets?: readonly (readonly TagFilter[])[];
}

export const settingsOf = (row: GroupRow): GroupSettings => JSON.parse(row.settings) as GroupSettings;

const NOT_HONOURED = [
  'ec2TagFilters', 'ec2TagSet', 'autoScalingGroups', 'triggerConfigurations', 'alarmConfiguration', 'blueGreenDeploymentConfiguration',
  'loadBalancerInfo', 'ecsServices', 'outdatedInstancesStrategy', 'terminationHookEnabled', 'tags',
];

export function groups({ db }: RoomDeps) {
  return {
    async CreateDeploymentGroup(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const name = groupName(input.deploymentGroupName);
      const row: GroupRow = {
        account: call.account, region: call.region, application_id: application.application_id, name, group_id: uuid(), settings: JSON.stringify(checkSettings(input)),
      };
      if (!await db.transaction((tx) => insertGroup(tx, row))) throw fail('DeploymentGroupAlreadyExistsException', `Deployment group name already exists: ${name}`);
      return { deploymentGroupId: row.group_id };
    },

    async GetDeploymentGroup(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      return { deploymentGroupInfo: await infoOf(db, application, await existingGroup(db, application, input.deploymentGroupName)) };
    },

    async BatchGetDeploymentGroups(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const rows = (await Promise.all(input.deploymentGroupNames.map((name) => findGroup(db, application, groupName(name))))).filter((row) => row !== undefined);
      const missing = input.deploymentGroupNames.filter((name) => !rows.some((row) => row.name === name));
      return {
        deploymentGroupsInfo: await Promise.all(rows.map((row) => infoOf(db, application, row))),
        ...missing.length === 0 ? {} : { errorMessage: `No Deployment Group found for name: ${missing.join(', ')}` },
      };
    },

    async ListDeploymentGroups(input, call) {
      if (input.nextToken !== undefined) throw fail('InvalidNextTokenException', 'The next token is not valid.');
      const application = await existingApplication(db, call, input.applicationName);
      return { applicationName: application.name, deploymentGroups: (await listGroups(db, application)).map((row) => row.name) };
    },

    async DeleteDeploymentGroup(input, call) {
      const name = groupName(input.deploymentGroupName);
      const application = await findApplication(db, call, applicationName(input.applicationName));
      const row = application === undefined ? undefined : await findGroup(db, application, name);
      if (row !== undefined) await db.transaction((tx) => deleteGroup(tx, row));
      return { hooksNotCleanedUp: [] };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

/** The registered instances that the group's tags choose now, by name. */
export async function instancesOf(from: Database | Transaction, place: Place, settings: GroupSettings): Promise<InstanceRow[]> {
  const { filters = [], sets = [] } = settings;
  return (await listInstances(from, place)).filter((row) => row.deregistered === null && (matchesAny(filters, tagsOfInstance(row)) || matchesSet(sets, tagsOfInstance(row))));
}

function checkSettings(input: CreateDeploymentGroupInput): GroupSettings {
  refuse(input, NOT_HONOURED);
  if (input.autoRollbackConfiguration?.enabled) refuse(input, ['autoRollbackConfiguration']);
  const { deploymentType = 'IN_PLACE', deploymentOption = 'WITHOUT_TRAFFIC_CONTROL' } = input.deploymentStyle ?? {};
  if (deploymentType !== 'IN_PLACE' || deploymentOption !== 'WITHOUT_TRAFFIC_CONTROL') {
    throw fail('InvalidDeploymentStyleException', `The deployment style ${deploymentType}, ${deploymentOption} is not supported by Slipway yet.`);
  }
  const config = input.deploymentConfigName ?? DEFAULT_CONFIG;
  if (findConfig(config) === undefined) throw fail('DeploymentConfigDoesNotExistException', `No deployment configuration found for name: ${config}`);
  const [filters, sets] = [input.onPremisesInstanceTagFilters, input.onPremisesTagSet?.onPremisesTagSetList];
  if (filters?.length && sets?.length) throw fail('InvalidOnPremisesTagCombinationException', 'Tag filters and a tag set cannot be given together.');
  for (const filter of [...filters ?? [], ...(sets ?? []).flat()]) {
    const fault = faultOf(filter);
    if (fault !== undefined) throw fail('InvalidTagFilterException', fault);
  }
  return { serviceRoleArn: input.serviceRoleArn, config, filters, sets };
}

async function infoOf(db: Database, application: ApplicationRow, row: GroupRow): Promise<DeploymentGroupInfo> {
  const settings = settingsOf(row);
  const [attempted, successful] = [await lastDeployment(db, row, row.group_id, false), await lastDeployment(db, row, row.group_id, true)];
  return {
    applicationName: application.name, deploymentGroupId: row.group_id, deploymentGroupName: row.name, deploymentConfigName: settings.config,
    serviceRoleArn: settings.serviceRoleArn, ec2TagFilters: [], autoScalingGroups: [], triggerConfigurations: [], computePlatform: 'Server',
    onPremisesInstanceTagFilters: [...settings.filters ?? []],
    ...settings.sets === undefined ? {} : { onPremisesTagSet: { onPremisesTagSetList: settings.sets.map((list) => [...list]) } },
    deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITHOUT_TRAFFIC_CONTROL' }, outdatedInstancesStrategy: 'UPDATE',
    ...successful === undefined ? {} : { targetRevision: (JSON.parse(successful.settings) as DeploymentSettings).revision, lastSuccessfulDeployment: lastInfo(successful) },
    ...attempted === undefined ? {} : { lastAttemptedDeployment: lastInfo(attempted) },
  };
}

const lastInfo = (row: DeploymentRow) => ({ deploymentId: row.id, status: row.status, createTime: row.created, endTime: row.completed ?? undefined });
