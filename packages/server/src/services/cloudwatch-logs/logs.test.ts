import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

let s: Slipway;
let logs: CloudWatchLogs;
let group: string;
let made = 0;

beforeAll(async () => {
  s = await Slipway.start();
  logs = s.aws.cloudwatchLogs;
});

afterAll(() => s.stop());

beforeEach(async () => {
  made += 1;
  group = `/team/group-${made}`;
  await logs.createLogGroup({ logGroupName: group });
});

const HOUR = 3600_000;
const stream = async (name: string): Promise<void> => void await logs.createLogStream({ logGroupName: group, logStreamName: name });
const put = (name: string, ...events: [number, string][]) =>
  logs.putLogEvents({ logGroupName: group, logStreamName: name, logEvents: events.map(([offset, message]) => ({ timestamp: s.clock.now() + offset, message })) });
const get = (name: string, over: object = {}) => logs.getLogEvents({ logGroupName: group, logStreamName: name, ...over });
const texts = (events: readonly { message?: string }[] = []): (string | undefined)[] => events.map((event) => event.message);

test('CreateLogGroup: a name that is taken is refused, and an impossible one too', async () => {
  await expect(logs.createLogGroup({ logGroupName: group })).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException', message: 'The specified log group already exists' });
  await expect(logs.createLogGroup({ logGroupName: 'a b' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  await expect(logs.createLogGroup({ logGroupName: 'encrypted', kmsKeyId: 'k' })).rejects.toThrow(/kmsKeyId is not supported by Slipway yet/);
});

test('DescribeLogGroups: pages by name and filters by prefix', async () => {
  for (const name of ['p/a', 'p/b', 'p/c']) await logs.createLogGroup({ logGroupName: name });
  const first = await logs.describeLogGroups({ logGroupNamePrefix: 'p/', limit: 2 });
  const second = await logs.describeLogGroups({ logGroupNamePrefix: 'p/', limit: 2, nextToken: first.nextToken });
  expect([first, second].map((page) => page.logGroups?.map((it) => it.logGroupName))).toEqual([['p/a', 'p/b'], ['p/c']]);
  expect(second.nextToken).toBeUndefined();
  await expect(logs.describeLogGroups({ logGroupNamePrefix: 'q/', nextToken: first.nextToken })).rejects.toMatchObject({ name: 'InvalidParameterException', message: 'The specified nextToken is invalid.' });
  expect(first.logGroups?.[0]?.arn).toBe('arn:aws:logs:us-east-1:000000000000:log-group:p/a:*');
});

test('GetLogEvents: the end of a stream answers the token that was asked with, and new events come after it', async () => {
  await stream('x');
  await put('x', [0, 'one'], [1, 'two'], [2, 'three']);
  const first = await get('x', { startFromHead: true, limit: 2 });
  expect(texts(first.events)).toEqual(['one', 'two']);
  const second = await get('x', { nextToken: first.nextForwardToken });
  expect(texts(second.events)).toEqual(['three']);
  const end = await get('x', { nextToken: second.nextForwardToken });
  expect(end.events).toEqual([]);
  expect(end.nextForwardToken).toBe(second.nextForwardToken);
  expect(texts((await get('x', { nextToken: end.nextBackwardToken })).events)).toEqual(['one', 'two', 'three']);
  await put('x', [3, 'four']);
  expect(texts((await get('x', { nextToken: end.nextForwardToken })).events)).toEqual(['four']);
  expect(texts((await get('x', { limit: 2 })).events)).toEqual(['three', 'four']);
});

test('PutLogEvents: what is too old or too new is left out and named', async () => {
  await stream('x');
  const answer = await logs.putLogEvents({ logGroupName: group, logStreamName: 'x', logEvents: [{ timestamp: s.clock.now(), message: 'now' }, { timestamp: s.clock.now() + 3 * HOUR, message: 'future' }] });
  expect(answer.rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
  const old = await logs.putLogEvents({ logGroupName: group, logStreamName: 'x', logEvents: [{ timestamp: s.clock.now() - 15 * 24 * HOUR, message: 'old' }] });
  expect(old.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1 });
  expect(texts((await get('x')).events)).toEqual(['now']);
});

test('PutLogEvents: a batch out of order, without a stream or with an entity is refused', async () => {
  await expect(put('absent', [0, 'x'])).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'The specified log stream does not exist.' });
  await stream('x');
  await expect(put('x', [1, 'b'], [0, 'a'])).rejects.toThrow('Log events in a single PutLogEvents request must be in chronological order.');
  await expect(logs.putLogEvents({ logGroupName: 'absent', logStreamName: 'x', logEvents: [{ timestamp: s.clock.now(), message: 'x' }] })).rejects.toThrow('The specified log group does not exist.');
});

test('FilterLogEvents: streams are interleaved by time, pages meet, and ids stay the same', async () => {
  for (const name of ['a', 'b']) await stream(name);
  for (let round = 0; round < 5; round += 1) {
    await put('a', [round * 10, `a${round} ERROR`]);
    await put('b', [round * 10, `b${round}`], [round * 10 + 5, `b${round} ERROR`]);
  }
  const all = await logs.filterLogEvents({ logGroupName: group });
  expect(texts(all.events)).toEqual([0, 1, 2, 3, 4].flatMap((round) => [`a${round} ERROR`, `b${round}`, `b${round} ERROR`]));
  const paged: { eventId?: string }[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.filterLogEvents({ logGroupName: group, limit: 4, nextToken });
    paged.push(...page.events ?? []);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  expect(paged).toEqual(all.events);
  expect(new Set(paged.map((event) => event.eventId)).size).toBe(15);
  expect(texts((await logs.filterLogEvents({ logGroupName: group, filterPattern: 'ERROR -b' })).events)).toEqual([0, 1, 2, 3, 4].map((round) => `a${round} ERROR`));
  expect(texts((await logs.filterLogEvents({ logGroupName: group, logStreamNames: ['b'], startTime: s.clock.now() + 40 })).events)).toEqual(['b4', 'b4 ERROR']);
});

test('DescribeLogStreams: by name, and by the last event', async () => {
  for (const [name, time] of [['c', 1], ['a', 3], ['b', 2]] as const) {
    await stream(name);
    await put(name, [time, 'x']);
  }
  const names = async (over: object): Promise<(string | undefined)[]> => (await logs.describeLogStreams({ logGroupName: group, ...over })).logStreams?.map((it) => it.logStreamName) ?? [];
  expect(await names({})).toEqual(['a', 'b', 'c']);
  expect(await names({ orderBy: 'LastEventTime', descending: true })).toEqual(['a', 'b', 'c']);
  expect(await names({ orderBy: 'LastEventTime' })).toEqual(['c', 'b', 'a']);
  const first = await logs.describeLogStreams({ logGroupName: group, orderBy: 'LastEventTime', limit: 2 });
  expect(await names({ orderBy: 'LastEventTime', limit: 2, nextToken: first.nextToken })).toEqual(['a']);
});

test('DeleteLogGroup: its streams are gone, and one made again under the name is empty', async () => {
  await stream('x');
  await put('x', [0, 'old']);
  await logs.deleteLogGroup({ logGroupName: group });
  await s.settled();
  await expect(get('x')).rejects.toThrow('The specified log group does not exist.');
  await logs.createLogGroup({ logGroupName: group });
  await stream('x');
  expect((await get('x')).events).toEqual([]);
});

test('TagResource: tags are listed and removed', async () => {
  const resourceArn = `arn:aws:logs:us-east-1:000000000000:log-group:${group}`;
  await logs.tagResource({ resourceArn, tags: { team: 'blue', stage: 'prod' } });
  await logs.untagResource({ resourceArn, tagKeys: ['stage'] });
  expect((await logs.listTagsForResource({ resourceArn })).tags).toEqual({ team: 'blue' });
});

test('GetLogEvents: a caller without the permission is refused in AWS words', async () => {
  await stream('x');
  const reader = s.as(await s.user(`reader-${made}`, { Action: 'logs:PutLogEvents', Resource: '*' }));
  await expect(reader.cloudwatchLogs.getLogEvents({ logGroupName: group, logStreamName: 'x' })).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringContaining('logs:GetLogEvents') });
});
