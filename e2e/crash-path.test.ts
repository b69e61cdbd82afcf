import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crashEveryPoint, slipwayProgram } from '@slipway/testkit';
import { drive, environmentOf, LINES, lookAt, makeModel, makeWorld, removeWorld, type End, type Model, type World } from './crash/path.ts';

const points = process.env['CRASH_ALL'] === '1' ? 20 : 5;
const minutes = 60_000;

describe('From git push to two hosts', () => {
  let model: Model;
  let undisturbed: End | undefined;

  beforeAll(async () => {
    model = await makeModel();
  }, 2 * minutes);

  afterAll(() => rm(model.folder, { recursive: true, force: true }));

  async function expectEnd(world: World): Promise<void> {
    const end = await lookAt(world);
    expect(end.output).toEqual(Array.from({ length: LINES }, (_, n) => `line ${n + 1}`));
    for (const hooks of end.ledgers) expect(hooks).toEqual(['deployment BeforeInstall', 'deployment AfterInstall', 'deployment ApplicationStart', 'deployment ValidateService']);
    undisturbed ??= end;
    expect(end).toEqual(undisturbed);
    expect(end.executions).toEqual(['PollForSourceChanges Succeeded', 'CreatePipeline Failed']);
    expect(end.repositories).toEqual(['refs/heads/main']);
    expect(end.events['CodeCommit Repository State Change referenceCreated refs/heads/main']).toBe(1);
  }

  for (const { group, seed, dies } of [{ group: false, seed: 21, dies: 'the server alone dies' }, { group: true, seed: 22, dies: 'the server dies with its whole process group' }]) {
    test(`no log line is lost or doubled, no hook runs twice and all ends as if undisturbed when ${dies}, before and after ${points} points drawn by a seed`, async () => {
      const { crashed, missed } = await crashEveryPoint<World>({
        prepare: () => makeWorld(model),
        command: (world) => ({ args: [slipwayProgram, 'start'], env: environmentOf(world) }),
        drive,
        check: expectEnd,
        remove: removeWorld,
        group,
        sample: { seed, count: points },
        parallel: 2,
        timeout: 2 * minutes,
      });
      expect(crashed).toBeGreaterThan(missed);
    }, 60 * minutes);
  }
});
