import { randomBytes } from 'node:crypto';
import { loadContract } from '@slipway/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeClock } from '../../../../../testkit/src/clock.ts';
import { createJobs, engineMigrations } from '../../../engine/index.ts';
import { serviceCaller } from '../../../kernel/caller.ts';
import type { Caller } from '../../../kernel/caller.ts';
import { sqliteScratch } from '../../../kernel/database/suite.ts';
import type { Scratch } from '../../../kernel/database/suite.ts';
import { createDispatcher } from '../../../kernel/dispatch.ts';
import type { Dispatcher } from '../../../kernel/dispatch.ts';
import { silent } from '../../../kernel/log.ts';
import { kernelMigrations } from '../../../kernel/migrations.ts';
import { createPaging } from '../../../kernel/paging.ts';
import { createKeyedHash, createSeal } from '../../../kernel/seal.ts';
import { validate } from '../../../wire/index.ts';
import { createIam } from '../../iam/index.ts';
import { createSqs } from '../index.ts';

const account = '111111111111';
const region = 'us-east-1';
const root: Caller = { account, arn: `arn:aws:iam::${account}:root`, userId: account, kind: 'root', principalArn: `arn:aws:iam::${account}:root` };
const topic = `arn:aws:sns:${region}:${account}:news`;
const QueueUrl = `http://slipway/${account}/inbox`;

let scratch: Scratch;
let dispatcher: Dispatcher;
let stop: () => Promise<void>;

beforeAll(async () => {
  scratch = await sqliteScratch();
  const db = await scratch.open();
  const clock = new FakeClock();
  const key = randomBytes(32);
  const shared = { db, clock, paging: createPaging(key), seal: createSeal(key), hash: createKeyedHash(key) };
  const jobs = createJobs({ db, clock, log: silent });
  const iam = createIam(shared);
  const sqs = createSqs({ ...shared, jobs, policies: iam.resourcePolicies });
  dispatcher = createDispatcher({ authorizer: iam.authorizer, log: silent, endpoint: () => 'http://slipway', validate: (service, operation, input) => validate(loadContract(service as 'sqs'), operation, input) });
  dispatcher.add(sqs.service);
  await db.migrate([...kernelMigrations, ...engineMigrations, ...iam.migrations, ...sqs.migrations]);
  await sqs.start?.();
  stop = async () => {
    await sqs.stop?.();
    await jobs.stop();
    await scratch.remove();
  };
  const statement = { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: `arn:aws:sqs:${region}:${account}:inbox`, Condition: { ArnEquals: { 'aws:SourceArn': topic } } };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await dispatcher.peers.as(root).sqs.CreateQueue({ QueueName: 'inbox', Attributes: { Policy } }, { region });
});

afterAll(() => stop());

const send = (caller: Caller, once: string) => dispatcher.peers.as(caller).sqs.SendMessage({ QueueUrl, MessageBody: 'news' }, { region, once });

test("a service sends for the source that the queue's policy names, once however often it repeats itself", async () => {
  const sns = serviceCaller('sns.amazonaws.com', account, topic);
  const sent = [await send(sns, 'delivery-1'), await send(sns, 'delivery-1'), await send(sns, 'delivery-2')];
  expect(new Set(sent.map(({ MessageId }) => MessageId)).size).toBe(2);
  expect((await dispatcher.peers.as(root).sqs.ReceiveMessage({ QueueUrl, MaxNumberOfMessages: 10 }, { region })).Messages).toHaveLength(2);
});

test('a service is refused for another source, in another name, and for what else it may not do', async () => {
  await expect(send(serviceCaller('sns.amazonaws.com', account, `${topic}-else`), 'a')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(send(serviceCaller('events.amazonaws.com', account, topic), 'b')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(dispatcher.peers.as(serviceCaller('sns.amazonaws.com', account, topic)).sqs.PurgeQueue({ QueueUrl }, { region })).rejects.toMatchObject({ name: 'AccessDeniedException' });
});
