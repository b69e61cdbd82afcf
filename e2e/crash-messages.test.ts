import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleProgram, crashEveryPoint, slipwayProgram, type CrashPlan } from '@slipway/testkit';
import { bodiesFrom, copyOf, driveMessages, driveTimes, environmentOf, messagesTemplate, ORDERED, PLAIN, remove, timesTemplate, type World } from './crash/messages.ts';

const everyPoint = process.env['CRASH_ALL'] === '1';
const minutes = 60_000;
const programs = ['supervisor', 'agent'].map((name) => join(dirname(slipwayProgram), `${name}.js`));
const where = everyPoint ? 'every point' : 'some of its points, drawn by a seed';

let server: string;
const models: string[] = [];

beforeAll(async () => {
  server = await bundleProgram(resolve(import.meta.dirname, 'crash/server.ts'));
  models.push(await messagesTemplate(), await timesTemplate());
}, minutes);

afterAll(() => Promise.all(models.map((model) => rm(model, { recursive: true, force: true }))));

const stories = ({ seed, count, ...plan }: Pick<CrashPlan<World>, 'prepare' | 'drive' | 'check'> & { seed: number; count: number }) => crashEveryPoint<World>({
  ...plan,
  command: (world) => ({ args: [server, ...programs], env: environmentOf(world) }),
  remove,
  sample: everyPoint ? undefined : { seed, count },
  parallel: 2,
});

test(`Every publication that was answered arrives, each group in order, and nothing returns that was deleted, when the server is killed before and after ${where}`, async () => {
  const { crashed, missed } = await stories({
    seed: 31,
    count: 5,
    prepare: () => copyOf(models[0]!),
    drive: driveMessages,
    check: async (world) => {
      expect(world.returned).toEqual([]);
      expect([...bodiesFrom(world, 'orders')].toSorted()).toEqual(PLAIN.toSorted());
      const ordered = world.received['orders.fifo'] ?? [];
      for (const group of new Set(ORDERED.map((each) => each.group))) {
        const got = ordered.map(({ body }) => body).filter((body) => body.startsWith(`${group} `));
        // The same one twice in a row was received before the crash and could not be deleted.
        expect(got.filter((body, index) => body !== got[index - 1])).toEqual(ORDERED.filter((each) => each.group === group).map(({ body }) => body));
      }
      expect(new Set(ordered.map(({ id }) => id)).size).toBe(ORDERED.length);
    },
  });
  expect(crashed).toBeGreaterThan(missed);
}, 60 * minutes);

test(`A schedule fires once each time and its refused events become dead letters, and an alarm goes off once, when the server is killed before and after ${where}`, async () => {
  const { crashed, missed } = await stories({
    seed: 32,
    count: 3,
    prepare: () => copyOf(models[1]!, 20),
    drive: driveTimes,
    check: async (world) => {
      const events = (queue: string) => [...bodiesFrom(world, queue)].map((body) => JSON.parse(body) as { id: string; time: string });
      const ids = (queue: string): string[] => [...new Set(events(queue).map(({ id }) => id))].toSorted();
      expect(world.returned).toEqual([]);
      expect(ids('ticks').length).toBeGreaterThanOrEqual(2);
      expect(ids('letters')).toEqual(ids('ticks'));
      expect(new Set(events('ticks').map(({ time }) => time)).size).toBe(ids('ticks').length);
      expect(world.seen).toEqual({ state: 'ALARM', changes: [expect.stringMatching(/to ALARM$/)] });
      expect(ids('changes')).toHaveLength(1);
      const told = [...bodiesFrom(world, 'alarms')].map((body) => JSON.parse(body) as { AlarmName: string; NewStateValue: string });
      expect(told.length).toBeGreaterThanOrEqual(1);
      for (const each of told) expect(each).toMatchObject({ AlarmName: 'failures', NewStateValue: 'ALARM' });
    },
  });
  expect(crashed).toBeGreaterThan(missed);
}, 60 * minutes);
