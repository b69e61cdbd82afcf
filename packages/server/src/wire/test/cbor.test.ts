import { CloudWatchClient, DescribeAlarmsCommand, GetDashboardCommand, GetMetricStatisticsCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { SmithyRpcV2CborProtocol } from '@smithy/core/cbor';
import { signRequest } from '@slipway/sigv4';
import { decode, encode } from 'cborg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { permanent, stubServer } from './stub-server.ts';
import type { StubServer } from './stub-server.ts';

let server: StubServer;
let client: CloudWatchClient;

beforeAll(async () => {
  server = await stubServer(['cloudwatch', 'sqs']);
  client = new CloudWatchClient({
    endpoint: server.endpoint, region: 'us-east-1', credentials: permanent, maxAttempts: 1,
    protocol: SmithyRpcV2CborProtocol,
  });
});
afterAll(() => server.close());
beforeEach(() => {
  server.answer = {};
  server.heard.length = 0;
});

const path = '/service/GraniteServiceVersion20100801/operation';

async function raw(operation: string, body: Uint8Array<ArrayBuffer>): Promise<{ status: number; headers: Headers; tree: Record<string, unknown> }> {
  const url = `${server.endpoint}${path}/${operation}`;
  const headers = signRequest({
    method: 'POST', url, body, service: 'monitoring', region: 'us-east-1', credentials: permanent, now: Date.now(),
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
  });
  const response = await fetch(url, { method: 'POST', headers, body });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, tree: decode(bytes, { tags: { 1: (inner) => new Date((inner() as number) * 1000) } }) as Record<string, unknown> };
}

const bytes = (...parts: (string | readonly number[])[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [0x60 + part.length, ...Buffer.from(part)] : [...part])));

test('rpcV2Cbor: the SDK\'s own codec sends numbers, times and lists, and reads floats and times back', async () => {
  const Timestamp = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const datum = { MetricName: 'm', Dimensions: [{ Name: 'a', Value: 'ü' }], Timestamp, Values: [1, 2.5, -3e10], Counts: [1, 2, 3], StorageResolution: 60 };
  await client.send(new PutMetricDataCommand({ Namespace: 'n', MetricData: [datum] }));
  expect(server.heard).toEqual([{ service: 'cloudwatch', operation: 'PutMetricData', input: { Namespace: 'n', MetricData: [{ ...datum, Timestamp: Timestamp.getTime() }] } }]);

  server.answer = { Label: 'l', Datapoints: [{ Timestamp: Timestamp.getTime(), Sum: 5, Average: 0.1, ExtendedStatistics: { p99: 7.25 } }] };
  const asked = { Namespace: 'n', MetricName: 'm', StartTime: new Date(0), EndTime: Timestamp, Period: 60, Statistics: ['Sum' as const] };
  expect((await client.send(new GetMetricStatisticsCommand(asked))).Datapoints).toEqual([{ Timestamp, Sum: 5, Average: 0.1, ExtendedStatistics: { p99: 7.25 } }]);
  expect(server.heard[1]!.input).toEqual({ ...asked, StartTime: 0, EndTime: Timestamp.getTime() });
});

test('rpcV2Cbor: an error reaches the SDK under its class, with the older name beside it', async () => {
  server.answer = new ServiceError('DashboardNotFoundError', 'Dashboard d does not exist');
  await expect(client.send(new GetDashboardCommand({ DashboardName: 'd' }))).rejects.toMatchObject({ name: 'DashboardNotFoundError', message: 'Dashboard d does not exist', $metadata: { httpStatusCode: 404 } });
  const answer = await raw('GetDashboard', encode({ DashboardName: 'd' }));
  expect(answer).toMatchObject({ status: 404, tree: { __type: 'DashboardNotFoundError', message: 'Dashboard d does not exist' } });
  expect(answer.headers.get('x-amzn-query-error')).toBe('ResourceNotFound;Sender');
  expect(answer.headers.get('smithy-protocol')).toBe('rpc-v2-cbor');
  server.answer = new Error('secret text');
  await expect(client.send(new DescribeAlarmsCommand({}))).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } });
});

test('rpcV2Cbor: a whole double goes out as a float', async () => {
  server.answer = { Label: 'l', Datapoints: [{ Sum: 5 }] };
  const url = `${server.endpoint}${path}/GetMetricStatistics`;
  const body = encode({ Namespace: 'n', MetricName: 'm', StartTime: 0, EndTime: 0, Period: 60 });
  expect((await raw('GetMetricStatistics', body)).tree).toMatchObject({ __type: 'SerializationException', message: "NUMBER_VALUE can not be converted to a Timestamp at 'StartTime'" });
  const good = bytes([0xa5], 'Namespace', 'n', 'MetricName', 'm', 'StartTime', [0xc1, 0x00], 'EndTime', [0xc1, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 'Period', [0x18, 60]);
  const headers = signRequest({ method: 'POST', url, body: good, service: 'monitoring', region: 'us-east-1', credentials: permanent, now: Date.now(), headers: { 'smithy-protocol': 'rpc-v2-cbor' } });
  const answer = Buffer.from(await (await fetch(url, { method: 'POST', headers, body: good })).arrayBuffer());
  expect(server.heard[0]!.input).toMatchObject({ StartTime: 0, EndTime: 1500 });
  expect(answer.includes(Buffer.from([0x63, ...Buffer.from('Sum'), 0xfb, 0x40, 0x14, 0, 0, 0, 0, 0, 0]))).toBe(true);
});

test('rpcV2Cbor: lengths may be left open, of maps, lists and strings', async () => {
  const body = bytes([0xbf], 'AlarmNames', [0x9f], 'a', [0x7f], 'b', 'c', [0xff], [0xff], 'Later', [0xbf, 0xff], 'MaxRecords', [0xf9, 0x4d, 0x00], 'NextToken', [0xf6], [0xff]);
  expect((await raw('DescribeAlarms', body)).status).toBe(200);
  expect(server.heard[0]!.input).toEqual({ AlarmNames: ['a', 'bc'], MaxRecords: 20 });
});

test('rpcV2Cbor: a body may be missing, and members named as properties of every object are dropped', async () => {
  expect((await raw('DescribeAlarms', bytes())).status).toBe(200);
  expect((await raw('DescribeAlarms', bytes([0xa1], '__proto__', [0xa1], 'MaxRecords', [0x01]))).status).toBe(200);
  expect(server.heard.map(({ input }) => input)).toEqual([{}, {}]);
});

test.each([
  ['a list cut off', bytes([0xa1], 'AlarmNames', [0x82], 'a')],
  ['an endless list announced', bytes([0xa1], 'AlarmNames', [0x9b, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ['an endless string announced', bytes([0xa1], 'AlarmNames', [0x7b, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ['a string in parts that ends nowhere', bytes([0xa1], 'NextToken', [0x7f], 'a')],
  ['a string in parts of bytes', bytes([0xa1], 'NextToken', [0x7f, 0x41, 0x61, 0xff])],
  ['parts within parts', bytes([0xa1], 'NextToken', [0x7f, 0x7f, 0xff, 0xff])],
  ['something after the end', bytes([0xa0, 0xa0])],
  ['a break alone', bytes([0xff])],
  ['a tag of another kind', bytes([0xa1], 'NextToken', [0xc2, 0x41, 0x01])],
  ['a list as a whole', bytes([0x80])],
  ['bytes as a whole', bytes([0x41, 0x00])],
  ['a number that is none', bytes([0xa1], 'MaxRecords', [0xf9, 0x7e, 0x00])],
  ['a number beyond what is exact', bytes([0xa1], 'MaxRecords', [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ['keys that are no strings', bytes([0xa1, 0x01, 0x01])],
  ['100,000 lists within each other', bytes([0xa1], 'Later', Array.from({ length: 100_000 }, () => 0x81))],
  ['100,000 open maps within each other', bytes(Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 0xbf : 0x60)))],
  ['100,000 tags within each other', bytes([0xa1], 'Later', Array.from({ length: 100_000 }, () => 0xc1))],
])('rpcV2Cbor: %s is a SerializationException', async (_name, body) => {
  expect(await raw('DescribeAlarms', body)).toMatchObject({ status: 400, tree: { __type: 'SerializationException' } });
  expect(server.heard).toEqual([]);
});

test('rpcV2Cbor: an operation that does not exist is named', async () => {
  for (const name of ['Frobnicate', 'constructor']) {
    expect(await raw(name, bytes([0xa0]))).toMatchObject({ status: 400, tree: { __type: 'UnknownOperationException', message: expect.stringContaining(name) as string } });
  }
});
