import { afterAll, beforeAll, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

async function topicInto(name: string): Promise<{ TopicArn: string; bodies(): Promise<string[]> }> {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: name });
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' } });
  const { QueueUrl } = await s.aws.sqs.createQueue({ QueueName: name, Attributes: { Policy } });
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: `arn:aws:sqs:us-east-1:${s.account}:${name}`, Attributes: { RawMessageDelivery: 'true' } });
  return { TopicArn: TopicArn!, bodies: async () => ((await s.aws.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 })).Messages ?? []).map(({ Body }) => Body!) };
}

it('CloudWatch publishes an alarm’s change by the topic’s default policy', async () => {
  const { TopicArn, bodies } = await topicInto('alarms');
  await s.aws.cloudwatch.putMetricAlarm({ AlarmName: 'full', Namespace: 'N', MetricName: 'M', Statistic: 'Sum', Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold', AlarmActions: [TopicArn] });
  await s.aws.cloudwatch.setAlarmState({ AlarmName: 'full', StateValue: 'ALARM', StateReason: 'test' });
  await s.settled();
  expect((await bodies()).map((body) => (JSON.parse(body) as { AlarmName: string; NewStateValue: string }).NewStateValue)).toEqual(['ALARM']);
});

it('EventBridge publishes once the topic’s policy lets it', async () => {
  const { TopicArn, bodies } = await topicInto('events');
  await s.aws.eventbridge.putRule({ Name: 'r', EventPattern: '{"source":["mine"]}' });
  await s.aws.eventbridge.putTargets({ Rule: 'r', Targets: [{ Id: '1', Arn: TopicArn }] });
  const put = (detail: string) => s.aws.eventbridge.putEvents({ Entries: [{ Source: 'mine', DetailType: 'x', Detail: JSON.stringify({ detail }) }] });
  await put('refused');
  await s.settled();
  const Policy = { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sns:Publish', Resource: TopicArn } };
  await s.aws.sns.setTopicAttributes({ TopicArn, AttributeName: 'Policy', AttributeValue: JSON.stringify(Policy) });
  await put('taken');
  await s.settled();
  expect((await bodies()).map((body) => (JSON.parse(body) as { detail: object }).detail)).toEqual([{ detail: 'taken' }]);
});
