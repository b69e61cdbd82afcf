import type { Slipway } from '@slipway/testkit';
import { beforeAll, expect, test } from 'vitest';
import { describeOnPostgres } from '../../../main/test/on-postgres.ts';
import { httpSink, isType } from './sink.ts';

describeOnPostgres('two servers', (start) => {
  let one: Slipway;
  let two: Slipway;
  beforeAll(async () => {
    one = await start('one', { allowEndpoints: 'loopback' });
    two = await start('two', { allowEndpoints: 'loopback' });
  });

  /** The servers' clocks differ a little, and what the later one publishes is not due at the other yet. */
  const settled = async (): Promise<void> => {
    await Promise.all([one.clock.advance(1_000), two.clock.advance(1_000)]);
    await one.settled();
    await two.settled();
  };

  test('what one server publishes goes out once, whichever of them carries it', async () => {
    const { TopicArn } = await one.aws.sns.createTopic({ Name: 'shared' });
    const sink = await httpSink();
    await two.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url });
    await fetch((await sink.until(isType('SubscriptionConfirmation'))).json['SubscribeURL']!);
    const numbers = Array.from({ length: 20 }, (_, n) => String(n));
    await Promise.all(numbers.map((Message, n) => (n % 2 === 0 ? one : two).aws.sns.publish({ TopicArn, Message })));
    await expect.poll(async () => {
      await settled();
      return sink.received.filter(isType('Notification')).length;
    }, { timeout: 20_000 }).toBeGreaterThanOrEqual(numbers.length);
    expect(sink.received.filter(isType('Notification')).map(({ json }) => json['Message']).toSorted()).toEqual(numbers.toSorted());
    await sink.close();
  });

  test('each group of a FIFO topic keeps its order while both servers publish and deliver', async () => {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' } });
    const { TopicArn } = await one.aws.sns.createTopic({ Name: 'ordered.fifo', Attributes: { FifoTopic: 'true', ContentBasedDeduplication: 'true' } });
    const { QueueUrl } = await two.aws.sqs.createQueue({ QueueName: 'ordered.fifo', Attributes: { FifoQueue: 'true', Policy } });
    await two.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: `arn:aws:sqs:us-east-1:${two.account}:ordered.fifo`, Attributes: { RawMessageDelivery: 'true' } });
    const groups = ['x', 'y', 'z'];
    await Promise.all(groups.map(async (MessageGroupId) => {
      for (let n = 0; n < 8; n++) await (n % 2 === 0 ? one : two).aws.sns.publish({ TopicArn, Message: `${MessageGroupId}${n}`, MessageGroupId });
    }));
    await expect.poll(async () => {
      await settled();
      return (await one.aws.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] })).Attributes;
    }, { timeout: 20_000 }).toEqual({ ApproximateNumberOfMessages: '24' });
    const got: string[] = [];
    for (let page = await two.aws.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 }); page.Messages; page = await one.aws.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 })) {
      for (const { Body, ReceiptHandle } of page.Messages) {
        got.push(Body!);
        await two.aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle });
      }
    }
    for (const group of groups) expect(got.filter((body) => body.startsWith(group))).toEqual(Array.from({ length: 8 }, (_, n) => `${group}${n}`));
  });

  test('nothing goes out from one server once the other has answered Unsubscribe', async () => {
    const { TopicArn } = await one.aws.sns.createTopic({ Name: 'ended' });
    const sink = await httpSink();
    const { SubscriptionArn } = await one.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url, ReturnSubscriptionArn: true });
    await fetch((await sink.until(isType('SubscriptionConfirmation'))).json['SubscribeURL']!);
    sink.respond = (_received, _request, response) => response.writeHead(503).end();
    await one.aws.sns.publish({ TopicArn, Message: 'fails' });
    await sink.until(isType('Notification'));
    await settled();
    await two.aws.sns.unsubscribe({ SubscriptionArn });
    sink.received.length = 0;
    await one.aws.sns.publish({ TopicArn, Message: 'after' });
    await Promise.all([one.clock.advance(120_000), two.clock.advance(120_000)]);
    expect(sink.received).toEqual([]);
    await sink.close();
  });
});
