import type { PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const MINUTE = 60_000;

let s: Slipway;
let Namespace: string;
let AlarmName: string;
let made = 0;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());
beforeEach(() => {
  made += 1;
  Namespace = `Shop/${made}`;
  AlarmName = `alarm ${made}`;
});

const arnOf = (name: string) => `arn:aws:cloudwatch:us-east-1:${s.account}:alarm:${name}`;
/** Into the minute that ended `minutes` ago. */
const put = (Value: number, minutes = 1) => s.aws.cloudwatch.putMetricData({ Namespace, MetricData: [{ MetricName: 'Errors', Value, Timestamp: new Date(Math.floor(s.clock.now() / MINUTE) * MINUTE - minutes * MINUTE) }] });
const alarm = (more: Partial<PutMetricAlarmCommandInput> = {}) =>
  s.aws.cloudwatch.putMetricAlarm({ AlarmName, Namespace, MetricName: 'Errors', Statistic: 'Sum', Period: 60, EvaluationPeriods: 1, Threshold: 10, ComparisonOperator: 'GreaterThanThreshold', ...more });
const describeAlarm = async (name = AlarmName) => (await s.aws.cloudwatch.describeAlarms({ AlarmNames: [name], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] })).MetricAlarms![0]!;
const state = async (name = AlarmName) => {
  const { MetricAlarms, CompositeAlarms } = await s.aws.cloudwatch.describeAlarms({ AlarmNames: [name], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] });
  return [...MetricAlarms!, ...CompositeAlarms!][0]?.StateValue;
};
const history = async (more: object = {}) => (await s.aws.cloudwatch.describeAlarmHistory({ AlarmName, ScanBy: 'TimestampAscending', ...more })).AlarmHistoryItems!;
const events = (name = AlarmName) => s.events.filter((event) => event.detailType === 'CloudWatch Alarm State Change' && event.detail['alarmName'] === name);

const metric = (Id: string, MetricName: string) => ({ Id, MetricStat: { Metric: { Namespace, MetricName }, Period: 60, Stat: 'Sum' }, ReturnData: false });

describe('a metric alarm', () => {
  test('goes to ALARM and back to OK as its metric does, and tells so by events', async () => {
    await alarm({ AlarmDescription: 'too many errors', Dimensions: [], Tags: [{ Key: 'team', Value: 'shop' }] });
    await s.settled();
    expect(await describeAlarm()).toMatchObject({ AlarmName, AlarmArn: arnOf(AlarmName), StateValue: 'INSUFFICIENT_DATA', StateReason: 'Unchecked: Initial alarm creation', ActionsEnabled: true, Dimensions: [], OKActions: [], Threshold: 10, Period: 60 });
    await put(11);
    await s.clock.advance(MINUTE);
    expect(await state()).toBe('ALARM');
    await put(1, 0);
    await s.clock.advance(2 * MINUTE);
    expect(await state()).toBe('OK');
    expect(events().map(({ detail }) => (detail['state'] as { value: string }).value)).toEqual(['ALARM', 'OK']);
    const [first] = events();
    expect(first).toMatchObject({
      source: 'aws.cloudwatch', resources: [arnOf(AlarmName)], region: 'us-east-1', account: s.account,
      detail: {
        alarmName: AlarmName,
        configuration: { description: 'too many errors', metrics: [{ id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, metricStat: { metric: { dimensions: {}, name: 'Errors', namespace: Namespace }, period: 60, stat: 'Sum' }, returnData: true }] },
        previousState: { reason: 'Unchecked: Initial alarm creation', value: 'INSUFFICIENT_DATA', timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+\+0000$/) as string },
        state: { value: 'ALARM', reason: expect.stringMatching(/^Threshold Crossed: 1 out of the last 1 datapoints \[11\.0 \(\d\d\/\d\d\/\d\d \d\d:\d\d:00\)\] was greater than the threshold \(10\.0\) \(minimum 1 datapoint for OK -> ALARM transition\)\.$/) as string },
      },
    });
    expect(JSON.parse((first!.detail['state'] as { reasonData: string }).reasonData)).toMatchObject({ version: '1.0', statistic: 'Sum', period: 60, recentDatapoints: [11], threshold: 10 });
    expect((await history()).map(({ HistoryItemType, HistorySummary }) => [HistoryItemType, HistorySummary])).toEqual([
      ['ConfigurationUpdate', `Alarm "${AlarmName}" created`], ['StateUpdate', 'Alarm updated from INSUFFICIENT_DATA to ALARM'], ['StateUpdate', 'Alarm updated from ALARM to OK'],
    ]);
    expect(JSON.parse((await history({ HistoryItemType: 'StateUpdate' }))[0]!.HistoryData!)).toMatchObject({ version: '1.0', oldState: { stateValue: 'INSUFFICIENT_DATA' }, newState: { stateValue: 'ALARM', stateReasonData: { threshold: 10 } } });
    expect((await s.aws.cloudwatch.listTagsForResource({ ResourceARN: arnOf(AlarmName) })).Tags).toEqual([{ Key: 'team', Value: 'shop' }]);
  });

  test('needs M of N', async () => {
    await alarm({ EvaluationPeriods: 3, DatapointsToAlarm: 2, TreatMissingData: 'notBreaching' });
    await put(20, 3);
    await s.clock.advance(MINUTE);
    expect(await state()).toBe('OK');
    await put(20);
    await s.clock.advance(MINUTE);
    expect(await state()).toBe('ALARM');
    await s.clock.advance(6 * MINUTE);
    expect(await state()).toBe('OK');
  });

  test('watches the result of math', async () => {
    await s.aws.cloudwatch.putMetricAlarm({ AlarmName, EvaluationPeriods: 3, DatapointsToAlarm: 1, Threshold: 50, ComparisonOperator: 'GreaterThanOrEqualToThreshold', Metrics: [{ Id: 'rate', Expression: '100 * errors / FILL(calls, 10)', Label: 'error rate' }, metric('errors', 'Errors'), metric('calls', 'Calls')] });
    await put(5);
    await s.clock.advance(MINUTE);
    expect(await state()).toBe('ALARM');
    expect((await describeAlarm()).Metrics).toHaveLength(3);
    expect(events()[0]!.detail['configuration']).toMatchObject({ metrics: [{ expression: '100 * errors / FILL(calls, 10)', id: 'rate', label: 'error rate', returnData: true }, { id: 'errors' }, { id: 'calls', returnData: false }] });
  });

  test('a percentile of few samples is left alone when it is so told', async () => {
    const p = { Statistic: undefined, ExtendedStatistic: 'p90', TreatMissingData: 'notBreaching' };
    await alarm({ ...p, EvaluateLowSampleCountPercentile: 'ignore' });
    await alarm({ ...p, AlarmName: `${AlarmName}/2` });
    await put(20);
    await s.clock.advance(MINUTE);
    expect([await state(), await state(`${AlarmName}/2`)]).toEqual(['OK', 'ALARM']);
  });

  test('SetAlarmState holds until the next look', async () => {
    await alarm({ TreatMissingData: 'notBreaching' });
    await s.clock.advance(MINUTE);
    await s.aws.cloudwatch.setAlarmState({ AlarmName, StateValue: 'ALARM', StateReason: 'a test', StateReasonData: '{"why":1}' });
    expect(await describeAlarm()).toMatchObject({ StateValue: 'ALARM', StateReason: 'a test', StateReasonData: '{"why":1}' });
    await s.clock.advance(2 * MINUTE);
    expect(await state()).toBe('OK');
    await expect(s.aws.cloudwatch.setAlarmState({ AlarmName: 'none', StateValue: 'OK', StateReason: '' })).rejects.toMatchObject({ name: 'ResourceNotFound' });
    await expect(s.aws.cloudwatch.setAlarmState({ AlarmName, StateValue: 'OK', StateReason: '', StateReasonData: '{' })).rejects.toMatchObject({ name: 'InvalidFormatFault' });
  });

  test('keeps its state when it is put again', async () => {
    await alarm({ TreatMissingData: 'breaching' });
    await s.clock.advance(MINUTE);
    expect(await state()).toBe('ALARM');
    await alarm({ TreatMissingData: 'ignore', Threshold: 99 });
    await s.clock.advance(3 * MINUTE);
    expect(await describeAlarm()).toMatchObject({ StateValue: 'ALARM', Threshold: 99 });
    expect((await history({ HistoryItemType: 'ConfigurationUpdate' })).map((item) => item.HistorySummary)).toEqual([`Alarm "${AlarmName}" created`, `Alarm "${AlarmName}" updated`]);
  });

  test.each<[string, Partial<PutMetricAlarmCommandInput>, string]>([
    ['a period of its own', { Period: 90 }, 'Period must be'], ['a period of a second', { Period: 1 }, 'The parameter Period must be 10, 20, 30 or a multiple of 60.'],
    ['more than a day', { Period: 300, EvaluationPeriods: 300 }, 'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).'],
    ['more datapoints than periods', { DatapointsToAlarm: 2 }, 'The parameter DatapointsToAlarm must be less than or equal to the parameter EvaluationPeriods.'],
    ['two statistics', { ExtendedStatistic: 'p90' }, 'Exactly one of the parameters Statistic and ExtendedStatistic must be specified.'],
    ['anomaly detection', { ThresholdMetricId: 'a' }, 'ThresholdMetricId is not supported by Slipway yet.'],
    ['a band', { ComparisonOperator: 'GreaterThanUpperThreshold' }, 'ComparisonOperator GreaterThanUpperThreshold (anomaly detection) is not supported by Slipway yet.'],
    ['an unknown treatment', { TreatMissingData: 'forget' }, 'Member must satisfy enum value set: [breaching, notBreaching, ignore, missing]'],
    ['an EC2 action', { AlarmActions: ['arn:aws:automate:us-east-1:ec2:stop'] }, 'The alarm action arn:aws:automate:us-east-1:ec2:stop is not supported by Slipway yet.'],
    ['no ARN', { AlarmActions: ['stop'] }, 'Invalid arn syntax: stop'],
    ['six actions', { AlarmActions: Array.from({ length: 6 }, (_, i) => `arn:aws:sns:us-east-1:000000000000:t${i}`) }, 'Member must have length less than or equal to 5'],
    ['math beside a metric', { Metrics: [{ Id: 'e', Expression: '1' }] }, 'The parameters Metrics and MetricName are mutually exclusive and you have specified both.'],
    ['no threshold', { Threshold: undefined }, 'The parameter Threshold is required.'],
  ])('%s is refused', async (_what, more, message) => {
    await expect(alarm(more)).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining(message) as string });
  });
});

const set = (name: string, StateValue: 'ALARM' | 'OK') => s.aws.cloudwatch.setAlarmState({ AlarmName: name, StateValue, StateReason: 'a test' }).then(() => s.settled());
const child = (name: string) => alarm({ AlarmName: name, TreatMissingData: 'ignore' });
const composite = (AlarmRule: string, more: object = {}) => s.aws.cloudwatch.putCompositeAlarm({ AlarmName, AlarmRule, ...more });

describe('composite alarms', () => {

  test('follow their children', async () => {
    const [a, b] = [`a${made}`, `b${made}`];
    await child(a);
    await child(b);
    await composite(`ALARM(${a}) AND NOT ALARM("${b}")`);
    await s.settled();
    expect(await state()).toBe('OK');
    await set(a, 'ALARM');
    expect(await state()).toBe('ALARM');
    const { CompositeAlarms } = await s.aws.cloudwatch.describeAlarms({ AlarmTypes: ['CompositeAlarm'], AlarmNamePrefix: AlarmName });
    expect(CompositeAlarms![0]!.StateReason).toMatch(new RegExp(`^${arnOf(a)} transitioned to ALARM at [A-Z][a-z]+day \\d\\d [A-Z][a-z]+, \\d{4} [\\d:]+ UTC$`));
    expect(JSON.parse(CompositeAlarms![0]!.StateReasonData!)).toMatchObject({ triggeringAlarms: [{ arn: arnOf(a), state: { value: 'ALARM' } }] });
    await set(b, 'ALARM');
    expect(await state()).toBe('OK');
    expect(events().map(({ detail }) => (detail['state'] as { value: string }).value)).toEqual(['OK', 'ALARM', 'OK']);
    const children = await s.aws.cloudwatch.describeAlarms({ ChildrenOfAlarmName: AlarmName });
    expect(children.MetricAlarms).toMatchObject([{ AlarmName: a, StateValue: 'ALARM' }, { AlarmName: b }]);
    expect((await s.aws.cloudwatch.describeAlarms({ ParentsOfAlarmName: a })).CompositeAlarms).toMatchObject([{ AlarmName }]);
    await expect(s.aws.cloudwatch.deleteAlarms({ AlarmNames: [a] })).rejects.toThrow(`Cannot delete ${a} as there are composite alarm(s) depending on it.`);
  });

  test('rules that name no alarm, or the alarm itself, are refused', async () => {
    await expect(composite('ALARM(nobody)')).rejects.toThrow('Could not save the composite alarm as alarms [nobody] in the alarm rule do not exist');
    await expect(composite('ALARM(')).rejects.toThrow('AlarmRule is not valid: it ends too early.');
    await composite('FALSE');
    await s.aws.cloudwatch.putCompositeAlarm({ AlarmName: `${AlarmName}/2`, AlarmRule: `ALARM("${AlarmName}")` });
    await expect(composite(`ALARM("${AlarmName}/2")`)).rejects.toThrow(`The composite alarm ${AlarmName} must not depend on itself.`);
    await expect(composite('TRUE', { ActionsSuppressor: `${AlarmName}/2` })).rejects.toThrow('ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required');
  });

  test('another alarm suppresses their actions, for the waits that they ask for', async () => {
    const [a, quiet] = [`a${made}`, `quiet${made}`];
    await child(a);
    await child(quiet);
    await composite(`ALARM(${a})`, { ActionsSuppressor: quiet, ActionsSuppressorWaitPeriod: 30, ActionsSuppressorExtensionPeriod: 40, AlarmActions: [`arn:aws:sns:us-east-1:${s.account}:absent${made}`] });
    await s.settled();
    await s.clock.advance(31_000);
    const suppressedBy = async () => (await s.aws.cloudwatch.describeAlarms({ AlarmNames: [AlarmName], AlarmTypes: ['CompositeAlarm'] })).CompositeAlarms![0]!.ActionsSuppressedBy;
    await set(a, 'ALARM');
    expect(await suppressedBy()).toBe('WaitPeriod');
    expect(events().at(-1)!.detail['state']).toMatchObject({ actionsSuppressedBy: 'WaitPeriod', actionsSuppressedReason: 'Actions suppressed by WaitPeriod' });
    await set(quiet, 'ALARM');
    expect(await suppressedBy()).toBe('Alarm');
    await s.clock.advance(MINUTE);
    expect(await suppressedBy()).toBe('Alarm');
    await set(quiet, 'OK');
    expect(await suppressedBy()).toBe('ExtensionPeriod');
    await s.clock.advance(39_000);
    expect(await suppressedBy()).toBe('ExtensionPeriod');
    await s.clock.advance(2_000);
    expect(await suppressedBy()).toBeUndefined();
  });
});

describe('the operations on alarms', () => {
  test('DescribeAlarms filters and pages; DescribeAlarmsForMetric finds them by metric', async () => {
    for (const n of [1, 2, 3]) await alarm({ AlarmName: `${AlarmName}/${n}`, AlarmActions: n === 2 ? [`arn:aws:sns:us-east-1:${s.account}:special${made}`] : [], Period: n * 60 });
    await s.aws.cloudwatch.putCompositeAlarm({ AlarmName: `${AlarmName}/4`, AlarmRule: 'TRUE' });
    const names = async (more: object) => (await s.aws.cloudwatch.describeAlarms({ AlarmNamePrefix: `${AlarmName}/`, ...more })).MetricAlarms!.map((each) => each.AlarmName!.at(-1));
    expect(await names({})).toEqual(['1', '2', '3']);
    expect(await names({ ActionPrefix: `arn:aws:sns:us-east-1:${s.account}:special${made}` })).toEqual(['2']);
    expect(await names({ StateValue: 'ALARM' })).toEqual([]);
    const first = await s.aws.cloudwatch.describeAlarms({ AlarmNamePrefix: `${AlarmName}/`, MaxRecords: 2, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] });
    expect(first.MetricAlarms).toHaveLength(2);
    const rest = await s.aws.cloudwatch.describeAlarms({ AlarmNamePrefix: `${AlarmName}/`, MaxRecords: 5, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], NextToken: first.NextToken });
    expect([rest.MetricAlarms!.length, rest.CompositeAlarms!.length, rest.NextToken]).toEqual([1, 1, undefined]);
    await expect(s.aws.cloudwatch.describeAlarms({ NextToken: 'x' })).rejects.toMatchObject({ name: 'InvalidNextToken' });
    await expect(s.aws.cloudwatch.describeAlarms({ AlarmNames: ['a'], AlarmNamePrefix: 'b' })).rejects.toMatchObject({ name: 'ValidationException' });
    const metric = { Namespace, MetricName: 'Errors' };
    expect((await s.aws.cloudwatch.describeAlarmsForMetric(metric)).MetricAlarms).toHaveLength(3);
    expect((await s.aws.cloudwatch.describeAlarmsForMetric({ ...metric, Period: 120 })).MetricAlarms).toMatchObject([{ AlarmName: `${AlarmName}/2` }]);
  });

  test('DeleteAlarms deletes all or none, and their history stays', async () => {
    await alarm();
    await expect(s.aws.cloudwatch.deleteAlarms({ AlarmNames: [AlarmName, 'nobody'] })).rejects.toMatchObject({ name: 'ResourceNotFound' });
    await s.aws.cloudwatch.deleteAlarms({ AlarmNames: [AlarmName] });
    expect(await state()).toBeUndefined();
    expect((await history()).map((item) => item.HistorySummary)).toContain(`Alarm "${AlarmName}" deleted`);
    const page = await s.aws.cloudwatch.describeAlarmHistory({ AlarmName, MaxRecords: 1 });
    expect(page.AlarmHistoryItems).toHaveLength(1);
    expect((await s.aws.cloudwatch.describeAlarmHistory({ AlarmName, MaxRecords: 5, NextToken: page.NextToken })).AlarmHistoryItems).toHaveLength(1);
  });

  test('DisableAlarmActions and EnableAlarmActions', async () => {
    await alarm({ TreatMissingData: 'ignore', AlarmActions: [`arn:aws:sns:us-east-1:${s.account}:absent`] });
    await s.aws.cloudwatch.disableAlarmActions({ AlarmNames: [AlarmName] });
    expect((await describeAlarm()).ActionsEnabled).toBe(false);
    await s.aws.cloudwatch.setAlarmState({ AlarmName, StateValue: 'ALARM', StateReason: 'a test' });
    await s.settled();
    expect(await history({ HistoryItemType: 'Action' })).toEqual([]);
    await s.aws.cloudwatch.enableAlarmActions({ AlarmNames: [AlarmName] });
    expect((await describeAlarm()).ActionsEnabled).toBe(true);
  });

  test('each needs its permission on the alarm', async () => {
    await alarm();
    const them = s.as(await s.user(`watcher-${made}`, { Action: 'cloudwatch:DeleteAlarms', Resource: arnOf('other') }));
    await expect(them.cloudwatch.deleteAlarms({ AlarmNames: [AlarmName] })).rejects.toThrow(`is not authorized to perform: cloudwatch:DeleteAlarms on resource: ${arnOf(AlarmName)}`);
    await expect(them.cloudwatch.describeAlarms({})).rejects.toThrow('is not authorized to perform: cloudwatch:DescribeAlarms');
    await expect(them.cloudwatch.putDashboard({ DashboardName: 'd', DashboardBody: '{}' })).rejects.toThrow(`cloudwatch:PutDashboard on resource: arn:aws:cloudwatch::${s.account}:dashboard/d`);
  });

  test('tags are those of alarms and dashboards only', async () => {
    await alarm();
    const ResourceARN = arnOf(AlarmName);
    await s.aws.cloudwatch.tagResource({ ResourceARN, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] });
    await s.aws.cloudwatch.untagResource({ ResourceARN, TagKeys: ['a'] });
    expect((await s.aws.cloudwatch.listTagsForResource({ ResourceARN })).Tags).toEqual([{ Key: 'b', Value: '2' }]);
    await expect(s.aws.cloudwatch.listTagsForResource({ ResourceARN: arnOf('nobody') })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('dashboards', () => {
  const { stringify } = JSON;
  test('are given back as they were put', async () => {
    const DashboardName = `board-${made}`;
    const DashboardBody = stringify({ widgets: [{ type: 'text', x: 0, y: 0, width: 6, height: 3, properties: { markdown: '# hello' } }], extra: 1 });
    const { DashboardValidationMessages } = await s.aws.cloudwatch.putDashboard({ DashboardName, DashboardBody });
    expect(DashboardValidationMessages).toEqual([{ DataPath: '/extra', Message: "Unexpected property 'extra'" }]);
    const DashboardArn = `arn:aws:cloudwatch::${s.account}:dashboard/${DashboardName}`;
    expect(await s.aws.cloudwatch.getDashboard({ DashboardName })).toMatchObject({ DashboardArn, DashboardBody, DashboardName });
    expect((await s.aws.cloudwatch.listDashboards({ DashboardNamePrefix: DashboardName })).DashboardEntries).toMatchObject([{ DashboardName, DashboardArn, Size: DashboardBody.length }]);
    await s.aws.cloudwatch.deleteDashboards({ DashboardNames: [DashboardName] });
    await expect(s.aws.cloudwatch.getDashboard({ DashboardName })).rejects.toMatchObject({ message: `Dashboard ${DashboardName} does not exist` });
  });

  test.each([
    ['{', { Message: 'The field DashboardBody must be a valid JSON object' }], ['{}', { DataPath: '/', Message: "Should have required property 'widgets'" }],
    [stringify({ widgets: [{ type: 'pie', properties: {} }] }), { DataPath: '/widgets/0/type', Message: 'Should be one of metric, text, log, alarm, explorer, custom' }],
    [stringify({ widgets: [{ type: 'text', width: 30, properties: { markdown: '' } }] }), { DataPath: '/widgets/0/width', Message: 'Should be an integer from 1 to 24' }],
    [stringify({ widgets: [{ type: 'metric', properties: {} }] }), { DataPath: '/widgets/0/properties', Message: "Should have required property 'metrics'" }],
  ])('%s is refused', async (DashboardBody, message) => {
    await expect(s.aws.cloudwatch.putDashboard({ DashboardName: 'bad', DashboardBody })).rejects.toMatchObject({ dashboardValidationMessages: [message] });
  });
});
