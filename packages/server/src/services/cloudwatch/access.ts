import type { CloudWatchApi } from '@slipway/contracts';
import { creating, settingTags } from '../../kernel/access.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { alarmArn, dashboardArn } from './arns.ts';
import type { notYet } from './not-yet.ts';

const onEverything = (): OperationRequest => ({ resource: '*' });
const onResource = (input: { ResourceARN: string }): OperationRequest => ({ resource: input.ResourceARN });
const onDashboard = (input: { DashboardName: string }, call: Call): OperationRequest => ({ resource: dashboardArn(call, input.DashboardName) });
const onAlarm = (input: { AlarmName: string }, call: Call): OperationRequest => ({ resource: alarmArn(call, input.AlarmName) });
const onAlarms = (input: { AlarmNames: string[] }, call: Call): OperationRequest[] => input.AlarmNames.map((name) => ({ resource: alarmArn(call, name) }));
const onAllAlarms = (_input: unknown, call: Call): OperationRequest => ({ resource: alarmArn(call, '*') });

export const access: AccessTable<CloudWatchApi, (typeof notYet)[number]> = {
  PutMetricData: (input) => ({ resource: '*', context: { 'cloudwatch:namespace': input.Namespace } }),
  GetMetricData: onEverything,
  GetMetricStatistics: onEverything,
  ListMetrics: onEverything,
  PutMetricAlarm: (input, call) => creating(onAlarm(input, call), input.Tags, 'cloudwatch:TagResource'),
  PutCompositeAlarm: (input, call) => creating(onAlarm(input, call), input.Tags, 'cloudwatch:TagResource'),
  SetAlarmState: onAlarm,
  DescribeAlarms: onAllAlarms,
  DescribeAlarmsForMetric: onEverything,
  DescribeAlarmHistory: (input, call) => ({ resource: alarmArn(call, input.AlarmName ?? '*') }),
  DeleteAlarms: onAlarms,
  EnableAlarmActions: onAlarms,
  DisableAlarmActions: onAlarms,
  PutDashboard: onDashboard,
  GetDashboard: onDashboard,
  ListDashboards: onEverything,
  DeleteDashboards: (input, call) => input.DashboardNames.map((name) => ({ resource: dashboardArn(call, name) })),
  TagResource: (input) => ({ ...onResource(input), context: settingTags(input.Tags) }),
  UntagResource: (input) => ({ ...onResource(input), context: { 'aws:TagKeys': input.TagKeys } }),
  ListTagsForResource: onResource,
};
