import type { CodeDeployApi } from '@slipway/contracts';
import type { DeploymentTarget, Diagnostics, InstanceSummary, LifecycleEvent } from '@slipway/contracts/codedeploy';
import type { Database } from '../../kernel/database.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { instanceArn } from './arns.ts';
import { existingDeployment } from './deps.ts';
import type { RoomDeps } from './deps.ts';
import { fail, notSupported } from './fail.ts';
import { pagesOf } from './pages.ts';
import { eventsOf, targetsOf } from './store.ts';
import type { EventRow, TargetRow } from './store.ts';

/** What became of each target; the older API calls targets instances. */
export function targets({ db, paging }: RoomDeps) {
  return {
    async ListDeploymentTargets(input, call) {
      const { deploymentId, targetFilters = {} } = input;
      for (const name of Object.keys(targetFilters)) if (name !== 'TargetStatus') throw fail('InvalidTargetFilterNameException', `The target filter ${name} is not supported by Slipway yet.`);
      const statuses = (targetFilters as { TargetStatus?: readonly string[] }).TargetStatus;
      const rows = await rowsOf(db, call, deploymentId);
      const { ids, nextToken } = pageOfIds(pagesOf(paging, call, 'ListDeploymentTargets', { deploymentId, statuses }), rows, statuses, input.nextToken);
      return { targetIds: ids, nextToken };
    },

    async GetDeploymentTarget(input, call) {
      const found = await findTarget(db, call, input.deploymentId, input.targetId);
      return { deploymentTarget: targetOf(found) };
    },

    async BatchGetDeploymentTargets(input, call) {
      const rows = await rowsOf(db, call, input.deploymentId);
      return { deploymentTargets: input.targetIds.map((id) => {
        const found = rows.find(({ target }) => target.id === id);
        if (found === undefined) throw noTarget(id);
        return targetOf(found);
      }) };
    },

    async ListDeploymentInstances(input, call) {
      refuseMembers(input, ['instanceTypeFilter'], notSupported);
      const statuses: readonly string[] | undefined = input.instanceStatusFilter;
      const rows = await rowsOf(db, call, input.deploymentId);
      const { ids, nextToken } = pageOfIds(pagesOf(paging, call, 'ListDeploymentInstances', { deploymentId: input.deploymentId, statuses }), rows, statuses, input.nextToken);
      return { instancesList: ids, nextToken };
    },

    async GetDeploymentInstance(input, call) {
      return { instanceSummary: summaryOf(await findTarget(db, call, input.deploymentId, input.instanceId)) };
    },

    async BatchGetDeploymentInstances(input, call) {
      const rows = await rowsOf(db, call, input.deploymentId);
      return { instancesSummary: rows.filter(({ target }) => input.instanceIds.includes(target.id)).map(summaryOf) };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

interface Found { readonly target: TargetRow; readonly events: readonly EventRow[] }

/** A page of the targets in these states; the one that the token names may have left them. */
function pageOfIds(pages: ReturnType<typeof pagesOf>, rows: readonly Found[], statuses: readonly string[] | undefined, token: string | undefined): { ids: string[]; nextToken: string | undefined } {
  const [last = -1] = pages.read(token);
  const behind = rows.map(({ target }) => target).filter(({ position, status }) => position > Number(last) && (statuses === undefined || statuses.includes(status)));
  const { shown, nextToken } = pages.cut(behind, ({ position }) => [position]);
  return { ids: shown.map(({ id }) => id), nextToken };
}

async function rowsOf(db: Database, call: Call, id: string | undefined): Promise<readonly Found[]> {
  const deployment = await existingDeployment(db, call, id);
  const [rows, events] = [await targetsOf(db, call, deployment.id), await eventsOf(db, call, deployment.id)];
  return rows.map((target) => ({ target, events: events.filter((event) => event.target === target.id) }));
}

async function findTarget(db: Database, call: Call, deployment: string | undefined, id: string | undefined): Promise<Found> {
  if (!id) throw fail('DeploymentTargetIdRequiredException', 'A deployment target ID is required.');
  const found = (await rowsOf(db, call, deployment)).find(({ target }) => target.id === id);
  if (found === undefined) throw noTarget(id);
  return found;
}

const noTarget = (id: string): Error => fail('DeploymentTargetDoesNotExistException', `The deployment target ${id} does not exist.`);

function targetOf({ target, events }: Found): DeploymentTarget {
  return { deploymentTargetType: 'InstanceTarget', instanceTarget: {
    deploymentId: target.deployment, targetId: target.id, targetArn: instanceArn(target, target.id, target.suffix), status: target.status,
    lastUpdatedAt: target.updated, lifecycleEvents: events.map(lifecycleEvent),
  } };
}

const summaryOf = ({ target, events }: Found): InstanceSummary => ({
  deploymentId: target.deployment, instanceId: target.id, status: target.status, lastUpdatedAt: target.updated, lifecycleEvents: events.map(lifecycleEvent),
});

const lifecycleEvent = (event: EventRow): LifecycleEvent => ({
  lifecycleEventName: event.name, status: event.status, startTime: event.started ?? undefined, endTime: event.ended ?? undefined,
  ...event.diagnostics === null ? {} : { diagnostics: JSON.parse(event.diagnostics) as Diagnostics },
});
