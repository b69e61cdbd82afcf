import { expect, it } from 'vitest';
import { deploymentChange, instanceChange } from './events.ts';
import type { DeploymentRow, TargetRow } from './store.ts';

/** The fields of the examples of CodeDeploy's events in the Amazon EventBridge User Guide. */
const row = { account: '123456789012', region: 'us-east-1', id: 'd-123456789', application: 'myApplication', group_name: 'myDeploymentGroup', group_id: '9fd2fbef-2157-40d8-91e7-6845af69e2d2' } as unknown as DeploymentRow;
const common = { account: '123456789012', region: 'us-east-1', source: 'aws.codedeploy', aggregate: expect.any(String) };
const detail = { region: 'us-east-1', deploymentId: 'd-123456789', instanceGroupId: '9fd2fbef-2157-40d8-91e7-6845af69e2d2', application: 'myApplication', deploymentGroup: 'myDeploymentGroup' };
const application = 'arn:aws:codedeploy:us-east-1:123456789012:application:myApplication';
const group = 'arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:myApplication/myDeploymentGroup';

it.each([['InProgress', 'START'], ['Succeeded', 'SUCCESS'], ['Failed', 'FAILURE'], ['Stopped', 'STOP']] as const)('CodeDeploy Deployment State-change Notification of a deployment that is %s has the documented form', (status, state) => {
  expect(deploymentChange(row, status)).toEqual({ ...common, detailType: 'CodeDeploy Deployment State-change Notification', resources: [application, group], detail: { ...detail, state } });
});

it('CodeDeploy Instance State-change Notification has the documented form, and is sent for no other state', () => {
  const target = { id: 'web-1', suffix: 'abcdef' } as unknown as TargetRow;
  expect(instanceChange(row, target, 'Succeeded')).toEqual({
    ...common, detailType: 'CodeDeploy Instance State-change Notification', resources: [expect.stringMatching(/^arn:aws:codedeploy:us-east-1:123456789012:instance\/web-1_abcdef$/), group, application],
    detail: { ...detail, instanceId: 'web-1', state: 'SUCCESS' },
  });
  expect(instanceChange(row, target, 'Pending')).toBeUndefined();
});
