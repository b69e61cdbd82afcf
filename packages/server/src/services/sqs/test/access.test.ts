import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { signRequest } from '@slipway/sigv4';
import { otherAccount as other, startWithOtherAccount, type Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);

let s: Slipway;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ s, stop } = await startWithOtherAccount());
});
afterAll(() => stop());

describe('another account', () => {
  test("uses a queue as far as the queue's policy lets it", async () => {
    const { QueueUrl } = await s.aws.sqs.createQueue({ QueueName: 'lent' });
    const { sqs } = s.as(other);
    await expect(sqs.sendMessage({ QueueUrl, MessageBody: 'x' })).rejects.toMatchObject({ name: 'AccessDenied', message: expect.stringContaining('sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:lent') });
    await s.aws.sqs.addPermission({ QueueUrl, Label: 'lent', AWSAccountIds: [other.account], Actions: ['SendMessage', 'GetQueueUrl'] });
    expect((await sqs.getQueueUrl({ QueueName: 'lent', QueueOwnerAWSAccountId: '000000000000' })).QueueUrl).toBe(QueueUrl);
    await sqs.sendMessage({ QueueUrl, MessageBody: 'from abroad' });
    await sqs.sendMessageBatch({ QueueUrl, Entries: [{ Id: '1', MessageBody: 'in a batch' }] });
    await expect(sqs.receiveMessage({ QueueUrl })).rejects.toMatchObject({ name: 'AccessDenied' });
    const { Messages } = await s.aws.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['SenderId'] });
    expect(Messages?.map(({ Body, Attributes }) => [Body, Attributes?.SenderId])).toEqual([['from abroad', other.account], ['in a batch', other.account]]);
  });

  test('never administers it, whatever the policy says', async () => {
    const { QueueUrl } = await s.aws.sqs.createQueue({ QueueName: 'mine' });
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:*', Resource: 'arn:aws:sqs:us-east-1:000000000000:mine' }] });
    await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
    const { sqs } = s.as(other);
    await sqs.purgeQueue({ QueueUrl });
    await expect(sqs.deleteQueue({ QueueUrl })).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(sqs.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: '1' } })).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(sqs.tagQueue({ QueueUrl, Tags: { a: 'b' } })).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('has queues of its own under the same names', async () => {
    const { QueueUrl } = await s.as(other).sqs.createQueue({ QueueName: 'lent' });
    expect(QueueUrl).toBe(`${s.endpoint}/${other.account}/lent`);
    expect((await s.as(other).sqs.listQueues({})).QueueUrls).toEqual([QueueUrl]);
  });
});

function has(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!has('aws', '--version'))('the stock CLI creates, sends, receives, deletes and says what is wrong (left out where there is no aws)', { timeout: 60_000 }, async () => {
  const env = { ...process.env, ...s.cliEnvironment() };
  const aws = async (...args: string[]): Promise<Record<string, unknown>> => {
    // Version 1 of the CLI goes to queue.amazonaws.com whatever AWS_ENDPOINT_URL says.
    const { stdout } = await run('aws', ['sqs', ...args, '--endpoint-url', s.endpoint, '--output', 'json'], { env });
    return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
  };
  const { QueueUrl } = (await aws('create-queue', '--queue-name', 'by-cli', '--attributes', 'VisibilityTimeout=10', '--tags', 'team=a')) as { QueueUrl: string };
  const at = ['--queue-url', QueueUrl];
  await aws('send-message', ...at, '--message-body', 'hello', '--message-attributes', '{"n":{"DataType":"Number","StringValue":"1"}}');
  const { Messages } = (await aws('receive-message', ...at, '--attribute-names', 'All', '--message-attribute-names', 'All', '--wait-time-seconds', '1')) as { Messages: { Body: string; ReceiptHandle: string; Attributes: object; MessageAttributes: object }[] };
  expect(Messages[0]).toMatchObject({ Body: 'hello', Attributes: { ApproximateReceiveCount: '1' }, MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } });
  await aws('delete-message', ...at, '--receipt-handle', Messages[0]!.ReceiptHandle);
  await expect(aws('get-queue-url', '--queue-name', 'absent')).rejects.toThrow('AWS.SimpleQueueService.NonExistentQueue');
});

const BOTO3 = `
import boto3, json
sqs = boto3.resource("sqs")
queue = sqs.create_queue(QueueName="by-boto3.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
sent = queue.send_messages(Entries=[{"Id": str(n), "MessageBody": str(n), "MessageGroupId": "g"} for n in range(3)])
got = queue.receive_messages(MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"])
deleted = queue.delete_messages(Entries=[{"Id": str(n), "ReceiptHandle": m.receipt_handle} for n, m in enumerate(got)])
client = boto3.client("sqs")
try:
    client.receive_message(QueueUrl=queue.url + "x")
except client.exceptions.QueueDoesNotExist as error:
    missing = error.response["Error"]["Code"]
print(json.dumps({"bodies": [m.body for m in got], "deleted": len(deleted["Successful"]), "sequence": len(got[0].attributes["SequenceNumber"]), "missing": missing}))
`;

test.skipIf(!has('python3', '-c', 'import boto3'))('boto3 checks the digests, and knows errors by their classes (left out where python3 has no boto3)', { timeout: 60_000 }, async () => {
  const { stdout } = await run('python3', ['-c', BOTO3], { env: { ...process.env, ...s.cliEnvironment() } });
  expect(JSON.parse(stdout)).toEqual({ bodies: ['0', '1', '2'], deleted: 3, sequence: 20, missing: 'AWS.SimpleQueueService.NonExistentQueue' });
});

async function query(path: string, parameters: Record<string, string>): Promise<{ status: number; xml: string }> {
  const body = new URLSearchParams({ Version: '2012-11-05', ...parameters }).toString();
  const target = `${s.endpoint}${path}`;
  const headers = signRequest({ method: 'POST', url: target, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body, service: 'sqs', region: s.region, credentials: s.rootKey, now: s.clock.now() });
  const response = await fetch(target, { method: 'POST', headers, body });
  return { status: response.status, xml: await response.text() };
}

describe('the query protocol of older clients', () => {
  test('sends and receives with flattened lists and maps', async () => {
    const made = await query('/', { Action: 'CreateQueue', QueueName: 'old', 'Attribute.1.Name': 'VisibilityTimeout', 'Attribute.1.Value': '5' });
    const QueueUrl = /<QueueUrl>(.*)<\/QueueUrl>/.exec(made.xml)?.[1] ?? '';
    expect(made.xml).toContain('<CreateQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><CreateQueueResult>');
    const path = new URL(QueueUrl).pathname;
    const sent = await query(path, { Action: 'SendMessage', QueueUrl, MessageBody: 'a & b', 'MessageAttribute.1.Name': 'n', 'MessageAttribute.1.Value.DataType': 'String', 'MessageAttribute.1.Value.StringValue': 'v' });
    expect(sent.xml).toMatch(/<MD5OfMessageBody>[0-9a-f]{32}<\/MD5OfMessageBody>/);
    const got = await query(path, { Action: 'ReceiveMessage', QueueUrl, 'AttributeName.1': 'SentTimestamp', 'MessageAttributeName.1': 'All' });
    expect(got.xml).toContain('<Body>a &amp; b</Body>');
    expect(got.xml).toContain(`<Attribute><Name>SentTimestamp</Name><Value>${s.clock.now()}</Value></Attribute>`);
    expect(got.xml).toContain('<MessageAttribute><Name>n</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value></MessageAttribute>');
  });

  test('takes the queue from the address where no parameter names it, and the parameter where one does', async () => {
    const one = new URL((await s.aws.sqs.createQueue({ QueueName: 'addressed' })).QueueUrl!).pathname;
    const { QueueUrl = '' } = await s.aws.sqs.createQueue({ QueueName: 'named' });
    expect((await query(one, { Action: 'SendMessage', MessageBody: 'by the address' })).status).toBe(200);
    expect((await query(one, { Action: 'SendMessage', MessageBody: 'by the parameter', QueueUrl })).status).toBe(200);
    expect((await query(one, { Action: 'ReceiveMessage' })).xml).toContain('<Body>by the address</Body>');
    expect((await query(new URL(QueueUrl).pathname, { Action: 'ReceiveMessage' })).xml).toContain('<Body>by the parameter</Body>');
    expect((await query(`${one}x`, { Action: 'ReceiveMessage' })).xml).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
  });

  test('names errors by their older codes', async () => {
    const missing = await query('/', { Action: 'GetQueueUrl', QueueName: 'absent' });
    expect([missing.status, missing.xml]).toEqual([400, expect.stringContaining('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>')]);
    expect((await query('/', { Action: 'SendMessage', MessageBody: 'x' })).xml).toContain('<Code>MissingParameter</Code><Message>The request must contain the parameter QueueUrl.</Message>');
  });
});
