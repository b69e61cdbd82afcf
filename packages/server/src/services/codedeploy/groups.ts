import type { CodeDeployApi } from '@slipway/contracts';
import type { CreateDeploymentGroupInput, DeploymentGroupInfo, TagFilter, UpdateDeploymentGroupInput } from '@slipway/contracts/codedeploy';
import type { Database, Transaction } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { putTags, removeAllTags } from '../../kernel/tags.ts';
import type { Place } from '../../kernel/place.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import { groupArn } from './arns.ts';
import { DEFAULT_CONFIG, findConfig } from './deployment-configs.ts';
import { applicationName, existingApplication, existingGroup, groupName } from './deps.ts';
import type { RoomDeps } from './deps.ts';
import { fail, noGroup, notSupported } from './fail.ts';
import { cannotAssume, SERVICE } from './obstacles.ts';
import { pagesOf } from './pages.ts';
import { deleteGroup, findApplication, findGroup, insertGroup, lastDeployment, listGroups, listInstances, lockGroup, tagsOfInstance, updateGroup } from './registry-store.ts';
import type { ApplicationRow, GroupRow, InstanceRow } from './registry-store.ts';
import type { DeploymentRow, DeploymentSettings } from './store.ts';
import { moveTags, plainTags, refuseTags, tagged } from './tags.ts';
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
  'loadBalancerInfo', 'ecsServices', 'terminationHookEnabled',
] as const;

export function groups({ db, paging, identities }: RoomDeps) {
  /** AWS tries the role when it is named, so that a deployment does not fail for it later. */
  async function tryRole(call: Call, application: string, group: string, roleArn: string): Promise<void> {
    try {
      await identities.assumeForService({ roleArn, service: SERVICE, sessionName: group, sourceArn: groupArn(call, application, group) });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw fail('InvalidRoleException', cannotAssume(roleArn), { cause: error });
    }
  }

  return {
    async CreateDeploymentGroup(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const name = groupName(input.deploymentGroupName);
      const row: GroupRow = {
        account: call.account, region: call.region, application_id: application.application_id, name, group_id: uuid(), settings: JSON.stringify(checkSettings(input)),
      };
      await tryRole(call, application.name, name, input.serviceRoleArn);
      await db.transaction(async (tx) => {
        if (!await insertGroup(tx, row)) throw taken(name);
        await putTags(tx, tagged(call, groupArn(call, application.name, name)), plainTags(input.tags), refuseTags);
      });
      return { deploymentGroupId: row.group_id };
    },

    /** What is not given stays as it is. */
    async UpdateDeploymentGroup(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const name = groupName(input.currentDeploymentGroupName);
      const newName = input.newDeploymentGroupName === undefined ? name : groupName(input.newDeploymentGroupName);
      if (input.serviceRoleArn !== undefined) await tryRole(call, application.name, newName, input.serviceRoleArn);
      await db.transaction(async (tx) => {
        const row = await lockGroup(tx, application, name);
        if (row === undefined) throw noGroup(name);
        if (newName !== name && await findGroup(tx, application, newName) !== undefined) throw taken(newName);
        await updateGroup(tx, row, { name: newName, settings: JSON.stringify(changedSettings(settingsOf(row), input)) });
        if (newName !== name) await moveTags(tx, call, groupArn(call, application.name, name), groupArn(call, application.name, newName));
      });
      return { hooksNotCleanedUp: [] };
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
      const application = await existingApplication(db, call, input.applicationName);
      const pages = pagesOf(paging, call, 'ListDeploymentGroups', application.application_id);
      const { shown, ...more } = pages.names((await listGroups(db, application)).map((row) => row.name), input.nextToken);
      return { applicationName: application.name, deploymentGroups: [...shown], ...more };
    },

    async DeleteDeploymentGroup(input, call) {
      const name = groupName(input.deploymentGroupName);
      const application = await findApplication(db, call, applicationName(input.applicationName));
      const row = application === undefined ? undefined : await findGroup(db, application, name);
      if (application !== undefined && row !== undefined) {
        await db.transaction(async (tx) => {
          await deleteGroup(tx, row);
          await removeAllTags(tx, tagged(call, groupArn(call, application.name, name)));
        });
      }
      return { hooksNotCleanedUp: [] };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

/** The registered instances that the group's tags choose now, by name. */
export async function instancesOf(from: Database | Transaction, place: Place, settings: GroupSettings): Promise<InstanceRow[]> {
  const { filters = [], sets = [] } = settings;
  return (await listInstances(from, place)).filter((row) => row.deregistered === null && (matchesAny(filters, tagsOfInstance(row)) || matchesSet(sets, tagsOfInstance(row))));
}

const taken = (name: string): Error => fail('DeploymentGroupAlreadyExistsException', `Deployment group name already exists: ${name}`);

/** Filters and tag sets exclude each other: the one that is given takes the other's place. */
function changedSettings(was: GroupSettings, input: UpdateDeploymentGroupInput): GroupSettings {
  const choice = input.onPremisesInstanceTagFilters === undefined && input.onPremisesTagSet === undefined
    ? { onPremisesInstanceTagFilters: was.filters && [...was.filters], onPremisesTagSet: was.sets && { onPremisesTagSetList: was.sets.map((list) => [...list]) } }
    : {};
  return checkSettings({ deploymentConfigName: was.config, serviceRoleArn: was.serviceRoleArn, ...choice, ...definedOf(input) });
}

const definedOf = <T extends object>(input: T): T => Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as T;

type Described = Pick<CreateDeploymentGroupInput, 'serviceRoleArn'> & Partial<Omit<CreateDeploymentGroupInput, 'applicationName' | 'deploymentGroupName' | 'tags'>>;

function checkSettings(input: Described): GroupSettings {
  refuseMembers(input, NOT_HONOURED, notSupported);
  refuseMembers(input.autoRollbackConfiguration, ['enabled'], () => notSupported('autoRollbackConfiguration'));
  // UPDATE is about instances that Auto Scaling starts: there are none. IGNORE would be a promise.
  if (input.outdatedInstancesStrategy === 'IGNORE') throw notSupported('outdatedInstancesStrategy');
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
