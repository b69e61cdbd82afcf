import { createHash } from 'node:crypto';
import type { MessageAttributeValue, ReceiveMessageCommandInput, SendMessageCommandInput } from '@aws-sdk/client-sqs';
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
  QueueUrl = (await s.aws.sqs.createQueue({ QueueName: `messages-${made}` })).QueueUrl!;
});

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const send = (MessageBody: string, over: Partial<SendMessageCommandInput> = {}) => s.aws.sqs.sendMessage({ QueueUrl, MessageBody, ...over });
const receive = async (over: Partial<ReceiveMessageCommandInput> = {}) => (await s.aws.sqs.receiveMessage({ QueueUrl, ...over })).Messages ?? [];
const bodies = async (over: Partial<ReceiveMessageCommandInput> = {}) => (await receive({ MaxNumberOfMessages: 10, ...over })).map(({ Body }) => Body);
const text = (StringValue: string, DataType = 'String'): MessageAttributeValue => ({ DataType, StringValue });

const counts = async () => {
  const { Attributes = {} } = await s.aws.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed'] });
  return [Attributes.ApproximateNumberOfMessages, Attributes.ApproximateNumberOfMessagesNotVisible, Attributes.ApproximateNumberOfMessagesDelayed];
};

describe('SendMessage', () => {
  test('answers the digests that SDKs verify, and ReceiveMessage answers the same', async () => {
    const attributes = { b: text('4563.5', 'Number.float'), a: text('wert ä'), bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) } };
    const sent = await send('grüße', { MessageAttributes: attributes, MessageSystemAttributes: { AWSTraceHeader: text('Root=1-5759e988-bd862e3fe1be46a994272793') } });
    expect(sent).toMatchObject({ MD5OfMessageBody: createHash('md5').update('grüße').digest('hex'), MD5OfMessageSystemAttributes: expect.stringMatching(/^[0-9a-f]{32}$/), MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const [got] = await receive({ MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] });
    expect(got).toMatchObject({ Body: 'grüße', MessageId: sent.MessageId, MD5OfBody: sent.MD5OfMessageBody, MD5OfMessageAttributes: sent.MD5OfMessageAttributes, MessageAttributes: attributes });
    expect(got?.Attributes).toEqual({
      SenderId: '000000000000', SentTimestamp: String(s.clock.now()), ApproximateReceiveCount: '1', ApproximateFirstReceiveTimestamp: String(s.clock.now()),
      AWSTraceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793',
    });
  });

  test('the digest of attributes is the one of the documented form', async () => {
    expect((await send('x', { MessageAttributes: { attribName1: text('attribValue 1') } })).MD5OfMessageAttributes).toBe('19e27d4e946b072f3f58da80d94fd778');
    expect((await send('x', { MessageAttributes: { binaryAttribute: { DataType: 'Binary', BinaryValue: Buffer.from('Hello binary world!') } } })).MD5OfMessageAttributes).toBe('31a92b15d92f8db860eda32aceb656c3');
  });

  test('takes a message of 1 MiB with its attributes, and none larger', async () => {
    const mebibyte = 1_048_576;
    await send('x'.repeat(mebibyte));
    expect((await receive())[0]?.Body).toHaveLength(mebibyte);
    const refusal = { name: 'InvalidParameterValue', message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.' };
    await expect(send('x'.repeat(mebibyte + 1))).rejects.toMatchObject(refusal);
    await expect(send('x'.repeat(mebibyte - 8), { MessageAttributes: { a: text('bc') } })).rejects.toMatchObject(refusal);
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { MaximumMessageSize: '1024' } });
    await expect(send('ü'.repeat(513))).rejects.toThrow('shorter than 1024 bytes');
  });

  test('refuses bodies, attributes and delays that AWS refuses', async () => {
    await expect(send('')).rejects.toMatchObject({ name: 'MissingParameter', message: 'The request must contain the parameter MessageBody.' });
    await expect(send('a\u0000b')).rejects.toMatchObject({ name: 'InvalidMessageContents', message: expect.stringContaining("Invalid binary character '#x0'") });
    await expect(send('a\uFFFF')).rejects.toMatchObject({ name: 'InvalidMessageContents' });
    await expect(send('x', { DelaySeconds: 901 })).rejects.toThrow('Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.');
    await expect(send('x', { MessageDeduplicationId: 'd' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    const attribute = (name: string, value: MessageAttributeValue) => send('x', { MessageAttributes: { [name]: value } });
    for (const name of ['AWS.x', 'amazon.x', '.x', 'x.', 'a..b', 'a b', 'x'.repeat(257)]) await expect(attribute(name, text('v'))).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(attribute('a', text('v', 'Text'))).rejects.toThrow("The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: Binary, Number, String.");
    await expect(attribute('a', text(''))).rejects.toThrow("The message (user) attribute 'a' must contain a non-empty value of type 'String'.");
    await expect(attribute('a', text('many', 'Number'))).rejects.toThrow("Can't cast the value of message (user) attribute 'a' to a number.");
    await expect(attribute('a', { DataType: undefined, StringValue: 'x' })).rejects.toMatchObject({ name: 'MissingParameter' });
    await expect(attribute('a', { DataType: 'String', StringListValues: ['x'] })).rejects.toMatchObject({ name: 'UnsupportedOperation', Code: 'AWS.SimpleQueueService.UnsupportedOperation' });
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`a${n}`, text('v')]));
    await expect(send('x', { MessageAttributes: eleven })).rejects.toThrow('Number of message attributes [11] exceeds the allowed maximum [10].');
    await expect(send('x', { MessageSystemAttributes: { Other: text('v') } as never })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  test("a standard queue's message group is kept, for fairness, and orders nothing", async () => {
    await send('1', { MessageGroupId: 'tenant' });
    await send('2', { MessageGroupId: 'tenant' });
    const got = await receive({ MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['MessageGroupId'] });
    expect(got.map(({ Body, Attributes }) => [Body, Attributes])).toEqual([['1', { MessageGroupId: 'tenant' }], ['2', { MessageGroupId: 'tenant' }]]);
    await expect(send('3', { MessageGroupId: 'a b' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });
});

describe('time', () => {
  test('a delayed message comes when its delay is over: the queue\'s, or its own', async () => {
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: '10' } });
    await send('as the queue says');
    await send('at once', { DelaySeconds: 0 });
    await send('later', { DelaySeconds: 60 });
    expect(await bodies()).toEqual(['at once']);
    await s.clock.advance(10 * SECOND);
    expect(await bodies()).toEqual(['as the queue says']);
    await s.clock.advance(50 * SECOND);
    expect(await bodies()).toContain('later');
  });

  test('a received message comes back when its visibility timeout is over, and counts its receives', async () => {
    await send('again');
    await receive();
    expect(await bodies()).toEqual([]);
    await s.clock.advance(30 * SECOND);
    const [second] = await receive({ VisibilityTimeout: 5, AttributeNames: ['ApproximateReceiveCount' as never] });
    expect(second?.Attributes).toEqual({ ApproximateReceiveCount: '2' });
    await s.clock.advance(5 * SECOND);
    expect(await bodies()).toEqual(['again']);
  });

  test('messages are counted as they are: to be received, in flight, delayed, and no more once they have expired', async () => {
    for (const body of ['a', 'b', 'c']) await send(body);
    await s.aws.sqs.sendMessage({ QueueUrl, MessageBody: 'later', DelaySeconds: 900 });
    expect(await bodies({ MaxNumberOfMessages: 1, VisibilityTimeout: 43_200 })).toHaveLength(1);
    expect(await counts()).toEqual(['2', '1', '1']);
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { MessageRetentionPeriod: '60' } });
    await s.clock.advance(MINUTE);
    expect(await counts()).toEqual(['0', '0', '0']);
  });

  test('a message expires with its queue\'s retention, also one that is set afterwards, and its row goes', async () => {
    await send('old');
    await s.clock.advance(59 * MINUTE);
    await send('young');
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { MessageRetentionPeriod: '3600' } });
    await s.clock.advance(MINUTE);
    expect(await bodies({ VisibilityTimeout: 0 })).toEqual(['young']);
    expect(await counts()).toEqual(['1', '0', '0']);
    await s.clock.advance(121 * MINUTE);
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { MessageRetentionPeriod: '1209600' } });
    expect(await bodies()).toEqual([]);
  });
});

const names = async (...MessageAttributeNames: string[]) => Object.keys((await receive({ MessageAttributeNames, VisibilityTimeout: 0 }))[0]?.MessageAttributes ?? {}).toSorted();

describe('ReceiveMessage', () => {
  test('answers at most as many as asked for, and says nothing when there is nothing', async () => {
    for (let n = 0; n < 5; n += 1) await send(String(n));
    expect((await bodies({ MaxNumberOfMessages: 2 })).length + (await bodies({ MaxNumberOfMessages: 10 })).length).toBe(5);
    expect(await s.aws.sqs.receiveMessage({ QueueUrl })).not.toHaveProperty('Messages');
  });

  test('message attributes are asked for by name and by prefix', async () => {
    await send('x', { MessageAttributes: { 'app.user': text('u'), 'app.role': text('r'), other: text('o') } });
    expect([await names('other'), await names('app.*'), await names('.*'), await names()]).toEqual([['other'], ['app.role', 'app.user'], ['app.role', 'app.user', 'other'], []]);
  });

  test('refuses numbers and names that AWS refuses', async () => {
    await expect(receive({ MaxNumberOfMessages: 11 })).rejects.toMatchObject({ name: 'InvalidParameterValue', message: 'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.' });
    await expect(receive({ MaxNumberOfMessages: 0 })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(receive({ WaitTimeSeconds: 21 })).rejects.toThrow('Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.');
    await expect(receive({ VisibilityTimeout: 43_201 })).rejects.toThrow('Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.');
    await expect(receive({ MessageSystemAttributeNames: ['Nonsense' as never] })).rejects.toMatchObject({ name: 'InvalidAttributeName' });
    await expect(receive({ ReceiveRequestAttemptId: 'a' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });
});

/** Lets the clock go on until the poll has ended: it is not known from outside when it has begun. */
async function until<T>(poll: Promise<T>): Promise<T> {
  const state = { over: false };
  const ended = poll.finally(() => (state.over = true));
  while (!state.over) await s.clock.advance(SECOND);
  return ended;
}

describe('long polls', () => {
  test('a message that is sent wakes a poll at once, without any time passing', async () => {
    const waiting = receive({ WaitTimeSeconds: 20 });
    await send('woken');
    expect((await waiting).map(({ Body }) => Body)).toEqual(['woken']);
  });

  test('many polls share what comes, each message going to one', async () => {
    const polls = Array.from({ length: 8 }, () => receive({ WaitTimeSeconds: 20 }));
    for (let n = 0; n < 8; n += 1) await send(String(n));
    expect((await Promise.all(polls)).flat().map(({ Body }) => Body).toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });


  test('a delayed message wakes a poll when its time comes, one in flight when its timeout is over', async () => {
    await send('delayed', { DelaySeconds: 7 });
    expect((await until(receive({ WaitTimeSeconds: 20, VisibilityTimeout: 8 }))).map(({ Body }) => Body)).toEqual(['delayed']);
    expect((await until(receive({ WaitTimeSeconds: 20 }))).map(({ Body }) => Body)).toEqual(['delayed']);
  });

  test('a message that is given back wakes a poll that waits for its timeout', async () => {
    await send('given back');
    const [got] = await receive();
    const waiting = receive({ WaitTimeSeconds: 20 });
    await s.aws.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: got!.ReceiptHandle!, VisibilityTimeout: 0 });
    expect((await waiting).map(({ Body }) => Body)).toEqual(['given back']);
  });

  test("ends with nothing after its time, the queue's when it names none", async () => {
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { ReceiveMessageWaitTimeSeconds: '5' } });
    const before = s.clock.now();
    expect(await until(receive())).toEqual([]);
    expect(s.clock.now() - before).toBeGreaterThanOrEqual(5 * SECOND);
  });

  test('a client that goes away takes no message with it', async () => {
    const gone = new AbortController();
    const waiting = s.aws.sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 }, { abortSignal: gone.signal });
    gone.abort();
    await expect(waiting).rejects.toThrow();
    await send('kept');
    expect(await until(receive({ WaitTimeSeconds: 20 })).then((got) => got.map(({ Body }) => Body))).toEqual(['kept']);
  });
});

describe('DeleteMessage', () => {
  test('deletes for good, and again', async () => {
    await send('done');
    const [got] = await receive();
    for (let n = 0; n < 2; n += 1) await s.aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle: got!.ReceiptHandle! });
    await s.clock.advance(MINUTE);
    expect(await bodies()).toEqual([]);
  });

  test('with the handle of an earlier receive it changes nothing; with the last one it works even after the timeout', async () => {
    await send('twice');
    const [first] = await receive();
    await s.clock.advance(30 * SECOND);
    const [second] = await receive();
    await s.aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle: first!.ReceiptHandle! });
    await s.clock.advance(30 * SECOND);
    await s.aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle: second!.ReceiptHandle! });
    expect(await bodies()).toEqual([]);
  });

  test('a handle that was made up, changed, or belongs to another queue is refused', async () => {
    await send('x');
    const [got] = await receive();
    const genuine = Buffer.from(got!.ReceiptHandle!, 'base64').toString();
    const { QueueUrl: other } = await s.aws.sqs.createQueue({ QueueName: `other-${made}` });
    const refusal = { name: 'ReceiptHandleIsInvalid', message: expect.stringContaining('is not a valid receipt handle.') };
    for (const handle of ['nonsense', Buffer.from(`${genuine}1`).toString('base64')]) await expect(s.aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle: handle })).rejects.toMatchObject(refusal);
    await expect(s.aws.sqs.deleteMessage({ QueueUrl: other, ReceiptHandle: got!.ReceiptHandle! })).rejects.toMatchObject(refusal);
  });
});

describe('ChangeMessageVisibility', () => {
  test('hides a message for longer, or gives it back', async () => {
    await send('x');
    const [got] = await receive({ VisibilityTimeout: 10 });
    await s.aws.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: got!.ReceiptHandle!, VisibilityTimeout: 60 });
    await s.clock.advance(59 * SECOND);
    expect(await bodies()).toEqual([]);
    await s.aws.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: got!.ReceiptHandle!, VisibilityTimeout: 0 });
    expect(await bodies()).toEqual(['x']);
  });

  test('refuses what is not in flight, what is gone, and more than 12 hours in all', async () => {
    const change = (ReceiptHandle: string | undefined, VisibilityTimeout = 5) => s.aws.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout });
    await send('x');
    const [got] = await receive({ VisibilityTimeout: 60 });
    await expect(change(got?.ReceiptHandle, 43_201)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await s.clock.advance(SECOND);
    await expect(change(got?.ReceiptHandle, 43_200)).rejects.toThrow('Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]');
    await s.clock.advance(MINUTE);
    await expect(change(got?.ReceiptHandle)).rejects.toMatchObject({ name: 'MessageNotInflight', Code: 'AWS.SimpleQueueService.MessageNotInflight' });
    await s.aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle: got!.ReceiptHandle! });
    await expect(change(got?.ReceiptHandle)).rejects.toThrow('Message does not exist or is not available for visibility timeout change.');
  });
});

const entries = (...ids: string[]) => ids.map((Id) => ({ Id, MessageBody: `body of ${Id}` }));

const sendAll = (Entries: { Id: string; MessageBody: string; DelaySeconds?: number }[]) => s.aws.sqs.sendMessageBatch({ QueueUrl, Entries });

describe('batches', () => {
  test('entries are taken each by itself: what is wrong with one leaves the others', async () => {
    const sent = await sendAll([...entries('a', 'b'), { Id: 'c', MessageBody: 'x', DelaySeconds: 1000 }]);
    expect(sent.Successful?.map(({ Id, MD5OfMessageBody }) => [Id, MD5OfMessageBody])).toEqual(['a', 'b'].map((id) => [id, createHash('md5').update(`body of ${id}`).digest('hex')]));
    expect(sent.Failed).toEqual([{ Id: 'c', SenderFault: true, Code: 'InvalidParameterValue', Message: expect.stringContaining('DelaySeconds') }]);
    const got = await receive({ MaxNumberOfMessages: 10 });
    const changed = await s.aws.sqs.changeMessageVisibilityBatch({ QueueUrl, Entries: [{ Id: '1', ReceiptHandle: got[0]!.ReceiptHandle!, VisibilityTimeout: 5 }, { Id: '2', ReceiptHandle: 'nonsense', VisibilityTimeout: 5 }, { Id: '3', ReceiptHandle: got[1]!.ReceiptHandle! }] });
    expect([changed.Successful, changed.Failed?.map(({ Id, Code }) => [Id, Code])]).toEqual([[{ Id: '1' }], [['2', 'ReceiptHandleIsInvalid'], ['3', 'MissingParameter']]]);
    const deleted = await s.aws.sqs.deleteMessageBatch({ QueueUrl, Entries: [...got.map(({ ReceiptHandle }, n) => ({ Id: String(n), ReceiptHandle })), { Id: 'x', ReceiptHandle: 'nonsense' }] });
    expect([deleted.Successful, deleted.Failed?.length]).toEqual([[{ Id: '0' }, { Id: '1' }], 1]);
    await s.clock.advance(MINUTE);
    expect(await bodies()).toEqual([]);
  });

  test('a batch is refused as a whole when it is empty, too long, too large, or its ids are wrong', async () => {
    await expect(sendAll([])).rejects.toMatchObject({ name: 'EmptyBatchRequest', Code: 'AWS.SimpleQueueService.EmptyBatchRequest', message: 'There should be at least one SendMessageBatchRequestEntry in the request.' });
    await expect(sendAll(entries(...'abcdefghijk'))).rejects.toMatchObject({ name: 'TooManyEntriesInBatchRequest', message: 'Maximum number of entries per request are 10. You have sent 11.' });
    await expect(sendAll(entries('a', 'a'))).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinct', message: 'Id a repeated.' });
    await expect(sendAll(entries('a b'))).rejects.toMatchObject({ name: 'InvalidBatchEntryId' });
    await expect(s.aws.sqs.deleteMessageBatch({ QueueUrl, Entries: [] })).rejects.toMatchObject({ name: 'EmptyBatchRequest' });
    await expect(s.aws.sqs.changeMessageVisibilityBatch({ QueueUrl, Entries: [] })).rejects.toMatchObject({ name: 'EmptyBatchRequest' });
    const half = 'x'.repeat(600_000);
    await expect(sendAll([{ Id: 'a', MessageBody: half }, { Id: 'b', MessageBody: half }])).rejects.toMatchObject({ name: 'BatchRequestTooLong', message: 'Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes.' });
  });
});

test('eight consumers get each of 500 messages once', async () => {
  for (let n = 0; n < 50; n += 1) await s.aws.sqs.sendMessageBatch({ QueueUrl, Entries: Array.from({ length: 10 }, (_, i) => ({ Id: String(i), MessageBody: String(n * 10 + i) })) });
  const seen: string[] = [];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let got = await receive({ MaxNumberOfMessages: 7 }); got.length > 0; got = await receive({ MaxNumberOfMessages: 7 })) {
      seen.push(...got.map(({ Body }) => Body!));
      await s.aws.sqs.deleteMessageBatch({ QueueUrl, Entries: got.map(({ ReceiptHandle }, n) => ({ Id: String(n), ReceiptHandle })) });
    }
  }));
  expect([seen.length, new Set(seen).size]).toEqual([500, 500]);
  await s.clock.advance(MINUTE);
  expect(await bodies()).toEqual([]);
});
