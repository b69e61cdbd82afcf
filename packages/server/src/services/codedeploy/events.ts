import type { DomainEvent } from '../../engine/outbox.ts';
import { applicationArn, groupArn, instanceArn } from './arns.ts';
import type { TargetState } from './decide.ts';
import type { DeploymentRow, DeploymentStatus, TargetRow } from './store.ts';

/** EventBridge's states for a deployment: CREATE, START, and the three ends. */
const STATES: Record<DeploymentStatus, string> = { Created: 'CREATE', InProgress: 'START', Succeeded: 'SUCCESS', Failed: 'FAILURE', Stopped: 'STOP' };
const INSTANCE_STATES: Partial<Record<TargetState, string>> = { InProgress: 'START', Succeeded: 'SUCCESS', Failed: 'FAILURE' };

const common = (row: DeploymentRow) => ({
  account: row.account, region: row.region, source: 'aws.codedeploy', aggregate: `codedeploy/deployment/${row.id}`,
});

const detailOf = (row: DeploymentRow, state: string) => ({
  region: row.region, deploymentId: row.id, instanceGroupId: row.group_id, application: row.application, deploymentGroup: row.group_name, state,
});

/** CodeDeploy Deployment State-change Notification. */
export function deploymentChange(row: DeploymentRow, status: DeploymentStatus): DomainEvent {
  return {
    ...common(row), detailType: 'CodeDeploy Deployment State-change Notification',
    resources: [applicationArn(row, row.application), groupArn(row, row.application, row.group_name)],
    detail: detailOf(row, STATES[status]),
  };
}

/** CodeDeploy Instance State-change Notification; undefined for changes that AWS does not announce. */
export function instanceChange(row: DeploymentRow, target: TargetRow, status: TargetState): DomainEvent | undefined {
  const state = INSTANCE_STATES[status];
  if (state === undefined) return undefined;
  return {
    ...common(row), detailType: 'CodeDeploy Instance State-change Notification',
    resources: [instanceArn(row, target.id, target.suffix), groupArn(row, row.application, row.group_name), applicationArn(row, row.application)],
    detail: { ...detailOf(row, state), instanceId: target.id },
  };
}
