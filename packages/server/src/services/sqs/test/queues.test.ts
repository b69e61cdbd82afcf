import type { QueueAttributeName, SQS } from '@aws-sdk/client-sqs';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let s: Slipway;
let sqs: SQS;

beforeAll(async () => {
  s = await Slipway.start();
  ({ sqs } = s.aws);
});

afterAll(() => s.stop());

const MINUTE = 60_000;
const arnOf = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const create = async (QueueName: string, Attributes: Record<string, string> = {}): Promise<string> => (await sqs.createQueue({ QueueName, Attributes })).QueueUrl!;
const attribute = async (QueueUrl: string, name: QueueAttributeName): Promise<string | undefined> => (await sqs.getQueueAttributes({ QueueUrl, AttributeNames: [name] })).Attributes?.[name];

describe('CreateQueue', () => {
  test('answers the URL, again for the same attributes, and refuses other ones', async () => {
    const url = await create('orders', { VisibilityTimeout: '40' });
    expect(url).toBe(`${s.endpoint}/000000000000/orders`);
    expect([await create('orders'), await create('orders', { VisibilityTimeout: '40', DelaySeconds: '0' })]).toEqual([url, url]);
    await expect(create('orders', { VisibilityTimeout: '41' })).rejects.toMatchObject({
      name: 'QueueNameExists', message: 'A queue already exists with the same name and a different value for attribute VisibilityTimeout', Code: 'QueueAlreadyExists',
    });
  });

  test('made twice at the same time, it is one queue', async () => {
    expect(new Set(await Promise.all(Array.from({ length: 10 }, () => create('raced')))).size).toBe(1);
  });

  test('keeps the name of a deleted queue for a minute, and then makes an empty one', async () => {
    const QueueUrl = await create('phoenix');
    await sqs.sendMessage({ QueueUrl, MessageBody: 'old' });
    await sqs.deleteQueue({ QueueUrl });
    await expect(sqs.sendMessage({ QueueUrl, MessageBody: 'x' })).rejects.toMatchObject({ name: 'QueueDoesNotExist', Code: 'AWS.SimpleQueueService.NonExistentQueue', message: 'The specified queue does not exist.' });
    await expect(create('phoenix')).rejects.toMatchObject({ name: 'QueueDeletedRecently' });
    await s.clock.advance(MINUTE);
    await create('phoenix');
    expect(await sqs.receiveMessage({ QueueUrl })).not.toHaveProperty('Messages');
  });

  test('refuses names and attributes that AWS refuses, and KMS keys by name', async () => {
    for (const name of ['a b', 'x'.repeat(81), 'a.b', '']) await expect(create(name)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(create('a.fifo')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(create('plain', { FifoQueue: 'true' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(create('plain', { FifoQueue: 'false' })).rejects.toMatchObject({ name: 'InvalidAttributeName', message: 'Unknown Attribute FifoQueue.' });
    await expect(create('plain', { Colour: 'red' })).rejects.toMatchObject({ name: 'InvalidAttributeName', message: 'Unknown Attribute Colour.' });
    await expect(create('plain', { QueueArn: 'x' })).rejects.toMatchObject({ name: 'InvalidAttributeName' });
    await expect(create('plain', { ContentBasedDeduplication: 'true' })).rejects.toMatchObject({ name: 'InvalidAttributeName' });
    await expect(create('x.fifo', { FifoQueue: 'true', FifoThroughputLimit: 'perMessageGroupId' })).rejects.toMatchObject({ name: 'InvalidAttributeValue' });
    for (const [name, value] of [['DelaySeconds', '901'], ['MaximumMessageSize', '1023'], ['MessageRetentionPeriod', '59'], ['ReceiveMessageWaitTimeSeconds', '21'], ['VisibilityTimeout', '-1'], ['SqsManagedSseEnabled', 'yes'], ['Policy', '{}']] as const) {
      await expect(create('plain', { [name]: value })).rejects.toMatchObject({ name: 'InvalidAttributeValue', message: expect.stringContaining(`Invalid value for the parameter ${name}.`) });
    }
    await expect(create('plain', { KmsMasterKeyId: 'alias/aws/sqs' })).rejects.toThrow('KmsMasterKeyId is not supported by Slipway yet');
    await expect(sqs.createQueue({ QueueName: undefined })).rejects.toMatchObject({ name: 'MissingParameter', message: 'The request must contain the parameter QueueName.' });
  });
});

test('GetQueueUrl: finds a queue by name and owner, and says when there is none', async () => {
  const url = await create('found');
  expect((await sqs.getQueueUrl({ QueueName: 'found', QueueOwnerAWSAccountId: '000000000000' })).QueueUrl).toBe(url);
  await expect(sqs.getQueueUrl({ QueueName: 'lost' })).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
});

test('a queue is found by the URLs of AWS\'s hosts, and not by what is no URL of a queue', async () => {
  await create('hosted');
  for (const host of ['sqs.us-east-1.amazonaws.com', 'queue.amazonaws.com', 'us-east-1.queue.amazonaws.com']) {
    const QueueUrl = `https://${host}/000000000000/hosted`;
    expect(await attribute(QueueUrl, 'QueueArn')).toBe(arnOf('hosted'));
  }
  for (const QueueUrl of ['hosted', 'https://example.com/hosted', `${s.endpoint}/1/hosted`]) {
    await expect(sqs.purgeQueue({ QueueUrl })).rejects.toMatchObject({ name: 'InvalidAddress', message: `The address ${QueueUrl} is not valid for this endpoint.` });
  }
});

test('ListQueues: by prefix, in pages for those who ask for them', async () => {
  for (const name of ['list-a', 'list-b', 'list-c']) await create(name);
  const first = await sqs.listQueues({ QueueNamePrefix: 'list-', MaxResults: 2 });
  const second = await sqs.listQueues({ QueueNamePrefix: 'list-', MaxResults: 2, NextToken: first.NextToken });
  expect([first, second].map(({ QueueUrls }) => QueueUrls?.map((url) => url.split('/').at(-1)))).toEqual([['list-a', 'list-b'], ['list-c']]);
  expect(second.NextToken).toBeUndefined();
  expect(await sqs.listQueues({ QueueNamePrefix: 'nothing' })).not.toHaveProperty('QueueUrls');
  await expect(sqs.listQueues({ QueueNamePrefix: 'other', MaxResults: 2, NextToken: first.NextToken })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await expect(sqs.listQueues({ MaxResults: 1001 })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});

describe('attributes', () => {
  test('All answers defaults, counts and times', async () => {
    const QueueUrl = await create('counted');
    await sqs.sendMessage({ QueueUrl, MessageBody: 'a' });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'b' });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'c', DelaySeconds: 60 });
    await sqs.receiveMessage({ QueueUrl });
    const now = String(Math.floor(s.clock.now() / 1000));
    expect((await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['All'] })).Attributes).toEqual({
      ApproximateNumberOfMessages: '1', ApproximateNumberOfMessagesDelayed: '1', ApproximateNumberOfMessagesNotVisible: '1', CreatedTimestamp: now, DelaySeconds: '0',
      LastModifiedTimestamp: now, MaximumMessageSize: '1048576', MessageRetentionPeriod: '345600', QueueArn: arnOf('counted'), ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true', VisibilityTimeout: '30',
    });
    expect(await sqs.getQueueAttributes({ QueueUrl })).not.toHaveProperty('Attributes');
    await expect(attribute(QueueUrl, 'Nonsense' as QueueAttributeName)).rejects.toMatchObject({ name: 'InvalidAttributeName', message: 'Unknown Attribute Nonsense.' });
  });

  test('a FIFO queue has its own, and SetQueueAttributes changes them and the time', async () => {
    const QueueUrl = await create('set.fifo', { FifoQueue: 'true' });
    await s.clock.advance(5_000);
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { ContentBasedDeduplication: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' } });
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['All'] });
    expect(Attributes).toMatchObject({ FifoQueue: 'true', ContentBasedDeduplication: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' });
    expect(Number(Attributes?.['LastModifiedTimestamp']) - Number(Attributes?.['CreatedTimestamp'])).toBe(5);
    await expect(sqs.setQueueAttributes({ QueueUrl, Attributes: { FifoQueue: 'false' } })).rejects.toMatchObject({ name: 'InvalidAttributeName' });
    await expect(sqs.setQueueAttributes({ QueueUrl: `${QueueUrl}x`, Attributes: {} })).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});

test('PurgeQueue: what was sent before is gone, what comes after stays, and the next purge has to wait a minute', async () => {
  const QueueUrl = await create('purged');
  await sqs.sendMessage({ QueueUrl, MessageBody: 'flying' });
  const { Messages: [flying] = [] } = await sqs.receiveMessage({ QueueUrl });
  await sqs.sendMessage({ QueueUrl, MessageBody: 'before' });
  await sqs.purgeQueue({ QueueUrl });
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: flying!.ReceiptHandle! });
  await sqs.sendMessage({ QueueUrl, MessageBody: 'after' });
  expect((await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 })).Messages?.map(({ Body }) => Body)).toEqual(['after']);
  await expect(sqs.purgeQueue({ QueueUrl })).rejects.toMatchObject({ name: 'PurgeQueueInProgress', Code: 'AWS.SimpleQueueService.PurgeQueueInProgress' });
  await s.clock.advance(MINUTE);
  await sqs.purgeQueue({ QueueUrl });
});

test('tags are set, listed, replaced and removed, and their limits hold', async () => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: 'tagged', tags: { team: 'a', stage: 'test' } });
  await sqs.tagQueue({ QueueUrl, Tags: { team: 'b' } });
  await sqs.untagQueue({ QueueUrl, TagKeys: ['stage', 'absent'] });
  expect((await sqs.listQueueTags({ QueueUrl })).Tags).toEqual({ team: 'b' });
  await expect(sqs.tagQueue({ QueueUrl, Tags: { 'aws:x': 'y' } })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});

test('a caller needs permission for each queue, and conditions see its tags', async () => {
  await sqs.createQueue({ QueueName: 'allowed', tags: { team: 'a' } });
  await create('denied');
  const aws = s.as(await s.user('consumer', { Action: 'sqs:*', Resource: '*', Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } } }));
  await aws.sqs.sendMessage({ QueueUrl: `${s.endpoint}/000000000000/allowed`, MessageBody: 'x' });
  await expect(aws.sqs.sendMessage({ QueueUrl: `${s.endpoint}/000000000000/denied`, MessageBody: 'x' })).rejects.toMatchObject({ name: 'AccessDenied', message: expect.stringContaining('sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:denied') });
  await expect(aws.sqs.deleteMessageBatch({ QueueUrl: `${s.endpoint}/000000000000/denied`, Entries: [] })).rejects.toThrow('sqs:DeleteMessage on');
  await expect(aws.sqs.listQueues({})).rejects.toMatchObject({ name: 'AccessDenied' });
});

const policyOf = async (QueueUrl: string) => JSON.parse((await attribute(QueueUrl, 'Policy')) ?? '{}') as { Statement?: Record<string, unknown>[] };

describe('permissions', () => {
  test('AddPermission writes a statement, RemovePermission takes it out', async () => {
    const QueueUrl = await create('shared');
    await sqs.addPermission({ QueueUrl, Label: 'sends', AWSAccountIds: ['111111111111'], Actions: ['SendMessage'] });
    await sqs.addPermission({ QueueUrl, Label: 'both', AWSAccountIds: ['111111111111', '222222222222'], Actions: ['ReceiveMessage', 'DeleteMessage'] });
    expect((await policyOf(QueueUrl)).Statement).toEqual([
      { Sid: 'sends', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111111111111:root' }, Action: 'SQS:SendMessage', Resource: arnOf('shared') },
      { Sid: 'both', Effect: 'Allow', Principal: { AWS: ['arn:aws:iam::111111111111:root', 'arn:aws:iam::222222222222:root'] }, Action: ['SQS:ReceiveMessage', 'SQS:DeleteMessage'], Resource: arnOf('shared') },
    ]);
    await expect(sqs.addPermission({ QueueUrl, Label: 'sends', AWSAccountIds: ['111111111111'], Actions: ['*'] })).rejects.toThrow('Value sends for parameter Label is invalid. Reason: Already exists.');
    await sqs.removePermission({ QueueUrl, Label: 'sends' });
    await expect(sqs.removePermission({ QueueUrl, Label: 'sends' })).rejects.toThrow("can't find label");
    await sqs.removePermission({ QueueUrl, Label: 'both' });
    expect(await attribute(QueueUrl, 'Policy')).toBeUndefined();
  });

  test('AddPermission refuses unknown actions, accounts that are none, and too many of either', async () => {
    const QueueUrl = await create('picky');
    const add = (over: object) => sqs.addPermission({ QueueUrl, Label: 'l', AWSAccountIds: ['111111111111'], Actions: ['SendMessage'], ...over });
    await expect(add({ Actions: ['Nonsense'] })).rejects.toThrow('Value SQS:Nonsense for parameter ActionName is invalid.');
    await expect(add({ AWSAccountIds: ['bob'] })).rejects.toThrow('Value bob for parameter PrincipalId is invalid. Reason: Unable to verify.');
    await expect(add({ Label: 'a b' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(add({ Actions: [] })).rejects.toMatchObject({ name: 'MissingParameter' });
    await expect(add({ Actions: Array(8).fill('SendMessage') })).rejects.toMatchObject({ name: 'OverLimit' });
  });

  test("a queue's policy lets a user in that has no policy of its own, and a Deny in it wins over root's own rights of users", async () => {
    const QueueUrl = await create('guarded');
    const user = await s.user('bare');
    const { sqs: bare } = s.as(user);
    await expect(bare.sendMessage({ QueueUrl, MessageBody: 'x' })).rejects.toMatchObject({ name: 'AccessDenied' });
    const statement = { Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'sqs:SendMessage', Resource: arnOf('guarded') };
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) } });
    await bare.sendMessage({ QueueUrl, MessageBody: 'x' });
    await expect(bare.receiveMessage({ QueueUrl })).rejects.toMatchObject({ name: 'AccessDenied' });
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Effect: 'Deny' }] }) } });
    await expect(bare.sendMessage({ QueueUrl, MessageBody: 'x' })).rejects.toMatchObject({ name: 'AccessDenied' });
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: '' } });
    expect(await attribute(QueueUrl, 'Policy')).toBeUndefined();
  });
});
