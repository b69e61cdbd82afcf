import { randomBytes } from 'node:crypto';
import type { SQSApi } from '@slipway/contracts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../../../testkit/src/clock.ts';
import { createJobs, engineMigrations } from '../../../engine/index.ts';
import type { Jobs } from '../../../engine/index.ts';
import type { Database } from '../../../kernel/database.ts';
import { describeDatabases } from '../../../kernel/database/suite.ts';
import type { Scratch } from '../../../kernel/database/suite.ts';
import { silent } from '../../../kernel/log.ts';
import { kernelMigrations } from '../../../kernel/migrations.ts';
import { createPaging } from '../../../kernel/paging.ts';
import { createKeyedHash, createSeal } from '../../../kernel/seal.ts';
import type { Call, Operations, Room } from '../../../kernel/service.ts';
import { createSqs } from '../index.ts';

const account = '111111111111';
const call = (over: Partial<Call> = {}): Call => ({
  caller: { account, arn: `arn:aws:iam::${account}:root`, userId: account, kind: 'root', principalArn: `arn:aws:iam::${account}:root` },
  account, region: 'us-east-1', requestId: 'r', endpoint: 'http://slipway', secure: true, signal: new AbortController().signal, headers: {}, ...over,
});
const url = (name: string): string => `http://slipway/${account}/${name}`;

/** One server's room: on PostgreSQL several work on the same queues. */
interface Server {
  readonly room: Room;
  readonly jobs: Jobs;
  readonly sqs: Operations<SQSApi>;
}

const again = (server: Server) => server.sqs.SendMessage({ QueueUrl: url('once'), MessageBody: 'x' }, call({ once: 'delivery-1' }));

describeDatabases('SQS', (makeScratch, kind) => {
  let scratch: Scratch;
  let db: Database;
  let clock: FakeClock;
  let servers: Server[];
  const key = randomBytes(32);

  async function serve(through: Database, inFlight?: number): Promise<Server> {
    const jobs = createJobs({ db: through, clock, log: silent });
    const room = createSqs({ db: through, clock, jobs, paging: createPaging(key), seal: createSeal(key), hash: createKeyedHash(key), policies: { check() {} }, ...(inFlight !== undefined && { inFlight }) });
    await through.migrate([...kernelMigrations, ...engineMigrations, ...room.migrations]);
    await room.start?.();
    const server = { room, jobs, sqs: room.service.operations as unknown as Operations<SQSApi> };
    servers.push(server);
    return server;
  }

  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    clock = new FakeClock();
    servers = [];
    await serve(db);
    // On SQLite the two share one handle, as two rooms of one process.
    await serve(kind === 'sqlite' ? db : await scratch.open());
  });
  afterEach(async () => {
    for (const { room, jobs } of servers) {
      await room.stop?.();
      await jobs.stop();
    }
    await scratch.remove();
  });

  const create = (QueueName: string) => servers[0]!.sqs.CreateQueue({ QueueName, ...(QueueName.endsWith('.fifo') && { Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' } }) }, call());
  const send = (server: Server, name: string, MessageBody: string, MessageGroupId?: string) => server.sqs.SendMessage({ QueueUrl: url(name), MessageBody, ...(MessageGroupId !== undefined && { MessageGroupId }) }, call());
  const receive = async (server: Server, name: string, over: object = {}) => (await server.sqs.ReceiveMessage({ QueueUrl: url(name), ...over }, call())).Messages ?? [];
  const both = (): readonly [Server, Server] => [servers[0]!, servers[1]!];

  it('gives each message to one consumer, whichever servers they ask', async () => {
    await create('shared');
    const [a, b] = both();
    await Promise.all(Array.from({ length: 100 }, (_, n) => send(n % 2 === 0 ? a : b, 'shared', String(n))));
    const seen: string[] = [];
    await Promise.all(Array.from({ length: 8 }, async (_, n) => {
      for (let empty = 0; empty < 3;) {
        const got = await receive(n % 2 === 0 ? a : b, 'shared', { MaxNumberOfMessages: 3 });
        empty = got.length === 0 ? empty + 1 : 0;
        seen.push(...got.map(({ Body }) => Body!));
      }
    }));
    expect(seen.map(Number).toSorted((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it("keeps each group's order among consumers on both", async () => {
    await create('ordered.fifo');
    const [a, b] = both();
    await Promise.all(['x', 'y', 'z'].map(async (group) => {
      for (let n = 0; n < 12; n += 1) await send(n % 2 === 0 ? a : b, 'ordered.fifo', `${group}${n}`, group);
    }));
    const seen: string[] = [];
    await Promise.all(Array.from({ length: 4 }, async (_, n) => {
      const server = n % 2 === 0 ? a : b;
      while (seen.length < 36) {
        for (const { Body, ReceiptHandle } of await receive(server, 'ordered.fifo', { MaxNumberOfMessages: 2 })) {
          seen.push(Body!);
          await server.sqs.DeleteMessage({ QueueUrl: url('ordered.fifo'), ReceiptHandle: ReceiptHandle! }, call());
        }
      }
    }));
    for (const group of ['x', 'y', 'z']) expect(seen.filter((body) => body.startsWith(group))).toEqual(Array.from({ length: 12 }, (_, n) => `${group}${n}`));
  });

  it.runIf(kind === 'postgres')('a message sent through one server wakes a poll that waits at the other, without any time passing', async () => {
    await create('woken');
    const [a, b] = both();
    const waiting = receive(a, 'woken', { WaitTimeSeconds: 20 });
    await send(b, 'woken', 'across');
    expect((await waiting).map(({ Body }) => Body)).toEqual(['across']);
  });

  it('sends once for one key of another room, however often it asks', async () => {
    await create('once');
    const [a, b] = both();
    const sent = [await again(a), await again(b), await again(a)];
    expect(new Set(sent.map(({ MessageId }) => MessageId)).size).toBe(1);
    expect(await receive(a, 'once', { MaxNumberOfMessages: 10 })).toHaveLength(1);
  });

  it('seals what was sent, unless the owner turned encryption off', async () => {
    await create('sealed');
    const [a] = both();
    await send(a, 'sealed', 'secret words');
    await a.sqs.SetQueueAttributes({ QueueUrl: url('sealed'), Attributes: { SqsManagedSseEnabled: 'false' } }, call());
    await send(a, 'sealed', 'plain words');
    const rows = await db.read.withTables<{ sqs_messages: { content: string } }>().selectFrom('sqs_messages').select('content').execute();
    expect(rows.map(({ content }) => ['secret words', 'plain words'].filter((body) => content.includes(body)))).toEqual(expect.arrayContaining([[], ['plain words']]));
    expect((await receive(a, 'sealed', { MaxNumberOfMessages: 10 })).map(({ Body }) => Body).toSorted()).toEqual(['plain words', 'secret words']);
  });

  it('gives nothing more while as many are in flight as may be: standard queues say so, FIFO queues and polls have nothing', async () => {
    const a = await serve(db, 12);
    for (const name of ['over', 'over.fifo']) {
      await create(name);
      for (let n = 0; n < 13; n += 1) await send(a, name, String(n), name.endsWith('.fifo') ? `g${n}` : undefined);
      for (const most of [10, 2]) expect(await receive(a, name, { MaxNumberOfMessages: most })).toHaveLength(most);
    }
    await expect(receive(a, 'over')).rejects.toMatchObject({ name: 'OverLimit', message: expect.stringContaining('12 is the most') as string });
    expect(await receive(a, 'over.fifo')).toEqual([]);
    await clock.advance(30_001);
    expect(await receive(a, 'over')).toHaveLength(1);
  });

  it('moves dead letters, counts what is where, and takes a purge', async () => {
    await create('dead');
    const [a, b] = both();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:us-east-1:${account}:dead`, maxReceiveCount: 1 });
    await a.sqs.CreateQueue({ QueueName: 'source', Attributes: { RedrivePolicy } }, call());
    for (const body of ['1', '2', '3']) await send(a, 'source', body);
    await receive(a, 'source', { MaxNumberOfMessages: 2, VisibilityTimeout: 0 });
    expect(await receive(b, 'source', { MaxNumberOfMessages: 10 })).toHaveLength(1);
    const counts = async (name: string) => {
      const { Attributes } = await b.sqs.GetQueueAttributes({ QueueUrl: url(name), AttributeNames: ['All'] }, call());
      return [Attributes?.['ApproximateNumberOfMessages'], Attributes?.['ApproximateNumberOfMessagesNotVisible']];
    };
    expect([await counts('dead'), await counts('source')]).toEqual([['2', '0'], ['0', '1']]);
    await b.sqs.PurgeQueue({ QueueUrl: url('dead') }, call());
    expect(await receive(a, 'dead')).toEqual([]);
  });
});
