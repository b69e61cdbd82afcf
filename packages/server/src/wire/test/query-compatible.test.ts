import { CloudWatchClient, GetDashboardCommand } from '@aws-sdk/client-cloudwatch';
import { GetQueueUrlCommand, QueueDoesNotExist, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { signRequest } from '@slipway/sigv4';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { permanent, stubServer } from './stub-server.ts';
import type { StubServer } from './stub-server.ts';

let server: StubServer;
let config: { endpoint: string; region: string; credentials: typeof permanent; maxAttempts: number };

beforeAll(async () => {
  server = await stubServer(['cloudwatch', 'iam', 'sns', 'sqs']);
  config = { endpoint: server.endpoint, region: 'us-east-1', credentials: permanent, maxAttempts: 1 };
});
afterAll(() => server.close());
beforeEach(() => {
  server.answer = {};
  server.heard.length = 0;
});

interface Answer { readonly status: number; readonly headers: Headers; readonly text: string }

async function post(service: string, path: string, body: string, extra: Record<string, string> = {}): Promise<Answer> {
  const url = `${server.endpoint}${path}`;
  const headers = signRequest({
    method: 'POST', url, body, service, region: 'us-east-1', credentials: permanent, now: Date.now(),
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', ...extra },
  });
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** As SDKs sent it to SQS before there was JSON. */
const old = (action: string, parameters: Record<string, string> = {}, path = '/111122223333/q'): Promise<Answer> =>
  post('sqs', path, new URLSearchParams({ Action: action, Version: '2012-11-05', ...parameters }).toString());

test('SQS in awsQuery: a request to the queue\'s own URL names the queue by it', async () => {
  server.answer = { MD5OfMessageBody: '92eb5ffee6ae2fec3ad71c777531578f', MessageId: 'i' };
  const { text, status, headers } = await old('SendMessage', { MessageBody: 'b&', DelaySeconds: '5' });
  expect(server.heard).toEqual([{ service: 'sqs', operation: 'SendMessage', input: { QueueUrl: `${server.endpoint}/111122223333/q`, MessageBody: 'b&', DelaySeconds: 5 } }]);
  expect([status, headers.get('content-type')]).toEqual([200, 'text/xml']);
  expect(text).toBe(
    '<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult><MD5OfMessageBody>92eb5ffee6ae2fec3ad71c777531578f</MD5OfMessageBody>' +
      '<MessageId>i</MessageId></SendMessageResult><ResponseMetadata><RequestId>the-request-id</RequestId></ResponseMetadata></SendMessageResponse>',
  );
});

test('SQS in awsQuery: a QueueUrl that is given wins, and one is not made up where none belongs', async () => {
  await old('PurgeQueue', { QueueUrl: 'http://x/111122223333/other' });
  await old('PurgeQueue', { QueueUrl: 'http://x/111122223333/other' }, '/');
  await old('CreateQueue', { 'QueueName': 'q', 'Attribute.1.Name': 'FifoQueue', 'Attribute.1.Value': 'true', 'Tag.1.Key': 'k', 'Tag.1.Value': 'v' }, '/some/path');
  expect((await old('PurgeQueue', {}, '/')).text).toContain('<Code>MissingParameter</Code>');
  expect(server.heard.map(({ input }) => input)).toEqual([
    { QueueUrl: 'http://x/111122223333/other' }, { QueueUrl: 'http://x/111122223333/other' }, { QueueName: 'q', Attributes: { FifoQueue: 'true' }, tags: { k: 'v' } },
  ]);
});

test('SQS in awsQuery: batches, attributes and lists are flat', async () => {
  server.answer = { Successful: [{ Id: 'a', MessageId: 'i', MD5OfMessageBody: 'm' }, { Id: 'b', MessageId: 'j', MD5OfMessageBody: 'n' }], Failed: [{ Id: 'c', Code: 'x', SenderFault: true, Message: 'no' }] };
  const { text } = await old('SendMessageBatch', {
    'SendMessageBatchRequestEntry.1.Id': 'a',
    'SendMessageBatchRequestEntry.1.MessageBody': 'one',
    'SendMessageBatchRequestEntry.1.MessageAttribute.1.Name': 'k',
    'SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType': 'Binary',
    'SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue': 'AP8=',
    'SendMessageBatchRequestEntry.1.MessageAttribute.2.Name': 'n',
    'SendMessageBatchRequestEntry.1.MessageAttribute.2.Value.DataType': 'Number',
    'SendMessageBatchRequestEntry.1.MessageAttribute.2.Value.StringValue': '1.5',
    'SendMessageBatchRequestEntry.10.Id': 'c',
    'SendMessageBatchRequestEntry.10.MessageBody': 'three',
    'SendMessageBatchRequestEntry.2.Id': 'b',
    'SendMessageBatchRequestEntry.2.MessageBody': 'two',
    'SendMessageBatchRequestEntry.2.DelaySeconds': '1',
  });
  expect(server.heard[0]!.input['Entries']).toEqual([
    { Id: 'a', MessageBody: 'one', MessageAttributes: { k: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) }, n: { DataType: 'Number', StringValue: '1.5' } } },
    { Id: 'b', MessageBody: 'two', DelaySeconds: 1 },
    { Id: 'c', MessageBody: 'three' },
  ]);
  expect(text).toContain(
    '<SendMessageBatchResult><SendMessageBatchResultEntry><Id>a</Id><MessageId>i</MessageId><MD5OfMessageBody>m</MD5OfMessageBody></SendMessageBatchResultEntry><SendMessageBatchResultEntry>',
  );
  expect(text).toContain('<BatchResultErrorEntry><Id>c</Id><SenderFault>true</SenderFault><Code>x</Code><Message>no</Message></BatchResultErrorEntry></SendMessageBatchResult>');
});

test('SQS in awsQuery: messages and attributes are answered flat', async () => {
  server.answer = { Messages: [{ MessageId: 'i', ReceiptHandle: 'r', MD5OfBody: 'm', Body: '<b>', Attributes: { SenderId: 's' }, MessageAttributes: { k: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) } } }] };
  const { text } = await old('ReceiveMessage', { 'AttributeName.1': 'SenderId', 'MessageAttributeName.1': 'All', 'WaitTimeSeconds': '0' });
  expect(server.heard[0]!.input).toMatchObject({ AttributeNames: ['SenderId'], MessageAttributeNames: ['All'], WaitTimeSeconds: 0 });
  expect(text).toContain(
    '<ReceiveMessageResult><Message><MessageId>i</MessageId><ReceiptHandle>r</ReceiptHandle><MD5OfBody>m</MD5OfBody><Body>&lt;b&gt;</Body>' +
      '<Attribute><Name>SenderId</Name><Value>s</Value></Attribute>' +
      '<MessageAttribute><Name>k</Name><Value><DataType>Binary</DataType><BinaryValue>AP8=</BinaryValue></Value></MessageAttribute></Message></ReceiveMessageResult>',
  );
  server.answer = { Attributes: { DelaySeconds: '0', VisibilityTimeout: '30' } };
  expect((await old('GetQueueAttributes', { 'AttributeName.1': 'All' })).text).toContain('<GetQueueAttributesResult><Attribute><Name>DelaySeconds</Name><Value>0</Value></Attribute><Attribute>');
  server.answer = { QueueUrls: ['u', 'v'] };
  expect((await old('ListQueues', {}, '/')).text).toContain('<ListQueuesResult><QueueUrl>u</QueueUrl><QueueUrl>v</QueueUrl></ListQueuesResult>');
});

test('SQS in awsQuery: the oldest clients leave the number of a single item out', async () => {
  await old('GetQueueAttributes', { AttributeName: 'All' });
  await old('SetQueueAttributes', { 'Attribute.Name': 'DelaySeconds', 'Attribute.Value': '7' });
  await old('GetQueueAttributes', { AttributeName: '' });
  expect(server.heard.map(({ input }) => input)).toMatchObject([{ AttributeNames: ['All'] }, { Attributes: { DelaySeconds: '7' } }, { AttributeNames: [] }]);
});

test('SQS in awsQuery: errors carry the older code, and those that no contract lists their old name', async () => {
  server.answer = new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
  const { status, text } = await old('GetQueueUrl', { QueueName: 'q' }, '/');
  expect(status).toBe(400);
  expect(text).toContain('<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist.</Message>');
  server.answer = new ServiceError('AccessDeniedException', 'no');
  expect((await old('ListQueues', {}, '/')).text).toContain('<Code>AccessDenied</Code>');
  expect((await old('ListQueues', { MaxResults: '1.5' }, '/')).text).toContain('<Code>MalformedInput</Code>');
  expect((await old('Frobnicate')).text).toContain('<Code>InvalidAction</Code>');
});

test('SQS in JSON: errors are named both ways', async () => {
  const sqs = new SQSClient(config);
  server.answer = new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
  const asked = sqs.send(new GetQueueUrlCommand({ QueueName: 'q' }));
  await expect(asked).rejects.toBeInstanceOf(QueueDoesNotExist);
  await expect(asked).rejects.toMatchObject({ name: 'QueueDoesNotExist', Code: 'AWS.SimpleQueueService.NonExistentQueue', Type: 'Sender' });
  const json = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.GetQueueUrl' };
  const answer = await post('sqs', '/', '{"QueueName":"q"}', json);
  expect(answer.headers.get('x-amzn-query-error')).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
  expect(JSON.parse(answer.text)).toMatchObject({ __type: 'QueueDoesNotExist', message: 'The specified queue does not exist.' });
  server.answer = new ServiceError('AccessDeniedException', 'no');
  const denied = await post('sqs', '/', '{"QueueName":"q"}', json);
  expect(denied.headers.get('x-amzn-query-error')).toBe('AccessDenied;Sender');
  expect(JSON.parse(denied.text)).toEqual({ __type: 'AccessDeniedException', message: 'no' });
  server.answer = new Error('secret');
  expect((await post('sqs', '/', '{"QueueName":"q"}', json)).headers.get('x-amzn-query-error')).toBe('InternalFailure;Receiver');
});

test('SQS in JSON: the SDK posts to the queue\'s host, and MD5s are its own to check', async () => {
  server.answer = { MD5OfMessageBody: '92eb5ffee6ae2fec3ad71c777531578f', MessageId: 'i' };
  await new SQSClient(config).send(new SendMessageCommand({ QueueUrl: `${server.endpoint}/111122223333/q`, MessageBody: 'b' }));
  expect(server.heard[0]!.input).toEqual({ QueueUrl: `${server.endpoint}/111122223333/q`, MessageBody: 'b' });
});

test('CloudWatch in JSON: errors are named both ways', async () => {
  server.answer = new ServiceError('InvalidParameterValueException', 'd');
  await expect(new CloudWatchClient(config).send(new GetDashboardCommand({ DashboardName: 'd' }))).rejects.toMatchObject({ name: 'InvalidParameterValueException', Code: 'InvalidParameterValue', message: 'd' });
});

test('CloudWatch in awsQuery: data with values, counts and statistic sets', async () => {
  const body = new URLSearchParams({
    'Action': 'PutMetricData', 'Version': '2010-08-01', 'Namespace': 'n', 'MetricData.member.1.MetricName': 'm', 'MetricData.member.1.Timestamp': '2026-01-02T03:04:05.5Z',
    'MetricData.member.1.Dimensions.member.1.Name': 'a', 'MetricData.member.1.Dimensions.member.1.Value': 'b',
    'MetricData.member.1.Values.member.1': '1.5', 'MetricData.member.1.Values.member.2': '2e3', 'MetricData.member.1.Counts.member.1': '1', 'MetricData.member.1.Counts.member.2': '2',
    'MetricData.member.2.MetricName': 's', 'MetricData.member.2.StatisticValues.SampleCount': '2', 'MetricData.member.2.StatisticValues.Sum': '3.5',
    'MetricData.member.2.StatisticValues.Minimum': '-1', 'MetricData.member.2.StatisticValues.Maximum': '4.5', 'MetricData.member.2.StorageResolution': '1',
  });
  const { text } = await post('monitoring', '/', body.toString());
  expect(text).toBe('<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><ResponseMetadata><RequestId>the-request-id</RequestId></ResponseMetadata></PutMetricDataResponse>');
  expect(server.heard[0]!.input).toEqual({
    Namespace: 'n',
    MetricData: [
      { MetricName: 'm', Timestamp: Date.UTC(2026, 0, 2, 3, 4, 5, 500), Dimensions: [{ Name: 'a', Value: 'b' }], Values: [1.5, 2000], Counts: [1, 2] },
      { MetricName: 's', StatisticValues: { SampleCount: 2, Sum: 3.5, Minimum: -1, Maximum: 4.5 }, StorageResolution: 1 },
    ],
  });
});

test('SNS in awsQuery: maps have entries, lists members', async () => {
  server.answer = { TopicArn: 'arn' };
  await post('sns', '/', 'Action=CreateTopic&Version=2010-03-31&Name=t&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true&Tags.member.1.Key=k&Tags.member.1.Value=v');
  await post('sns', '/', 'Action=Publish&Version=2010-03-31&TopicArn=a&Message=m&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=v');
  expect(server.heard.map(({ input }) => input)).toEqual([
    { Name: 't', Attributes: { FifoTopic: 'true' }, Tags: [{ Key: 'k', Value: 'v' }] },
    { TopicArn: 'a', Message: 'm', MessageAttributes: { k: { DataType: 'String', StringValue: 'v' } } },
  ]);
});
