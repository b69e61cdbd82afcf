import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { put, ruleWithLog } from './house.ts';

const MINUTE = 60_000;
let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

test('rate: one event each time, in AWS\'s shape, from the time at which the rule was put', async () => {
  const began = s.clock.now();
  const log = await ruleWithLog(s, 'every-five', { ScheduleExpression: 'rate(5 minutes)' });
  await s.clock.advance(16 * MINUTE);
  const events = await log.events();
  expect(events.map((event) => event['time'])).toEqual([5, 10, 15].map((minutes) => `${new Date(began + minutes * MINUTE).toISOString().slice(0, 19)}Z`));
  expect(new Set(events.map((event) => event['id'])).size).toBe(3);
  const golden = JSON.parse(await readFile(new URL('golden/scheduled-event.json', import.meta.url), 'utf8')) as object;
  const { id, time } = events[0]!;
  expect({ ...events[0], id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa', time: '2015-10-08T16:53:06Z', account: '123456789012', resources: ['arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule'] }).toEqual(golden);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(events[0]!['resources']).toEqual([log.ruleArn]);
  await s.aws.eventbridge.disableRule({ Name: 'every-five' });
});

test('cron: fires at its times; not while the rule is disabled', async () => {
  const log = await ruleWithLog(s, 'hourly', { ScheduleExpression: 'cron(0 * * * ? *)' });
  await s.clock.advance(2 * 60 * MINUTE);
  const fired = (await log.events()).map((event) => String(event['time']));
  expect(fired).toHaveLength(2);
  for (const time of fired) expect(time).toMatch(/:00:00Z$/);
  await s.aws.eventbridge.disableRule({ Name: 'hourly' });
  await s.clock.advance(3 * 60 * MINUTE);
  expect(await log.events()).toHaveLength(2);
  await s.aws.eventbridge.enableRule({ Name: 'hourly' });
  await s.clock.advance(60 * MINUTE);
  expect(await log.events()).toHaveLength(3);
  await s.aws.eventbridge.disableRule({ Name: 'hourly' });
});

test('a rule\'s new schedule takes the place of the old one; the same again changes nothing', async () => {
  const log = await ruleWithLog(s, 'changing', { ScheduleExpression: 'rate(10 minutes)' });
  await s.clock.advance(6 * MINUTE);
  await s.aws.eventbridge.putRule({ Name: 'changing', ScheduleExpression: 'rate(10 minutes)' });
  await s.clock.advance(4 * MINUTE);
  expect(await log.events()).toHaveLength(1);
  await s.aws.eventbridge.putRule({ Name: 'changing', ScheduleExpression: 'rate(1 hour)' });
  await s.clock.advance(59 * MINUTE);
  expect(await log.events()).toHaveLength(1);
  await s.clock.advance(1 * MINUTE);
  expect(await log.events()).toHaveLength(2);
  await s.aws.eventbridge.removeTargets({ Rule: 'changing', Ids: ['log'] });
  await s.aws.eventbridge.deleteRule({ Name: 'changing' });
  await s.clock.advance(2 * 60 * MINUTE);
  expect(await log.events()).toHaveLength(2);
});

test('a rule may have a schedule and a pattern; schedules are for the default bus', async () => {
  const log = await ruleWithLog(s, 'double', { ScheduleExpression: 'rate(1 day)', EventPattern: '{"source":["double"]}' });
  await put(s, 'double', {});
  await s.clock.advance(24 * 60 * MINUTE);
  expect((await log.events()).map((event) => event['source'])).toEqual(['double', 'aws.events']);
  await s.aws.eventbridge.createEventBus({ Name: 'own' });
  await expect(s.aws.eventbridge.putRule({ Name: 'r', EventBusName: 'own', ScheduleExpression: 'rate(1 day)' })).rejects.toThrow('ScheduleExpression is supported only on the default event bus.');
});

test('times that pass while no server runs are one event when one runs again', async () => {
  const data = await mkdtemp(join(tmpdir(), 'slipway-schedule-'));
  try {
    const first = await Slipway.start({ data });
    await ruleWithLog(first, 'missed', { ScheduleExpression: 'rate(10 minutes)' });
    // The second server's clock begins with the machine's: the rule's times are put into its past.
    await first.clock.advance(-60 * MINUTE);
    await first.aws.eventbridge.putRule({ Name: 'missed', ScheduleExpression: 'rate(9 minutes)' });
    await first.stop();
    const second = await Slipway.start({ data });
    await second.settled();
    const { events = [] } = await second.aws.cloudwatchLogs.filterLogEvents({ logGroupName: '/aws/events/missed' });
    await second.stop();
    expect(events).toHaveLength(1);
    const { time } = JSON.parse(events[0]!.message ?? '') as { time: string };
    expect(second.clock.now() - Date.parse(time)).toBeLessThan(9 * MINUTE + 1000);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});
