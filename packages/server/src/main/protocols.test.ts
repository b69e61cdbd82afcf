import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { signRequest } from '@slipway/sigv4';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

function hasBoto3(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let slipway: Slipway;
beforeAll(async () => {
  slipway = await Slipway.start();
});
afterAll(() => slipway.stop());

/** Puts a metric in each protocol that some version of botocore prefers, and reads it in the next. */
const script = `
import datetime, json
import boto3, botocore.model
now = datetime.datetime.now(datetime.timezone.utc)
def client(protocol):
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = (protocol,)
    return boto3.client("cloudwatch")
protocols = ["json", "smithy-rpc-v2-cbor", "query"]
clients = {protocol: client(protocol) for protocol in protocols}
for protocol in protocols:
    clients[protocol].put_metric_data(Namespace="Protocols", MetricData=[{"MetricName": "m", "Timestamp": now, "Values": [1.5, 2.0], "Counts": [1.0, 2.0]}])
hour = datetime.timedelta(hours=1)
def read(client):
    points = client.get_metric_statistics(Namespace="Protocols", MetricName="m", StartTime=now - hour, EndTime=now + hour, Period=86400, Statistics=["Sum", "SampleCount", "Maximum"])["Datapoints"]
    return [[point["Sum"], point["SampleCount"], point["Maximum"], point["Unit"]] for point in points]
def refused(client):
    try:
        client.get_metric_statistics(Namespace="Protocols", MetricName="m", StartTime=now, EndTime=now - hour, Period=60, Statistics=["Sum"])
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
print(json.dumps({protocol: [read(clients[protocol]), refused(clients[protocol])] for protocol in protocols}))
`;

test.skipIf(!hasBoto3())('CloudWatch: what is put in one protocol is read in another (left out where python3 has no boto3)', { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)('python3', ['-c', script], { env: { ...process.env, ...slipway.cliEnvironment() } });
  const answer = [[[16.5, 9, 2, 'None']], expect.stringMatching(/^InvalidParameter/) as string];
  expect(JSON.parse(stdout)).toEqual({ 'json': answer, 'smithy-rpc-v2-cbor': answer, 'query': answer });
});

test('SQS: a client of the time before JSON makes a queue, sends, receives and is refused', async () => {
  const ask = async (path: string, parameters: Record<string, string>): Promise<string> => {
    const url = `${slipway.endpoint}${path}`;
    const body = new URLSearchParams({ Version: '2012-11-05', ...parameters }).toString();
    const headers = signRequest({ method: 'POST', url, body, service: 'sqs', region: slipway.region, credentials: slipway.rootKey, now: slipway.clock.now(), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    return (await fetch(url, { method: 'POST', headers, body })).text();
  };
  const queue = `/${slipway.account}/old`;
  expect(await ask('/', { 'Action': 'CreateQueue', 'QueueName': 'old', 'Attribute.1.Name': 'VisibilityTimeout', 'Attribute.1.Value': '7' })).toContain(`<QueueUrl>${slipway.endpoint}${queue}</QueueUrl>`);
  expect(await ask(queue, { 'Action': 'GetQueueAttributes', 'AttributeName.1': 'VisibilityTimeout' })).toContain('<Attribute><Name>VisibilityTimeout</Name><Value>7</Value></Attribute>');
  const sent = await ask(queue, {
    'Action': 'SendMessageBatch', 'SendMessageBatchRequestEntry.1.Id': 'a', 'SendMessageBatchRequestEntry.1.MessageBody': 'b&',
    'SendMessageBatchRequestEntry.1.MessageAttribute.1.Name': 'k', 'SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType': 'String', 'SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue': 'v',
  });
  expect(sent).toMatch(/<SendMessageBatchResultEntry><Id>a<\/Id><MessageId>[-0-9a-f]{36}<\/MessageId><MD5OfMessageBody>[0-9a-f]{32}<\/MD5OfMessageBody><MD5OfMessageAttributes>/);
  const received = await ask(queue, { 'Action': 'ReceiveMessage', 'MessageAttributeName.1': 'All', 'AttributeName.1': 'ApproximateReceiveCount' });
  expect(received).toContain('<Body>b&amp;</Body><Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>');
  expect(received).toContain('<MessageAttribute><Name>k</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value></MessageAttribute>');
  expect(await ask('/', { Action: 'GetQueueUrl', QueueName: 'none' })).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
  expect(await slipway.aws.sqs.getQueueUrl({ QueueName: 'old' })).toMatchObject({ QueueUrl: `${slipway.endpoint}${queue}` });
});
