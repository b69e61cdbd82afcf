import type { CodeDeployApi } from '@slipway/contracts';
import type { DeploymentInfo, DeploymentOverview } from '@slipway/contracts/codedeploy';
import type { Database } from '../../kernel/database.ts';
import { deploymentId } from '../../kernel/ids.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import { replay } from '../../kernel/replay.ts';
import type { Operations } from '../../kernel/service.ts';
import { DEPLOYMENT_JOB } from './advance.ts';
import { findConfig } from './deployment-configs.ts';
import { lifecycleEvents } from './decide.ts';
import { existingApplication, existingDeployment, existingGroup } from './deps.ts';
import type { RoomDeps } from './deps.ts';
import { deploymentChange } from './events.ts';
import { fail, noGroup, notSupported } from './fail.ts';
import { instancesOf, settingsOf } from './groups.ts';
import { activeDeployment, listDeployments, lockGroup, putRevision } from './registry-store.ts';
import { checkRevision } from './revisions.ts';
import { PAGE } from './limits.ts';
import { pagesOf } from './pages.ts';
import { findDeployment, insertDeployment, lockDeployment, targetsOf, updateDeployment } from './store.ts';
import type { DeploymentRow, DeploymentSettings, EventRow, TargetRow } from './store.ts';

const NOT_HONOURED = ['targetInstances', 'updateOutdatedInstancesOnly', 'overrideAlarmConfiguration', 'deploymentMode'] as const;
const STATUSES: readonly string[] = ['Created', 'InProgress', 'Succeeded', 'Failed', 'Stopped'];

export function deployments({ db, clock, jobs, outbox, paging }: RoomDeps) {
  return {
    async CreateDeployment(input, call) {
      refuseMembers(input, NOT_HONOURED, notSupported);
      refuseMembers(input.autoRollbackConfiguration, ['enabled'], () => notSupported('autoRollbackConfiguration'));
      const application = await existingApplication(db, call, input.applicationName);
      const revision = checkRevision(input.revision);
      if (input.deploymentConfigName !== undefined && findConfig(input.deploymentConfigName) === undefined) {
        throw fail('DeploymentConfigDoesNotExistException', `No deployment configuration found for name: ${input.deploymentConfigName}`);
      }
      await existingGroup(db, application, input.deploymentGroupName);
      const id = deploymentId();
      return db.transaction((tx) => replay(tx, call, 'codedeploy:CreateDeployment', input, async () => {
        const group = await lockGroup(tx, application, input.deploymentGroupName ?? '');
        if (group === undefined) throw noGroup(input.deploymentGroupName);
        const active = await activeDeployment(tx, call, group.group_id);
        if (active !== undefined) throw fail('DeploymentLimitExceededException', `The Deployment Group '${group.name}' already has an active Deployment '${active.id}'`);
        const now = clock.now();
        const { config, serviceRoleArn } = settingsOf(group);
        const settings: DeploymentSettings = { serviceRoleArn, revision, fileExistsBehavior: input.fileExistsBehavior, description: input.description };
        const row: DeploymentRow = {
          account: call.account, region: call.region, id, application_id: application.application_id, application: application.name, group_id: group.group_id, group_name: group.name,
          config: input.deploymentConfigName ?? config, status: 'Created', stop_requested: 0, ignore_stop_failures: input.ignoreApplicationStopFailures ? 1 : 0,
          settings: JSON.stringify(settings), creator: 'user', created: now, started: null, completed: null, error_code: null, error_message: null,
        };
        const targets = (await instancesOf(tx, call, settingsOf(group))).map((instance, position): TargetRow => ({
          account: row.account, region: row.region, deployment: id, id: instance.name, position, host_identifier: instance.iam_arn, suffix: instance.suffix, status: 'Pending', updated: now,
        }));
        await insertDeployment(tx, row, targets, targets.flatMap(eventsFor));
        await putRevision(tx, application, revision, { now, used: true });
        await outbox.emit(tx, deploymentChange(row, 'Created'));
        await jobs.wake(tx, { kind: DEPLOYMENT_JOB, account: row.account, region: row.region, id });
        return { deploymentId: id };
      }, { now: clock.now() }));
    },

    async GetDeployment(input, call) {
      return { deploymentInfo: await infoOf(db, await existingDeployment(db, call, input.deploymentId)) };
    },

    async BatchGetDeployments(input, call) {
      const rows = await Promise.all(input.deploymentIds.map((id) => findDeployment(db, call, id)));
      return { deploymentsInfo: await Promise.all(rows.filter((row) => row !== undefined).map((row) => infoOf(db, row))) };
    },

    async ListDeployments(input, call) {
      refuseMembers(input, ['externalId'], notSupported);
      if (input.deploymentGroupName !== undefined && input.applicationName === undefined) throw fail('ApplicationNameRequiredException', 'The application name is required.');
      const application = input.applicationName === undefined ? undefined : await existingApplication(db, call, input.applicationName);
      const group = application === undefined || input.deploymentGroupName === undefined ? undefined : await existingGroup(db, application, input.deploymentGroupName);
      const { nextToken, includeOnlyStatuses: asked = [], ...chosen } = input;
      const statuses = asked.filter((status): status is DeploymentRow['status'] => STATUSES.includes(status));
      // States that deployments here never have.
      if (asked.length > 0 && statuses.length === 0) return { deployments: [] };
      const { start = 0, end = Number.MAX_SAFE_INTEGER } = input.createTimeRange ?? {};
      const pages = pagesOf(paging, call, 'ListDeployments', { ...chosen, statuses });
      const [before, after] = pages.read(nextToken);
      const rows = await listDeployments(db, call, {
        applicationId: application?.application_id, groupId: group?.group_id, statuses, start, end,
        behind: before === undefined ? undefined : { created: Number(before), id: String(after) }, limit: PAGE + 1,
      });
      const { shown, ...more } = pages.cut(rows, (row) => [row.created, row.id]);
      return { deployments: shown.map((row) => row.id), ...more };
    },

    async StopDeployment(input, call) {
      refuseMembers(input, ['autoRollbackEnabled'], notSupported);
      const { id } = await existingDeployment(db, call, input.deploymentId);
      await db.transaction(async (tx) => {
        const row = await lockDeployment(tx, call, id);
        if (row === undefined || row.completed !== null) throw fail('DeploymentAlreadyCompletedException', `The deployment ${id} is already completed`);
        await updateDeployment(tx, row, { stop_requested: 1 });
        await jobs.wake(tx, { kind: DEPLOYMENT_JOB, account: row.account, region: row.region, id });
      });
      return { status: 'Pending', statusMessage: 'Stopping deployment' };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

function eventsFor(target: TargetRow): EventRow[] {
  return lifecycleEvents('WITHOUT_TRAFFIC_CONTROL').map((name, position) => ({
    account: target.account, region: target.region, deployment: target.deployment, target: target.id, position, name, status: 'Pending', command: null,
    host_identifier: target.host_identifier, handed: null, acknowledged: null, started: null, ended: null, diagnostics: null,
  }));
}

async function infoOf(db: Database, row: DeploymentRow): Promise<DeploymentInfo> {
  const { revision, fileExistsBehavior, description } = JSON.parse(row.settings) as DeploymentSettings;
  const targets = await targetsOf(db, row, row.id);
  const count = (status: TargetRow['status']): number => targets.filter((target) => target.status === status).length;
  const overview: DeploymentOverview = { Pending: count('Pending'), InProgress: count('InProgress'), Succeeded: count('Succeeded'), Failed: count('Failed'), Skipped: count('Skipped'), Ready: 0 };
  return {
    applicationName: row.application, deploymentGroupName: row.group_name, deploymentConfigName: row.config, deploymentId: row.id, revision, status: row.status,
    createTime: row.created, startTime: row.started ?? undefined, completeTime: row.completed ?? undefined, deploymentOverview: overview, description, creator: 'user',
    ignoreApplicationStopFailures: row.ignore_stop_failures === 1, updateOutdatedInstancesOnly: false, instanceTerminationWaitTimeStarted: false,
    deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITHOUT_TRAFFIC_CONTROL' }, fileExistsBehavior: fileExistsBehavior ?? 'DISALLOW', deploymentStatusMessages: [], computePlatform: 'Server',
    ...row.error_code === null ? {} : { errorInformation: { code: row.error_code as 'HEALTH_CONSTRAINTS', message: row.error_message ?? '' } },
  };
}
