import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { postgresScratch, type Scratch } from '../../../kernel/database/suite.ts';
import { httpSink, isType } from './sink.ts';

const url = process.env['DATABASE_URL'];

if (url === undefined) {
  it.skip('Two servers on PostgreSQL: not run, since no PostgreSQL was given (DATABASE_URL; scripts/with-postgres.mjs starts one)', () => {});
} else {
  describe('two servers on PostgreSQL', () => {
    let scratch: Scratch;
    let data: string;
    let one: Slipway;
    let two: Slipway;

    beforeAll(async () => {
      scratch = await postgresScratch(url);
      data = await mkdtemp(join(tmpdir(), 'slipway-postgres-'));
      const masterKeyFile = join(data, 'given.key');
      await writeFile(masterKeyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
      const settings = { SLIPWAY_DATABASE_URL: (scratch.options as { url: string }).url, SLIPWAY_MASTER_KEY_FILE: masterKeyFile, SLIPWAY_ALLOW_ENDPOINTS: '127.0.0.0/8' };
      one = await Slipway.start({ data: join(data, 'one'), settings });
      two = await Slipway.start({ data: join(data, 'two'), settings });
    });

    afterAll(async () => {
      await one.stop();
      await two.stop();
      await scratch.remove();
      await rm(data, { recursive: true, force: true });
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
}
