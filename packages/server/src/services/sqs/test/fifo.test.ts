import type { Message, ReceiveMessageCommandInput, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

let s: Slipway;
let QueueUrl: string;
let made = 0;

beforeAll(async () => {
  s = await Slipway.start();
});

afterAll(() => s.stop());

beforeEach(async () => {
  made += 1;
  QueueUrl = (await s.aws.sqs.createQueue({ QueueName: `ordered-${made}.fifo`, Attributes: { FifoQueue: 'true' } })).QueueUrl!;
});

const SECOND = 1_000;
let tokens = 0;
const send = (MessageBody: string, MessageGroupId = 'g', over: Partial<SendMessageCommandInput> = {}) =>
  s.aws.sqs.sendMessage({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId: `unique-${(tokens += 1)}`, ...over });
const receive = async (over: Partial<ReceiveMessageCommandInput> = {}) => (await s.aws.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...over })).Messages ?? [];
const bodies = async (over: Partial<ReceiveMessageCommandInput> = {}) => (await receive(over)).map(({ Body }) => Body);
const remove = ({ ReceiptHandle }: Message) => s.aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle });
const set = (Attributes: Record<string, string>) => s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes });

describe('order', () => {
  test('a group gives its messages in order, and none while one of them is in flight', async () => {
    for (const body of ['1', '2', '3', '4']) await send(body);
    const [first, second] = await receive({ MaxNumberOfMessages: 2 });
    expect([first?.Body, second?.Body]).toEqual(['1', '2']);
    expect(await bodies()).toEqual([]);
    await remove(second!);
    expect(await bodies()).toEqual([]);
    await remove(first!);
    expect(await bodies()).toEqual(['3', '4']);
  });

  test('groups do not wait for each other', async () => {
    await send('a1', 'a');
    await send('b1', 'b');
    await send('a2', 'a');
    expect(await bodies({ MaxNumberOfMessages: 1 })).toEqual(['a1']);
    expect(await bodies()).toEqual(['b1']);
  });

  test('a message that comes back is the first of its group again', async () => {
    await send('1');
    await send('2');
    await receive({ MaxNumberOfMessages: 1, VisibilityTimeout: 10 });
    await s.clock.advance(10 * SECOND);
    expect(await bodies()).toEqual(['1', '2']);
  });

  test('a queue\'s delay holds its groups back', async () => {
    await set({ DelaySeconds: '5' });
    await send('late');
    expect(await bodies()).toEqual([]);
    await s.clock.advance(5 * SECOND);
    expect(await bodies()).toEqual(['late']);
  });

  test('a deletion wakes a poll that waits for the group', async () => {
    await send('1');
    await send('2');
    const [first] = await receive({ MaxNumberOfMessages: 1 });
    const waiting = bodies({ WaitTimeSeconds: 20 });
    await remove(first!);
    expect(await waiting).toEqual(['2']);
  });

  test('eight consumers get each message of ten groups once, each group in order', async () => {
    for (let n = 0; n < 20; n += 1) {
      await s.aws.sqs.sendMessageBatch({ QueueUrl, Entries: Array.from({ length: 10 }, (_, g) => ({ Id: String(g), MessageBody: `${g}:${n}`, MessageGroupId: `g${g}`, MessageDeduplicationId: `${g}-${n}` })) });
    }
    const seen: string[] = [];
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (seen.length < 200) {
        for (const message of await receive({ MaxNumberOfMessages: 4 })) {
          seen.push(message.Body!);
          await remove(message);
        }
      }
    }));
    const groups = Array.from({ length: 10 }, (_, g) => seen.filter((body) => body.startsWith(`${g}:`)).map((body) => Number(body.split(':')[1])));
    expect(groups).toEqual(Array.from({ length: 10 }, () => Array.from({ length: 20 }, (_, n) => n)));
  });

  test('sequence numbers have 20 digits and grow, and a receive shows them', async () => {
    const sent = [await send('1', 'a'), await send('2', 'b')].map(({ SequenceNumber }) => SequenceNumber!);
    expect(sent.every((number) => /^\d{20}$/.test(number)) && sent[0]! < sent[1]!).toBe(true);
    const [got] = await receive({ MessageSystemAttributeNames: ['All'] });
    expect(got?.Attributes).toMatchObject({ SequenceNumber: sent[0], MessageGroupId: 'a', MessageDeduplicationId: expect.stringMatching(/^unique-/) });
  });
});

describe('deduplication', () => {
  test('the same id within five minutes is accepted and not delivered, even after the message is gone', async () => {
    const first = await send('x', 'g', { MessageDeduplicationId: 'd' });
    await remove((await receive())[0]!);
    expect(await send('y', 'h', { MessageDeduplicationId: 'd' })).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    expect(await bodies()).toEqual([]);
    await s.clock.advance(300 * SECOND);
    await send('z', 'g', { MessageDeduplicationId: 'd' });
    expect(await bodies()).toEqual(['z']);
  });

  test('by content, where the queue says so', async () => {
    await set({ ContentBasedDeduplication: 'true' });
    for (const body of ['x', 'x', 'y']) await send(body, 'g', { MessageDeduplicationId: undefined });
    expect(await bodies()).toEqual(['x', 'y']);
  });

  test('per group, where the queue says so', async () => {
    await set({ DeduplicationScope: 'messageGroup' });
    for (const group of ['a', 'b', 'a']) await send(group, group, { MessageDeduplicationId: 'd' });
    expect(await bodies()).toEqual(['a', 'b']);
  });

  test('sends at the same time under one id make one message', async () => {
    const sent = await Promise.all(Array.from({ length: 10 }, () => send('x', 'g', { MessageDeduplicationId: 'd' })));
    expect(new Set(sent.map(({ MessageId }) => MessageId)).size).toBe(1);
    expect(await bodies()).toEqual(['x']);
  });
});

const attempt = () => receive({ ReceiveRequestAttemptId: 'attempt', MaxNumberOfMessages: 1 });

test('a receive attempt that is repeated gets the same messages with the same handles, until one of them changes', async () => {
  for (const body of ['1', '2']) await send(body);
  const [first] = await attempt();
  await s.clock.advance(20 * SECOND);
  expect(await attempt()).toEqual([first]);
  await s.clock.advance(20 * SECOND);
  // The second attempt hid the message anew.
  expect(await bodies()).toEqual([]);
  await remove(first!);
  expect((await attempt()).map(({ Body }) => Body)).toEqual(['2']);
});

test('a handle whose visibility timeout is over is refused', async () => {
  await send('x');
  const [got] = await receive({ VisibilityTimeout: 1 });
  await s.clock.advance(SECOND);
  await expect(remove(got!)).rejects.toMatchObject({ name: 'InvalidParameterValue', message: expect.stringContaining('The receipt handle has expired.') });
});

const bare = (over: Partial<SendMessageCommandInput>) => s.aws.sqs.sendMessage({ QueueUrl, MessageBody: 'x', ...over });

test('messages need a group and a deduplication id, and have no delay of their own', async () => {
  await expect(bare({})).rejects.toMatchObject({ name: 'MissingParameter', message: 'The request must contain the parameter MessageGroupId.' });
  await expect(bare({ MessageGroupId: 'g' })).rejects.toThrow('The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly');
  await expect(send('x', 'g', { DelaySeconds: 5 })).rejects.toThrow('Value 5 for parameter DelaySeconds is invalid.');
  await expect(send('x', 'g'.repeat(129))).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await expect(send('x', 'g', { MessageDeduplicationId: 'ä' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});

test('expired messages make way for the next of their group, and a purge empties every group', async () => {
  await set({ MessageRetentionPeriod: '60' });
  await send('old');
  await s.clock.advance(59 * SECOND);
  await send('young');
  await s.clock.advance(SECOND);
  expect(await bodies({ VisibilityTimeout: 0 })).toEqual(['young']);
  await s.aws.sqs.purgeQueue({ QueueUrl });
  expect(await bodies()).toEqual([]);
  await send('after');
  expect(await bodies()).toEqual(['after']);
});
