import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openQueue, put, ruleWithLog } from './house.ts';

const DAY = 86_400_000;
let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const arn = (resource: string): string => `arn:aws:events:us-east-1:${s.account}:${resource}`;
const archive = (ArchiveName: string, more: { RetentionDays?: number; EventPattern?: string } = {}) => s.aws.eventbridge.createArchive({ ArchiveName, EventSourceArn: arn('event-bus/default'), ...more });
const window = () => ({ EventStartTime: new Date(s.clock.now() - DAY), EventEndTime: new Date(s.clock.now() + DAY) });

describe('archives', () => {
  test('CreateArchive, UpdateArchive, DescribeArchive, ListArchives, DeleteArchive', async () => {
    const { eventbridge } = s.aws;
    expect(await archive('kept', { EventPattern: '{"source":["kept"]}', RetentionDays: 3 })).toMatchObject({ ArchiveArn: arn('archive/kept'), State: 'ENABLED' });
    await expect(archive('kept')).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException', message: 'Archive kept already exists.' });
    await put(s, 'kept', { n: 1 });
    await put(s, 'other', { n: 2 });
    await s.settled();
    expect(await eventbridge.describeArchive({ ArchiveName: 'kept' })).toMatchObject({ EventCount: 1, SizeBytes: expect.any(Number), RetentionDays: 3, EventPattern: '{"source":["kept"]}', EventSourceArn: arn('event-bus/default') });
    await eventbridge.updateArchive({ ArchiveName: 'kept', Description: 'now with a description', RetentionDays: 5 });
    expect((await eventbridge.listArchives({ NamePrefix: 'ke' })).Archives).toMatchObject([{ ArchiveName: 'kept', RetentionDays: 5, EventCount: 1 }]);
    await expect(eventbridge.listArchives({ NamePrefix: 'ke', State: 'ENABLED' })).rejects.toMatchObject({ name: 'ValidationException' });
    await eventbridge.deleteArchive({ ArchiveName: 'kept' });
    await expect(eventbridge.describeArchive({ ArchiveName: 'kept' })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'Archive kept does not exist.' });
    await archive('kept');
    expect((await eventbridge.describeArchive({ ArchiveName: 'kept' })).EventCount).toBe(0);
    await eventbridge.deleteArchive({ ArchiveName: 'kept' });
  });

  test('a managed rule fills an archive, and nobody else may change it', async () => {
    const { eventbridge } = s.aws;
    await archive('managed');
    const Name = 'Events-Archive-managed';
    expect(await eventbridge.describeRule({ Name })).toMatchObject({ ManagedBy: 'prod.vhs.events.aws.internal', EventPattern: '{"replay-name":[{"exists":false}]}' });
    for (const refused of [eventbridge.deleteRule({ Name }), eventbridge.disableRule({ Name }), eventbridge.putRule({ Name, EventPattern: '{"source":["x"]}' }), eventbridge.putTargets({ Rule: Name, Targets: [{ Id: 'x', Arn: 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/x' }] })]) {
      await expect(refused).rejects.toMatchObject({ name: 'ManagedRuleException' });
    }
    await eventbridge.deleteArchive({ ArchiveName: 'managed' });
    await expect(eventbridge.describeRule({ Name })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('what an archive cannot be is refused', async () => {
    const { eventbridge } = s.aws;
    await expect(eventbridge.createArchive({ ArchiveName: 'x', EventSourceArn: 'arn:aws:s3:::b' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(eventbridge.createArchive({ ArchiveName: 'x', EventSourceArn: arn('event-bus/nowhere') })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(archive('x', { EventPattern: '{"a":1}' })).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
    await expect(eventbridge.createArchive({ ArchiveName: 'x', EventSourceArn: arn('event-bus/default'), KmsKeyIdentifier: 'k' })).rejects.toThrow('KmsKeyIdentifier is not supported by Slipway yet.');
    await expect(eventbridge.updateArchive({ ArchiveName: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('replays', () => {
  test('StartReplay: the window\'s events come again, oldest first, with the replay\'s name, and are not archived again', async () => {
    const { eventbridge } = s.aws;
    await archive('past', { EventPattern: '{"source":["past"]}' });
    const log = await ruleWithLog(s, 'past', { EventPattern: '{"source":["past"]}' });
    const other = await ruleWithLog(s, 'past-too', { EventPattern: '{"source":["past"]}' });
    const now = s.clock.now();
    for (const n of Array.from({ length: 60 }, (_, index) => index)) await put(s, 'past', { n }, undefined, new Date(now - 1000 * (100 - n)));
    await put(s, 'past', { n: 'too early' }, undefined, new Date(now - 2 * DAY));
    expect(await log.events()).toHaveLength(61);
    const started = await eventbridge.startReplay({ ReplayName: 'again', EventSourceArn: arn('archive/past'), Destination: { Arn: arn('event-bus/default'), FilterArns: [log.ruleArn] }, ...window() });
    expect(started).toMatchObject({ ReplayArn: arn('replay/again'), State: 'STARTING' });
    const replayed = (await log.events()).filter((event) => event['replay-name'] === 'again');
    expect(replayed.map(({ detail }) => detail['n'])).toHaveLength(60);
    expect(new Set(replayed.map(({ detail }) => detail['n']))).toEqual(new Set(Array.from({ length: 60 }, (_, n) => n)));
    expect(await other.events()).toHaveLength(61);
    expect(await eventbridge.describeReplay({ ReplayName: 'again' })).toMatchObject({
      State: 'COMPLETED', EventLastReplayedTime: expect.any(Date), ReplayEndTime: expect.any(Date), Destination: { Arn: arn('event-bus/default'), FilterArns: [log.ruleArn] }, EventSourceArn: arn('archive/past'),
    });
    expect((await eventbridge.describeArchive({ ArchiveName: 'past' })).EventCount).toBe(61);
    expect((await eventbridge.listReplays({ State: 'COMPLETED' })).Replays).toMatchObject([{ ReplayName: 'again' }]);
    await expect(eventbridge.cancelReplay({ ReplayName: 'again' })).rejects.toMatchObject({ name: 'IllegalStatusException' });
  });

  test('a replay goes on where a server that stopped left it, and repeats nothing', async () => {
    const data = await mkdtemp(join(tmpdir(), 'slipway-replay-'));
    try {
      const first = await Slipway.start({ data });
      const bus = `arn:aws:events:us-east-1:${first.account}:event-bus/default`;
      await first.aws.eventbridge.createArchive({ ArchiveName: 'a', EventSourceArn: bus });
      for (let n = 0; n < 20; n++) await first.aws.eventbridge.putEvents({ Entries: Array.from({ length: 10 }, (_, m) => ({ Source: 'many', DetailType: 'T', Detail: JSON.stringify({ n: 10 * n + m }) })) });
      const { arn: queue, QueueUrl } = await openQueue(first, 'many');
      await first.aws.eventbridge.putRule({ Name: 'many', EventPattern: '{"replay-name":["again"]}' });
      await first.aws.eventbridge.putTargets({ Rule: 'many', Targets: [{ Id: 'q', Arn: queue }] });
      const { EventStartTime, EventEndTime } = { EventStartTime: new Date(first.clock.now() - DAY), EventEndTime: new Date(first.clock.now() + DAY) };
      await first.aws.eventbridge.startReplay({ ReplayName: 'again', EventSourceArn: `arn:aws:events:us-east-1:${first.account}:archive/a`, Destination: { Arn: bus }, EventStartTime, EventEndTime });
      await first.stop();
      const second = await Slipway.start({ data });
      await second.settled();
      expect((await second.aws.eventbridge.describeReplay({ ReplayName: 'again' })).State).toBe('COMPLETED');
      const { Attributes } = await second.aws.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
      await second.stop();
      expect(Attributes).toEqual({ ApproximateNumberOfMessages: '200' });
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  test('CancelReplay: a replay that runs ends where it is', async () => {
    await archive('endless', { EventPattern: '{"source":["endless"]}' });
    for (let n = 0; n < 30; n++) await s.aws.eventbridge.putEvents({ Entries: Array.from({ length: 10 }, () => ({ Source: 'endless', DetailType: 'T', Detail: '{}' })) });
    await s.aws.eventbridge.startReplay({ ReplayName: 'cut', EventSourceArn: arn('archive/endless'), Destination: { Arn: arn('event-bus/default') }, ...window() });
    const answer = await s.aws.eventbridge.cancelReplay({ ReplayName: 'cut' }).catch((error: Error) => error.name);
    await s.settled();
    const { State } = await s.aws.eventbridge.describeReplay({ ReplayName: 'cut' });
    // The replay may have been quicker than the request.
    if (answer === 'IllegalStatusException') expect(State).toBe('COMPLETED');
    else expect([answer, State]).toMatchObject([{ State: 'CANCELLING', ReplayArn: arn('replay/cut') }, 'CANCELLED']);
  });

  test('StartReplay: what cannot be replayed is refused', async () => {
    const { eventbridge } = s.aws;
    await archive('refusals');
    const good = { ReplayName: 'r', EventSourceArn: arn('archive/refusals'), Destination: { Arn: arn('event-bus/default') }, ...window() };
    await expect(eventbridge.startReplay({ ...good, EventEndTime: good.EventStartTime })).rejects.toThrow('EventStartTime must be before EventEndTime.');
    await expect(eventbridge.startReplay({ ...good, EventSourceArn: arn('archive/nowhere') })).rejects.toThrow('Archive nowhere does not exist.');
    await expect(eventbridge.startReplay({ ...good, Destination: { Arn: arn('event-bus/other') } })).rejects.toThrow('Cross event bus replay is not permitted.');
    await expect(eventbridge.startReplay({ ...good, Destination: { Arn: arn('event-bus/default'), FilterArns: ['arn:x'] } })).rejects.toMatchObject({ name: 'ValidationException' });
    await eventbridge.startReplay(good);
    await expect(eventbridge.startReplay(good)).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException', message: 'Replay r already exists.' });
    await expect(eventbridge.describeReplay({ ReplayName: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(eventbridge.cancelReplay({ ReplayName: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('upkeep', () => {
  test('events go when their days are over', async () => {
    await archive('short', { EventPattern: '{"source":["short"]}', RetentionDays: 1 });
    await put(s, 'short', {});
    await s.clock.advance(2 * DAY + 1000);
    expect((await s.aws.eventbridge.describeArchive({ ArchiveName: 'short' })).EventCount).toBe(0);
  });
});
