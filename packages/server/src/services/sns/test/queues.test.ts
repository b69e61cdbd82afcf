import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { httpSink, isType } from './sink.ts';

let s: Slipway;
let smtp: SMTPServer;
const mails: { to: string; text: string }[] = [];
let refusals = 0;
beforeAll(async () => {
  smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        if (refusals > 0) {
          refusals -= 1;
          return done(Object.assign(new Error('later'), { responseCode: 451 }));
        }
        mails.push({ to: session.envelope.rcptTo.map((one) => one.address).join(), text: Buffer.concat(chunks).toString() });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => void smtp.listen(0, '127.0.0.1', resolve));
  const { port } = smtp.server.address() as AddressInfo;
  s = await Slipway.start({ settings: { SLIPWAY_ALLOW_ENDPOINTS: '127.0.0.0/8', SLIPWAY_SMTP_URL: `smtp://127.0.0.1:${port}` } });
});
afterAll(async () => {
  await s.stop();
  await new Promise<void>((resolve) => smtp.close(resolve));
});

/** A queue; with the topic, one that takes its messages. */
async function queue(QueueName: string, topicArn?: string): Promise<{ url: string; arn: string }> {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*', Condition: { ArnEquals: { 'aws:SourceArn': topicArn } } } });
  const { QueueUrl } = await s.aws.sqs.createQueue({ QueueName, Attributes: { ...(topicArn && { Policy }), ...(QueueName.endsWith('.fifo') && { FifoQueue: 'true' }) } });
  return { url: QueueUrl!, arn: `arn:aws:sqs:us-east-1:${s.account}:${QueueName}` };
}

async function receive(url: string) {
  const { Messages = [] } = await s.aws.sqs.receiveMessage({ QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] });
  for (const { ReceiptHandle } of Messages) await s.aws.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle });
  return Messages;
}

it('a queue of the same account needs no confirmation, and gets the envelope, or the raw message with its attributes', async () => {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'to-queue' });
  const { url, arn } = await queue('plain', TopicArn);
  const { SubscriptionArn } = await s.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: arn });
  expect(SubscriptionArn).toContain(`${TopicArn}:`);
  expect((await s.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: arn })).SubscriptionArn).toBe(SubscriptionArn);
  await s.aws.sns.publish({ TopicArn, Message: 'hello' });
  await s.settled();
  expect((await receive(url)).map((one) => JSON.parse(one.Body!) as object)).toMatchObject([{ Type: 'Notification', Message: 'hello', TopicArn }]);
  await s.aws.sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: 'true' });
  await s.aws.sns.publish({ TopicArn, Message: 'raw', MessageAttributes: { a: { DataType: 'String', StringValue: 'b' }, bytes: { DataType: 'Binary', BinaryValue: Buffer.from('xyz') } } });
  await s.settled();
  const [raw] = await receive(url);
  expect([raw?.Body, raw?.MessageAttributes?.['a']?.StringValue, Buffer.from(raw!.MessageAttributes!['bytes']!.BinaryValue!).toString()]).toEqual(['raw', 'b', 'xyz']);
});

it('a FIFO topic keeps each group’s order in a FIFO queue, and delivers a deduplication id once', async () => {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'order.fifo', Attributes: { FifoTopic: 'true' } });
  const { url, arn } = await queue('order.fifo', TopicArn);
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes: { RawMessageDelivery: 'true' } });
  const numbers: string[] = [];
  let first: string | undefined;
  for (let index = 0; index < 8; index++) {
    const { SequenceNumber, MessageId } = await s.aws.sns.publish({ TopicArn, Message: String(index), MessageGroupId: index % 2 === 0 ? 'even' : 'odd', MessageDeduplicationId: `d${index}` });
    numbers.push(SequenceNumber!);
    first ??= MessageId;
  }
  expect(numbers).toEqual(numbers.toSorted());
  expect((await s.aws.sns.publish({ TopicArn, Message: '0', MessageGroupId: 'even', MessageDeduplicationId: 'd0' })).MessageId).toBe(first);
  await s.settled();
  const got = [...(await receive(url)), ...(await receive(url))].map((one) => [one.Attributes!.MessageGroupId, one.Body, one.Attributes!.MessageDeduplicationId] as const);
  expect(got.filter(([group]) => group === 'even').map(([, body]) => body)).toEqual(['0', '2', '4', '6']);
  expect(got.filter(([group]) => group === 'odd').map(([, body]) => body)).toEqual(['1', '3', '5', '7']);
  expect(got.find(([, body]) => body === '0')?.[2]).toBe('d0');
});

it('what a queue’s policy does not allow goes to the dead-letter queue, as does what an endpoint refuses', async () => {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'dead' });
  const dead = await queue('dead-letters', TopicArn);
  const closed = await queue('closed');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn });
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: closed.arn, Attributes: { RedrivePolicy } });
  await s.aws.sns.publish({ TopicArn, Message: 'not for you' });
  await s.settled();
  expect((await receive(dead.url)).map((one) => (JSON.parse(one.Body!) as { Message: string }).Message)).toEqual(['not for you']);
  const sink = await httpSink();
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url, Attributes: { RedrivePolicy } });
  await fetch((await sink.until(isType('SubscriptionConfirmation'))).json['SubscribeURL']!);
  sink.respond = (_received, _request, response) => response.writeHead(500).end();
  await s.aws.sns.publish({ TopicArn, Message: 'fails' });
  await s.clock.advance(61_000);
  await sink.close();
  expect((await receive(dead.url)).map((one) => (JSON.parse(one.Body!) as { Message: string }).Message)).toEqual(['fails', 'fails']);
});

it('a topic with many subscriptions is served by a job, none left out', async () => {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'many' });
  const sink = await httpSink();
  for (let index = 0; index < 120; index++) {
    await s.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: `${sink.url}/${index}` });
  }
  await s.settled();
  await Promise.all(sink.received.filter(isType('SubscriptionConfirmation')).map(({ json }) => fetch(json['SubscribeURL']!)));
  sink.received.length = 0;
  await s.aws.sns.publish({ TopicArn, Message: 'all' });
  await s.settled();
  await s.clock.advance(5_000);
  expect(new Set(sink.received.map(({ headers }) => headers['x-amz-sns-subscription-arn'])).size).toBe(120);
  await sink.close();
});

it('e-mail: asks for confirmation by a link, retries what the mail server puts off, and keeps headers to one line', async () => {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'mail', Attributes: { DisplayName: 'Alarms' } });
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'email', Endpoint: 'ann@example.com' });
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'email-json', Endpoint: 'bob@example.com' });
  await s.settled();
  expect(mails.map(({ to }) => to).toSorted()).toEqual(['ann@example.com', 'bob@example.com']);
  for (const { text } of mails.splice(0)) {
    const link = /https?:\/\/\S+Token=[0-9a-f]+/.exec(text.replaceAll('=\r\n', '').replaceAll('=3D', '='))![0];
    expect((await fetch(link)).status).toBe(200);
  }
  refusals = 1;
  await s.aws.sns.publish({ TopicArn, Message: 'disk full\r\nBcc: eve@example.com', Subject: 'Alarm' });
  await s.settled();
  await s.clock.advance(11_000);
  expect(mails.map(({ to }) => to).toSorted()).toEqual(['ann@example.com', 'bob@example.com']);
  const head = mails.find(({ to }) => to.startsWith('ann'))!.text.split('\r\n\r\n', 1)[0]!;
  expect(head).toMatch(/^Subject: Alarm$/m);
  expect(head).toMatch(/^From: Alarms </m);
  expect(head).not.toMatch(/Bcc/i);
  await expect(s.aws.sns.subscribe({ TopicArn, Protocol: 'email', Endpoint: 'a@b.c\r\nBcc: eve@example.com' })).rejects.toThrow(/Email address/);
});

async function aws(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)('aws', ['sns', ...args, '--output', 'json'], { env: { ...process.env, ...s.cliEnvironment() } });
  return JSON.parse(stdout || '{}') as Record<string, unknown>;
}

it('the aws command publishes and lists', async () => {
  const { TopicArn } = await aws('create-topic', '--name', 'cli', '--attributes', 'DisplayName=Cli', '--tags', 'Key=a,Value=b');
  expect(await aws('publish', '--topic-arn', String(TopicArn), '--message', 'x', '--message-attributes', '{"a":{"DataType":"String","StringValue":"b"}}')).toHaveProperty('MessageId');
  expect(await aws('get-topic-attributes', '--topic-arn', String(TopicArn))).toMatchObject({ Attributes: { DisplayName: 'Cli' } });
  expect(await aws('list-tags-for-resource', '--resource-arn', String(TopicArn))).toEqual({ Tags: [{ Key: 'a', Value: 'b' }] });
});
