import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MINUTE = 60_000;
const alarmName = 'too many errors';

let s: Slipway;
let topic: string;
let queueUrl: string;
beforeAll(async () => {
  s = await Slipway.start();
  topic = (await s.aws.sns.createTopic({ Name: 'alarms' })).TopicArn!;
  queueUrl = (await s.aws.sqs.createQueue({ QueueName: 'told' })).QueueUrl!;
  const queue = `arn:aws:sqs:us-east-1:${s.account}:told`;
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: queue }] });
  await s.aws.sqs.setQueueAttributes({ QueueUrl: queueUrl, Attributes: { Policy } });
  await s.aws.sns.subscribe({ TopicArn: topic, Protocol: 'sqs', Endpoint: queue });
});
afterAll(() => s.stop());

const arn = (): string => `arn:aws:cloudwatch:us-east-1:${s.account}:alarm:${alarmName}`;
const allow = (condition: object) => s.aws.sns.setTopicAttributes({
  TopicArn: topic, AttributeName: 'Policy',
  AttributeValue: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish', Resource: topic, Condition: condition }] }),
});
const actions = async () => (await s.aws.cloudwatch.describeAlarmHistory({ AlarmName: alarmName, HistoryItemType: 'Action' })).AlarmHistoryItems!;

test('an alarm tells its topic in AWS\'s words, as the topic\'s policy allows it', async () => {
  await allow({ ArnLike: { 'aws:SourceArn': arn() }, StringEquals: { 'aws:SourceAccount': s.account } });
  await s.aws.cloudwatch.putMetricAlarm({
    AlarmName: alarmName, AlarmDescription: 'wake somebody', Namespace: 'Shop', MetricName: 'Errors', Dimensions: [{ Name: 'Service', Value: 'cart' }], Statistic: 'Average', Period: 60,
    EvaluationPeriods: 1, Threshold: 10, ComparisonOperator: 'GreaterThanThreshold', AlarmActions: [topic], TreatMissingData: 'notBreaching',
  });
  await s.clock.advance(MINUTE);
  const Timestamp = new Date(s.clock.now() - MINUTE);
  await s.aws.cloudwatch.putMetricData({ Namespace: 'Shop', MetricData: [{ MetricName: 'Errors', Dimensions: [{ Name: 'Service', Value: 'cart' }], Value: 11, Timestamp }] });
  await s.clock.advance(2 * MINUTE);
  const { Messages: messages = [] } = await s.aws.sqs.receiveMessage({ QueueUrl: queueUrl });
  expect(messages).toHaveLength(1);
  const envelope = JSON.parse(messages[0]!.Body!) as { Subject: string; Message: string };
  expect(envelope.Subject).toBe(`ALARM: "${alarmName}" in US East (N. Virginia)`);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/) as string;
  expect(JSON.parse(envelope.Message)).toEqual({
    AlarmName: alarmName, AlarmDescription: 'wake somebody', AWSAccountId: s.account, AlarmConfigurationUpdatedTimestamp: time, NewStateValue: 'ALARM',
    NewStateReason: expect.stringMatching(/^Threshold Crossed: 1 out of the last 1 datapoints \[11\.0 /) as string, StateChangeTime: time, Region: 'US East (N. Virginia)', AlarmArn: arn(), OldStateValue: 'OK',
    OKActions: [], AlarmActions: [topic], InsufficientDataActions: [],
    Trigger: {
      MetricName: 'Errors', Namespace: 'Shop', StatisticType: 'Statistic', Statistic: 'AVERAGE', Unit: null, Dimensions: [{ value: 'cart', name: 'Service' }], Period: 60, EvaluationPeriods: 1,
      DatapointsToAlarm: 1, ComparisonOperator: 'GreaterThanThreshold', Threshold: 10, TreatMissingData: 'notBreaching', EvaluateLowSampleCountPercentile: '',
    },
  });
  expect(await actions()).toMatchObject([{ HistorySummary: `Successfully executed action ${topic}` }]);
});

test('a topic that does not allow it is not told, and the history says so', async () => {
  await allow({ ArnLike: { 'aws:SourceArn': 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:another' } });
  await s.clock.advance(2 * MINUTE);
  await s.aws.cloudwatch.setAlarmState({ AlarmName: alarmName, StateValue: 'ALARM', StateReason: 'a test' });
  await s.settled();
  const [newest] = await actions();
  expect(newest!.HistorySummary).toContain(`Failed to execute action ${topic}. Received error: "`);
  expect(newest!.HistorySummary).toContain('is not authorized to perform: sns:Publish');
});
