import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../server/src/kernel/database/index.ts';
import type { DatabaseOptions } from '../../../server/src/kernel/database/index.ts';
import { describeDatabases } from '../../../server/src/kernel/database/suite.ts';
import type { Scratch } from '../../../server/src/kernel/database/suite.ts';
import { bundleProgram } from './bundle.ts';
import { crashEveryPoint } from './crash.ts';
import type { CrashResult } from './crash.ts';

type Tables = {
  counters: { id: string; step: number; entry: string };
  ledger: { id: string; step: number };
};

interface World {
  readonly folder: string;
  readonly scratch: Scratch;
}

const STEPS = [1, 2, 3, 4, 5];

async function look(options: DatabaseOptions): Promise<{ counter: Tables['counters'][]; ledger: Tables['ledger'][] }> {
  const db = await openDatabase(options);
  const query = db.read.withTables<Tables>();
  const found = { counter: await query.selectFrom('counters').selectAll().execute(), ledger: await query.selectFrom('ledger').selectAll().orderBy('step').execute() };
  await db.close();
  return found;
}

/** The counter is at its end, each step has one entry and one file, and each event came in order, at most repeated in place. */
async function check({ folder, scratch }: World): Promise<void> {
  const { counter, ledger } = await look('url' in scratch.options ? scratch.options : { file: join(folder, 'toy.sqlite') });
  expect(counter).toMatchObject([{ step: 5, entry: ledger[4]?.id }]);
  expect(ledger.map(({ step }) => step)).toEqual(STEPS);
  expect(STEPS.map((step) => readFileSync(join(folder, `step-${step}`), 'utf8'))).toEqual(ledger.map(({ id }) => id));
  const delivered = readFileSync(join(folder, 'delivered'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { id: string; step: number });
  const withoutRepeats = delivered.filter(({ id }, n) => delivered[n - 1]?.id !== id);
  expect(withoutRepeats.map(({ step }) => step)).toEqual(STEPS);
}

describeDatabases('A toy aggregate', (makeScratch, kind) => {
  let program: string;
  beforeAll(async () => {
    program = await bundleProgram(resolve(import.meta.dirname, 'test/toy.ts'));
  });

  const crash = (more: { group?: boolean; sample?: { seed: number; count: number } }): Promise<CrashResult> => crashEveryPoint<World>({
    prepare: async () => ({ folder: mkdtempSync(join(tmpdir(), 'slipway-toy-')), scratch: await makeScratch() }),
    command: ({ folder, scratch }) => ({ args: [program, folder, ...('url' in scratch.options ? [scratch.options.url] : [])] }),
    check,
    remove: async ({ folder, scratch }) => {
      await scratch.remove();
      rmSync(folder, { recursive: true, force: true });
    },
    parallel: 2,
    timeout: 20_000,
    ...more,
  });

  it('comes to the same end when it is killed before and after every commit, rename, sync and spawn', { timeout: 300_000 }, async () => {
    const { points, crashed, missed } = await crash(kind === 'sqlite' ? {} : { sample: { seed: 1, count: 8 } });
    for (const each of ['commit', 'rename', 'fsync', 'spawn']) expect(points.filter((point) => point.startsWith(each)).length).toBeGreaterThanOrEqual(5);
    expect(crashed).toBeGreaterThan(missed * 10);
  });

  it('comes to the same end when its whole process group is killed', { timeout: 120_000 }, async () => {
    const { crashed } = await crash({ group: true, sample: { seed: 2, count: 4 } });
    expect(crashed).toBeGreaterThanOrEqual(7);
  });
});
