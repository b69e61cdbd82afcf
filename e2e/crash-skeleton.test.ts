import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleProgram, crashEveryPoint, slipwayProgram } from '@slipway/testkit';
import { normal, rowsOf } from './crash/rows.ts';
import { copyOf, drive, environmentOf, remove, template, type Seen, type World } from './crash/skeleton.ts';

const everyPoint = process.env['CRASH_ALL'] === '1';
const minutes = 60_000;
const programs = ['supervisor', 'agent'].map((name) => join(dirname(slipwayProgram), `${name}.js`));

let server: string;
let model: string;

beforeAll(async () => {
  server = await bundleProgram(resolve(import.meta.dirname, 'crash/server.ts'));
  model = await template();
}, minutes);

afterAll(() => rm(model, { recursive: true, force: true }));

interface End {
  readonly seen: Seen;
  readonly rows: Record<string, string[]>;
}

function endOf({ data, seen }: World): End {
  if (!seen) throw new Error('nothing was seen');
  return { seen: { ...seen, build: seen.build.map(normal), log: seen.log.map(normal), actions: seen.actions.map(normal) }, rows: rowsOf(data) };
}

// The dummy runner's builds live in the server: those that it has begun end with it, as one whose supervisor was killed.
const died = /The supervisor of the build \(process \d+\) ended without a result/;

function expectDied({ seen }: End, undisturbed: End): void {
  expect(seen.build[0]).toBe('FAULT');
  expect(seen.status).toBe('Failed');
  expect(seen.actions[0]).toMatch(/^Compile Failed /);
  expect(seen.actions[1]).toBe('Fetch Succeeded');
  expect(seen.events['CodePipeline Pipeline Execution State Change FAILED']).toBe(1);
  expect(seen.events['CodeBuild Build State Change FAULT']).toBe(1);
  const output = seen.log.filter((line) => line.startsWith('line'));
  expect(output).toEqual(undisturbed.seen.log.filter((line) => line.startsWith('line')).slice(0, output.length));
}

test(`A pipeline of a source and a dummy build comes to the same end when its server is killed before and after ${everyPoint ? 'every point' : '20 of its points, drawn by a seed'}`, async () => {
  let undisturbed: End | undefined;
  let deaths = 0;
  const { crashed, missed } = await crashEveryPoint<World>({
    prepare: () => copyOf(model),
    command: (world) => ({ args: [server, ...programs], env: environmentOf(world) }),
    drive,
    check: async (world) => {
      const end = endOf(world);
      undisturbed ??= end;
      if (end.seen.build.some((line) => died.test(line))) {
        deaths += 1;
        expectDied(end, undisturbed);
      } else expect(end).toEqual(undisturbed);
    },
    remove,
    sample: everyPoint ? undefined : { seed: 11, count: 20 },
    parallel: 2,
  });
  expect(undisturbed?.seen.status).toBe('Succeeded');
  expect(crashed).toBeGreaterThan(missed * 4);
  expect(deaths).toBeLessThan(crashed / 3);
}, 60 * minutes);
