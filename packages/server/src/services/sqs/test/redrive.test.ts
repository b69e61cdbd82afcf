import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

let s: Slipway;
let made = 0;
let source: string;
let dead: string;

beforeAll(async () => {
  s = await Slipway.start();
});

afterAll(() => s.stop());

beforeEach(async () => {
  made += 1;
  dead = await create(`dead-${made}`);
  source = await create(`source-${made}`, { RedrivePolicy: redrive(`dead-${made}`) });
});

const SECOND = 1_000;
const arnOf = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const nameOf = (url: string): string => url.split('/').at(-1)!;
const redrive = (target: string, maxReceiveCount: unknown = 2): string => JSON.stringify({ deadLetterTargetArn: arnOf(target), maxReceiveCount });
const create = async (QueueName: string, Attributes: Record<string, string> = {}): Promise<string> =>
  (await s.aws.sqs.createQueue({ QueueName, Attributes: { ...Attributes, ...(QueueName.endsWith('.fifo') && { FifoQueue: 'true', ContentBasedDeduplication: 'true' }) } })).QueueUrl!;
const send = (QueueUrl: string, MessageBody: string, MessageGroupId?: string) => s.aws.sqs.sendMessage({ QueueUrl, MessageBody, MessageGroupId });
const receive = async (QueueUrl: string, VisibilityTimeout = 0) =>
  (await s.aws.sqs.receiveMessage({ QueueUrl, VisibilityTimeout, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] })).Messages ?? [];
const bodies = async (QueueUrl: string, timeout?: number) => (await receive(QueueUrl, timeout)).map(({ Body }) => Body);
/** Receives as often as the policy allows, and once more. */
const kill = async (QueueUrl: string) => {
  for (let n = 0; n < 3; n += 1) await receive(QueueUrl);
};

describe('dead letters', () => {
  test('a message that was received too often goes to the dead-letter queue with its id and age', async () => {
    const { MessageId } = await send(source, 'poison');
    const sent = s.clock.now();
    await s.clock.advance(SECOND);
    expect([await bodies(source), await bodies(source), await bodies(source)]).toEqual([['poison'], ['poison'], []]);
    const [got] = await receive(dead);
    expect(got).toMatchObject({ MessageId, Body: 'poison', Attributes: { DeadLetterQueueSourceArn: arnOf(nameOf(source)), SentTimestamp: String(sent), ApproximateReceiveCount: '3' } });
  });

  test('others are received past it in the same call', async () => {
    await send(source, 'poison');
    await receive(source);
    await receive(source);
    await send(source, 'good');
    expect(await bodies(source)).toEqual(['good']);
  });

  test('a dead letter wakes a poll of the dead-letter queue', async () => {
    await send(source, 'poison');
    const waiting = s.aws.sqs.receiveMessage({ QueueUrl: dead, WaitTimeSeconds: 20 });
    await kill(source);
    expect((await waiting).Messages?.[0]?.Body).toBe('poison');
  });

  test('a FIFO queue\'s go on in order in theirs, and make way for their group', async () => {
    const deadFifo = await create(`dead-${made}.fifo`);
    const sourceFifo = await create(`source-${made}.fifo`, { RedrivePolicy: redrive(`dead-${made}.fifo`, 1) });
    for (const body of ['1', '2', '3']) await send(sourceFifo, body, 'g');
    await s.aws.sqs.receiveMessage({ QueueUrl: sourceFifo, MaxNumberOfMessages: 2, VisibilityTimeout: 0 });
    expect(await bodies(sourceFifo, 30)).toEqual(['3']);
    expect(await bodies(deadFifo)).toEqual(['1', '2']);
  });

  test('stay where they are while their queue is gone', async () => {
    await send(source, 'poison');
    await s.aws.sqs.deleteQueue({ QueueUrl: dead });
    await kill(source);
    expect(await bodies(source)).toEqual(['poison']);
  });

  test('are found by their sources', async () => {
    const other = await create(`another-${made}`, { RedrivePolicy: redrive(`dead-${made}`) });
    const first = await s.aws.sqs.listDeadLetterSourceQueues({ QueueUrl: dead, MaxResults: 1 });
    const second = await s.aws.sqs.listDeadLetterSourceQueues({ QueueUrl: dead, MaxResults: 1, NextToken: first.NextToken });
    expect([...first.queueUrls!, ...second.queueUrls!]).toEqual([other, source]);
    await s.aws.sqs.setQueueAttributes({ QueueUrl: source, Attributes: { RedrivePolicy: '' } });
    expect((await s.aws.sqs.listDeadLetterSourceQueues({ QueueUrl: dead })).queueUrls).toEqual([other]);
  });
});

const set = (policy: string) => s.aws.sqs.setQueueAttributes({ QueueUrl: source, Attributes: { RedrivePolicy: policy } });

describe('redrive policies', () => {
  test('need a queue of the same kind, account and region, and a count', async () => {
    await create(`other-${made}.fifo`);
    await expect(set(redrive('absent'))).rejects.toMatchObject({ name: 'InvalidParameterValue', message: `Value ${redrive('absent')} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.` });
    await expect(set(redrive(`other-${made}.fifo`))).rejects.toThrow('Dead-letter queue must be same type of queue as the source.');
    await expect(set(redrive(nameOf(source)))).rejects.toThrow('its own dead-letter target');
    await expect(set(JSON.stringify({ deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:000000000000:x', maxReceiveCount: 1 }))).rejects.toThrow('owner should be same');
    for (const count of [0, 1001, 'x', 1.5]) await expect(set(redrive(nameOf(dead), count))).rejects.toThrow('valid values are from 1 to 1000 both inclusive.');
    await expect(set(JSON.stringify({ deadLetterTargetArn: arnOf(nameOf(dead)) }))).rejects.toThrow('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
    await expect(set('nonsense')).rejects.toThrow('Redrive policy is not a valid JSON map.');
    await set(redrive(nameOf(dead), '5'));
  });

  test('hold only where the dead-letter queue allows it', async () => {
    const allow = (policy: object) => s.aws.sqs.setQueueAttributes({ QueueUrl: dead, Attributes: { RedriveAllowPolicy: JSON.stringify(policy) } });
    await allow({ redrivePermission: 'denyAll' });
    await expect(set(redrive(nameOf(dead)))).rejects.toThrow('does not have permission to use');
    await allow({ redrivePermission: 'byQueue', sourceQueueArns: [arnOf('somebody')] });
    await expect(set(redrive(nameOf(dead)))).rejects.toThrow('does not have permission to use');
    await allow({ redrivePermission: 'byQueue', sourceQueueArns: [arnOf(nameOf(source))] });
    await set(redrive(nameOf(dead)));
    await expect(allow({ redrivePermission: 'byQueue' })).rejects.toThrow('sourceQueueArns must be given with byQueue');
    await expect(allow({ redrivePermission: 'some' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(allow({ redrivePermission: 'byQueue', sourceQueueArns: Array.from({ length: 11 }, (_, n) => arnOf(`q${n}`)) })).rejects.toThrow('more than 10');
  });
});

const start = (over: object = {}) => s.aws.sqs.startMessageMoveTask({ SourceArn: arnOf(nameOf(dead)), ...over });

const tasks = async () => (await s.aws.sqs.listMessageMoveTasks({ SourceArn: arnOf(nameOf(dead)), MaxResults: 10 })).Results ?? [];

describe('message move tasks', () => {
  test('bring dead letters back where they came from, as new messages', async () => {
    const { MessageId } = await send(source, 'poison');
    await kill(source);
    const { TaskHandle } = await start();
    expect(TaskHandle).toBeTruthy();
    await s.settled();
    const [got] = await receive(source);
    expect(got).toMatchObject({ Body: 'poison', Attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(s.clock.now()) } });
    expect(got?.MessageId).not.toBe(MessageId);
    expect(await tasks()).toEqual([{ Status: 'COMPLETED', SourceArn: arnOf(nameOf(dead)), ApproximateNumberOfMessagesMoved: 1, ApproximateNumberOfMessagesToMove: 1, StartedTimestamp: s.clock.now() }]);
  });

  test('or to a destination, as fast as they are told, and can be cancelled', async () => {
    const destination = await create(`destination-${made}`);
    for (let n = 0; n < 5; n += 1) await send(dead, String(n));
    const { TaskHandle } = await start({ DestinationArn: arnOf(`destination-${made}`), MaxNumberOfMessagesPerSecond: 2 });
    await s.settled();
    expect(await bodies(destination)).toHaveLength(2);
    await expect(start()).rejects.toMatchObject({ name: 'UnsupportedOperation', message: expect.stringContaining('There is already a task running.') });
    expect((await tasks())[0]).toMatchObject({ Status: 'RUNNING', TaskHandle, MaxNumberOfMessagesPerSecond: 2, ApproximateNumberOfMessagesMoved: 2, ApproximateNumberOfMessagesToMove: 5 });
    await s.clock.advance(SECOND);
    expect(await bodies(destination)).toHaveLength(4);
    const { taskId } = JSON.parse(Buffer.from(TaskHandle!, 'base64').toString()) as { taskId: string };
    const forged = Buffer.from(JSON.stringify({ taskId, sourceArn: arnOf(nameOf(source)) })).toString('base64');
    await expect(s.aws.sqs.cancelMessageMoveTask({ TaskHandle: forged })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect((await s.aws.sqs.cancelMessageMoveTask({ TaskHandle })).ApproximateNumberOfMessagesMoved).toBe(4);
    await s.clock.advance(5 * SECOND);
    expect([await bodies(destination), await bodies(dead)].map(({ length }) => length)).toEqual([4, 1]);
    await expect(s.aws.sqs.cancelMessageMoveTask({ TaskHandle })).rejects.toMatchObject({ name: 'UnsupportedOperation' });
  });

  test('are over when nothing is left that may be received: what somebody is working on stays', async () => {
    for (const body of ['held', 'free']) {
      await send(source, body);
      await kill(source);
    }
    const [held] = (await s.aws.sqs.receiveMessage({ QueueUrl: dead, VisibilityTimeout: 60 })).Messages ?? [];
    await start();
    await s.settled();
    expect((await tasks())[0]).toMatchObject({ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1 });
    expect((await bodies(source)).concat(held!.Body!).toSorted()).toEqual(['free', 'held']);
    await s.clock.advance(61 * SECOND);
    expect(await bodies(dead)).toEqual([held!.Body]);
  });

  test('fail for messages that came from nowhere', async () => {
    await send(dead, 'orphan');
    await start();
    await s.settled();
    expect((await tasks())[0]).toMatchObject({ Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' });
    expect(await bodies(dead)).toEqual(['orphan']);
  });

  test('are refused for what is no dead-letter queue, and for tasks that are not there', async () => {
    await expect(start({ SourceArn: arnOf(nameOf(source)) })).rejects.toThrow('Source queue must be configured as a Dead Letter Queue.');
    await expect(start({ SourceArn: arnOf('absent') })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: "The resource that you specified for the SourceArn parameter doesn't exist." });
    await expect(start({ SourceArn: 'nonsense' })).rejects.toThrow('You must use this format to specify the SourceArn');
    await expect(start({ MaxNumberOfMessagesPerSecond: 501 })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(s.aws.sqs.cancelMessageMoveTask({ TaskHandle: 'nonsense' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    const handle = Buffer.from(JSON.stringify({ taskId: 'none', sourceArn: arnOf(nameOf(dead)) })).toString('base64');
    await expect(s.aws.sqs.cancelMessageMoveTask({ TaskHandle: handle })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'Task does not exist.' });
  });
});
