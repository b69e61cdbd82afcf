import { execFile, execFileSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { permanent, stubServer } from './stub-server.ts';
import type { Heard } from './stub-server.ts';

function hasBoto3(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const run = promisify(execFile);

/** What CloudWatch answers, whatever the protocol. */
const cloudwatch = {
  put: {},
  put_many: {},
  statistics: { Label: 'm', Datapoints: [{ Timestamp: expect.stringContaining('1970-01-01 00:16:40.5') as string, Sum: 5, Unit: 'None', ExtendedStatistics: { p99: 0.1 } }] },
  no_dashboard: { error: 'ResourceNotFound', status: 404 },
};

const answers: Record<string, (heard: Heard) => unknown> = {
  BatchGetBuilds: () => ({ builds: [{ id: 'p:1', startTime: 1_000_500, buildNumber: 7 }] }),
  CreateRole: () => ({ Role: { Path: '/', RoleName: 'r', RoleId: 'AROA', Arn: 'arn', CreateDate: 1_000_000, Tags: [{ Key: 'a', Value: '1' }] } }),
  PutObject: () => ({ ETag: '"e"' }),
  DeleteObjects: () => ({ Deleted: [{ Key: 'k' }] }),
  GetObject: () => ({ Body: Readable.from(['hello']), ContentLength: 5, Metadata: { who: 'me' } }),
  ListObjectsV2: () => ({ Name: 'a-bucket', KeyCount: 1, Contents: [{ Key: 'k&', Size: 5, LastModified: 1_000_000, ETag: '"e"' }] }),
  PutMetricData: () => ({}),
  GetMetricStatistics: () => ({ Label: 'm', Datapoints: [{ Timestamp: 1_000_500, Sum: 5, Unit: 'None', ExtendedStatistics: { p99: 0.1 } }] }),
  GetDashboard: () => new ServiceError('DashboardNotFoundError', 'missing'),
  SendMessageBatch: () => ({ Successful: [{ Id: '1', MessageId: 'i', MD5OfMessageBody: '92eb5ffee6ae2fec3ad71c777531578f' }], Failed: [] }),
  ReceiveMessage: () => ({ Messages: [{ MessageId: 'i', Body: 'b', MD5OfBody: '92eb5ffee6ae2fec3ad71c777531578f', Attributes: { SenderId: 's' }, MessageAttributes: { k: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) } } }] }),
  GetQueueUrl: () => new ServiceError('QueueDoesNotExist', 'missing'),
  Subscribe: () => ({ SubscriptionArn: 'arn' }),
  PublishBatch: () => ({ Successful: [{ Id: '1', MessageId: 'i' }], Failed: [{ Id: '2', Code: 'InternalError', SenderFault: false }] }),
  GetTopicAttributes: () => ({ Attributes: { TopicArn: 'arn', Policy: '{"a":"<&>"}' } }),
  DeleteTopic: () => new ServiceError('NotFoundException', 'missing'),
  GetRepository: () => new ServiceError('RepositoryDoesNotExistException', 'missing'),
};

test.skipIf(!hasBoto3())('botocore is answered over awsJson, awsQuery, rpcV2Cbor and restXml (left out where python3 has no boto3)', { timeout: 60_000 }, async () => {
  const server = await stubServer(['cloudwatch', 'codebuild', 'codecommit', 'iam', 's3', 'sns', 'sqs']);
  Object.defineProperty(server, 'answer', { get: () => answers[server.heard.at(-1)!.operation!]!(server.heard.at(-1)!) });
  try {
    const script = fileURLToPath(new URL('python_client.py', import.meta.url));
    const { stdout } = await run('python3', [script, server.endpoint, permanent.accessKeyId, permanent.secretAccessKey]);
    const results = JSON.parse(stdout) as Record<string, unknown>;
    expect(results).toMatchObject({
      builds: { builds: [{ id: 'p:1', buildNumber: 7 }] },
      role: { Role: { RoleName: 'r', CreateDate: '1970-01-01 00:16:40+00:00', Tags: [{ Key: 'a', Value: '1' }] } },
      put: { ETag: '"e"' },
      stream: { ETag: '"e"' },
      sha256: { ETag: '"e"' },
      delete: { Deleted: [{ Key: 'k' }] },
      get: { Body: 'hello', Metadata: { who: 'me' } },
      list: { Contents: [{ Key: 'k&', Size: 5, LastModified: '1970-01-01 00:16:40+00:00' }] },
      cloudwatch: { json: cloudwatch, 'smithy-rpc-v2-cbor': cloudwatch, query: cloudwatch },
      send: { Successful: [{ Id: '1', MessageId: 'i' }] },
      receive: { Messages: [{ Body: 'b', Attributes: { SenderId: 's' }, MessageAttributes: { k: { DataType: 'Binary', BinaryValue: "b'\\x00\\xff'" } } }] },
      no_queue: { error: 'AWS.SimpleQueueService.NonExistentQueue', status: 400 },
      subscribe: { SubscriptionArn: 'arn' },
      publish: { Successful: [{ Id: '1', MessageId: 'i' }], Failed: [{ Id: '2', Code: 'InternalError', SenderFault: false }] },
      topic: { Attributes: { TopicArn: 'arn', Policy: '{"a":"<&>"}' } },
      no_topic: { error: 'NotFound', status: 404 },
      wrong: { error: 'RepositoryDoesNotExistException', status: 400 },
    });
    expect(server.heard.find(({ operation }) => operation === 'PutObject')!.input).toMatchObject({ Key: 'a b+ü.txt', Metadata: { who: 'me' }, Body: Buffer.from('hello') });
    expect([...server.spoken]).toEqual(expect.arrayContaining(['cloudwatch awsJson1.0', 'cloudwatch rpcV2Cbor', 'cloudwatch awsQuery', 'sns awsQuery', 'sqs awsJson1.0']));
    const heard = (operation: string): unknown => server.heard.find((each) => each.operation === operation)!.input;
    const oneDatum = server.heard.filter(({ operation, input }) => operation === 'PutMetricData' && (input['MetricData'] as unknown[]).length === 1);
    expect(oneDatum).toHaveLength(3);
    for (const { input } of oneDatum) expect(input).toEqual({
      Namespace: 'n', MetricData: [{ MetricName: 'm', Dimensions: [{ Name: 'a', Value: 'b' }], Timestamp: Date.UTC(2026, 0, 2, 3, 4, 5), Values: [1.5, 2], Counts: [1, 3], StorageResolution: 60 }],
    });
    expect(heard('SendMessageBatch')).toMatchObject({ Entries: [{ Id: '1', MessageAttributes: { k: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) } } }] });
    expect(heard('Subscribe')).toMatchObject({ Attributes: { RawMessageDelivery: 'true', FilterPolicy: '{}' } });
    expect(heard('PublishBatch')).toMatchObject({
      PublishBatchRequestEntries: [{ Id: '1', MessageAttributes: { k: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) }, s: { DataType: 'String', StringValue: 'ü&' } } }],
    });
  } finally {
    await server.close();
  }
});
