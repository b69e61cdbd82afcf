import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AccessRequest } from '../../kernel/service.ts';
import type { Caller } from '../../kernel/caller.ts';
import { openDatabase } from '../../kernel/database/index.ts';
import type { Database } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import { openLogs } from '../../logs/index.ts';
import type { LogSink, LogStore } from '../../logs/index.ts';
import { createLogSink } from './sink.ts';
import { migrations } from './migrations.ts';
import { store } from './store.ts';

const caller = { account: '1', arn: 'role', userId: 'u', kind: 'role', principalArn: 'role' } as const satisfies Caller;
const request = { caller, account: '1', region: 'us-east-1', group: '/aws/codebuild/p', stream: 's', create: true };
const clock = { now: () => 9000, at: () => () => {} };
let directory: string;
let db: Database;
let logs: LogStore;
let sink: LogSink;
let asked: AccessRequest[];
let denied: string | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'slipway-sink-'));
  db = await openDatabase({ file: join(directory, 'db') });
  await db.migrate(migrations);
  logs = await openLogs(join(directory, 'logs'), { clock });
  asked = [];
  denied = undefined;
  const authorizer = { async authorize(_caller: Caller, requests: readonly AccessRequest[]) {
    asked.push(...requests);
    if (requests.some((it) => it.action === denied)) throw new ServiceError('AccessDeniedException', `not authorized to perform: ${denied}`);
  } };
  sink = createLogSink({ db, clock, logs, rows: store(db), authorizer });
});

afterEach(async () => {
  await logs.close();
  await db.close();
  await rm(directory, { recursive: true });
});

const read = async (): Promise<[number, string][]> => {
  const row = await store(db).stream(request, request.group, request.stream);
  return (await logs.read(row?.storage_id as string, { direction: 'forward', limit: 100 })).map((entry) => [entry.timestamp, entry.message]);
};

test('open: asks once for the three permissions, on the group and on the stream', async () => {
  const writer = await sink.open(request);
  await writer.append([{ seq: 0, timestamp: 1, message: 'a' }]);
  expect(asked.map((it) => `${it.action} ${it.resource.split('log-group:')[1]}`)).toEqual([
    'logs:CreateLogGroup /aws/codebuild/p:log-stream:', 'logs:CreateLogStream /aws/codebuild/p:log-stream:', 'logs:PutLogEvents /aws/codebuild/p:log-stream:s',
  ]);
});

test('open: a missing permission is refused and nothing is made', async () => {
  denied = 'logs:PutLogEvents';
  await expect(sink.open(request)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await store(db).group(request, request.group)).toBeUndefined();
});

test('open: without create an absent group is refused', async () => {
  await expect(sink.open({ ...request, create: false })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('append: a producer that opens again goes on at next, and repeats are dropped', async () => {
  await (await sink.open(request)).append([{ seq: 0, timestamp: 1, message: 'a' }, { seq: 1, timestamp: 2, message: 'b' }]);
  const again = await sink.open(request);
  expect(await again.next()).toBe(2);
  await again.append([{ seq: 1, timestamp: 2, message: 'b' }, { seq: 2, timestamp: 3, message: 'c' }]);
  expect(await read()).toEqual([[1, 'a'], [2, 'b'], [3, 'c']]);
});

test('append: lines of a clock that stepped back stay in the order of their numbers', async () => {
  const writer = await sink.open(request);
  await writer.append([{ seq: 0, timestamp: 50, message: 'a' }]);
  await writer.append([{ seq: 1, timestamp: 20, message: 'b' }, { seq: 2, timestamp: 60, message: 'c' }]);
  expect(await read()).toEqual([[50, 'a'], [50, 'b'], [60, 'c']]);
});
