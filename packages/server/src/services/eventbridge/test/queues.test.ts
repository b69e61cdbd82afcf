import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpSink, put } from './house.ts';

const MINUTE = 60_000;
let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start({ settings: { SLIPWAY_ALLOW_ENDPOINTS: 'loopback' } });
});
afterAll(() => s.stop());

const ruleArn = (name: string): string => `arn:aws:events:us-east-1:${s.account}:rule/${name}`;

/** A queue that EventBridge may send to for one rule. */
async function queue(QueueName: string, rule: string | undefined, Attributes: Record<string, string> = {}) {
  const { QueueUrl } = await s.aws.sqs.createQueue({ QueueName, Attributes });
  const arn = `arn:aws:sqs:us-east-1:${s.account}:${QueueName}`;
  if (rule !== undefined) {
    const Statement = { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: arn, Condition: { ArnEquals: { 'aws:SourceArn': ruleArn(rule) } } };
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) } });
  }
  return {
    arn,
    async messages() {
      await s.settled();
      const { Messages = [] } = await s.aws.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] });
      return Messages;
    },
  };
}

const rule = (name: string) => s.aws.eventbridge.putRule({ Name: name, EventPattern: JSON.stringify({ source: [name] }) });

test('a queue gets the event when its policy lets the rule send, and only then', async () => {
  await rule('to-queue');
  const open = await queue('open', 'to-queue');
  const closed = await queue('closed', undefined);
  const others = await queue('others', 'another-rule');
  await s.aws.eventbridge.putTargets({ Rule: 'to-queue', Targets: [open, closed, others].map(({ arn }, n) => ({ Id: `q${n}`, Arn: arn })) });
  const { Entries } = await put(s, 'to-queue', { n: 1 });
  const [message, ...more] = await open.messages();
  expect(more).toEqual([]);
  expect(JSON.parse(message!.Body!)).toMatchObject({ id: Entries![0]!.EventId, source: 'to-queue', detail: { n: 1 } });
  expect(await closed.messages()).toEqual([]);
  expect(await others.messages()).toEqual([]);
});

test('a FIFO queue gets what the transformer makes, in the target\'s message group', async () => {
  await rule('to-fifo');
  const fifo = await queue('ordered.fifo', 'to-fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const InputTransformer = { InputPathsMap: { n: '$.detail.n' }, InputTemplate: '"number <n>"' };
  expect((await s.aws.eventbridge.putTargets({ Rule: 'to-fifo', Targets: [{ Id: 'q', Arn: fifo.arn, SqsParameters: { MessageGroupId: 'g' }, InputTransformer }] })).FailedEntries).toEqual([]);
  await put(s, 'to-fifo', { n: 1 });
  expect(await fifo.messages()).toMatchObject([{ Body: '"number 1"', Attributes: { MessageGroupId: 'g' } }]);
});

test('an event that a template makes too large goes to the dead-letter queue at once', async () => {
  await rule('too-large');
  const [target, dead] = [await queue('too-large', 'too-large'), await queue('too-large-dead', 'too-large')];
  const InputTransformer = { InputPathsMap: { e: '$' }, InputTemplate: '<e>'.repeat(100) };
  await s.aws.eventbridge.putTargets({ Rule: 'too-large', Targets: [{ Id: 'q', Arn: target.arn, InputTransformer, DeadLetterConfig: { Arn: dead.arn } }] });
  await put(s, 'too-large', { text: 'x'.repeat(100_000) });
  const [letter] = await dead.messages();
  expect(letter?.MessageAttributes).toMatchObject({ ERROR_CODE: { StringValue: 'INVALID_PARAMETER' }, RETRY_ATTEMPTS: { StringValue: '0' } });
});

test('a target that refuses for good sends the event to the dead-letter queue at once', async () => {
  await rule('refused');
  const dead = await queue('dead', 'refused');
  const missing = `arn:aws:logs:us-east-1:${s.account}:log-group:/aws/events/nowhere`;
  await s.aws.eventbridge.putTargets({ Rule: 'refused', Targets: [{ Id: 't', Arn: missing, DeadLetterConfig: { Arn: dead.arn } }] });
  await put(s, 'refused', { n: 1 });
  const [letter] = await dead.messages();
  expect(JSON.parse(letter!.Body!)).toMatchObject({ source: 'refused', detail: { n: 1 } });
  expect(texts(letter!.MessageAttributes)).toEqual({
    RULE_ARN: ruleArn('refused'), TARGET_ARN: missing, ERROR_CODE: 'NO_RESOURCE', ERROR_MESSAGE: 'The specified log group does not exist.', RETRY_ATTEMPTS: '0',
  });
});

test('a target that keeps failing sends it when the retry policy is exhausted, and says by what', async () => {
  const sink = await httpSink({ status: 500 });
  const RoleArn = await s.role('invoker', 'events.amazonaws.com', { Action: 'events:InvokeApiDestination', Resource: '*' });
  const { ConnectionArn } = await s.aws.eventbridge.createConnection({ Name: 'c', AuthorizationType: 'API_KEY', AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'v' } } });
  const { ApiDestinationArn: Arn } = await s.aws.eventbridge.createApiDestination({ Name: 'd', ConnectionArn, InvocationEndpoint: sink.url, HttpMethod: 'PUT' });
  await rule('failing');
  const dead = await queue('dead-too', 'failing');
  const target = { Arn, RoleArn, DeadLetterConfig: { Arn: dead.arn } };
  await s.aws.eventbridge.putTargets({ Rule: 'failing', Targets: [{ Id: 'tries', ...target, RetryPolicy: { MaximumRetryAttempts: 2 } }, { Id: 'age', ...target, RetryPolicy: { MaximumEventAgeInSeconds: 60 } }] });
  await put(s, 'failing', {});
  await s.clock.advance(30 * MINUTE);
  const letters = (await dead.messages()).map(({ MessageAttributes }) => texts(MessageAttributes));
  expect(letters).toHaveLength(2);
  expect(letters.find((letter) => letter['EXHAUSTED_RETRY_CONDITION'] === 'MaximumRetryAttempts')).toMatchObject({ ERROR_CODE: 'ERROR_FROM_TARGET', ERROR_MESSAGE: 'The endpoint answered 500.', RETRY_ATTEMPTS: '2', TARGET_ARN: Arn });
  expect(letters.find((letter) => letter['EXHAUSTED_RETRY_CONDITION'] === 'MaximumEventAgeInSeconds')).toMatchObject({ ERROR_CODE: 'ERROR_FROM_TARGET' });
  await sink.close();
});

function texts(attributes: Record<string, { StringValue?: string }> | undefined): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(attributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]));
}
