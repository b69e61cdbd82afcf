import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../testkit/src/clock.ts';
import { createJobs, engineMigrations } from '../engine/index.ts';
import type { Jobs } from '../engine/index.ts';
import type { Database } from '../kernel/database.ts';
import { describeDatabases } from '../kernel/database/suite.ts';
import type { Scratch } from '../kernel/database/suite.ts';
import { silent } from '../kernel/log.ts';
import { mergeBlock, readBlock } from './block.ts';
import { metricMigrations, openMetrics, pointOf, pointOfSet, valuesOf } from './index.ts';
import type { Measure, Metrics } from './index.ts';
import { addPoint } from './point.ts';
import { bounded, EXACT_VALUES, SKETCH_ERROR } from './spread.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const start = Date.UTC(2030, 0, 10);
const here = { account: '1', region: 'us-east-1' };
const metric = { namespace: 'Shop', name: 'Latency', dimensions: [['Service', 'cart']] as const };
const at = (time: number, value: number, more: Partial<Measure> = {}): Measure => ({ ...metric, unit: 'None', time, highResolution: false, point: pointOf(value), ...more });

const sizeOfPoint = (value: (step: number) => number): number => mergeBlock(undefined, new Map(Array.from({ length: 60 }, (_, step) => [step, pointOf(value(step))]))).length / 60;

describe('a block', () => {
  it('gives back every kind of point as it was', () => {
    const spreads = pointOf(1.5);
    for (const value of [0, 2, 7.25, 2 ** 50]) addPoint(spreads, pointOf(value, 3));
    const points = [pointOf(3), pointOf(-0.5), pointOf(-7), pointOf(2 ** 60), pointOf(9, 40), pointOfSet({ count: 10, sum: 55, min: 1, max: 10 }), spreads, pointOf(0.1, 2.5)];
    const data = mergeBlock(undefined, new Map(points.map((point, step) => [step * 7, point])));
    expect([...readBlock(data)]).toEqual(points.map((point, step) => [step * 7, point]));
  });

  it('adds late points between those it has and up to those of the same step', () => {
    const first = mergeBlock(undefined, new Map([[5, pointOf(1)], [9, pointOf(2)]]));
    const second = mergeBlock(first, new Map([[7, pointOf(3)], [9, pointOf(4)]]));
    expect([...readBlock(second)].map(([step, point]) => [step, point.count, point.sum])).toEqual([[5, 1, 1], [7, 1, 3], [9, 2, 6]]);
  });

  it('takes four to ten bytes for a point of one value', () => {
    expect(sizeOfPoint((step) => step)).toBeLessThanOrEqual(4);
    expect(sizeOfPoint((step) => step * Math.PI)).toBeLessThanOrEqual(10);
  });
});

describe('a spread', () => {
  it('keeps what a sketch tells of a value within one percent', () => {
    const point = pointOf(0);
    for (let i = 1; i <= 5_000; i++) addPoint(point, pointOf(i / 10));
    const spread = bounded(point.spread!);
    expect(spread.kind).toBe('sketch');
    const values = valuesOf(spread);
    expect(values.reduce((sum, [, count]) => sum + count, 0)).toBe(5_001);
    let rank = 0;
    for (const [value, count] of values) {
      rank += count;
      const real = (rank - 1) / 10;
      if (real > 20) expect(Math.abs(value - real) / real).toBeLessThan(2.1 * SKETCH_ERROR);
    }
  });

  it('stays exact as long as one datum may be', () => {
    const point = pointOf(0);
    for (let i = 1; i < EXACT_VALUES; i++) addPoint(point, pointOf(i));
    expect(bounded(point.spread!).kind).toBe('exact');
  });
});

describeDatabases('Metrics', (makeScratch) => {
  let scratch: Scratch;
  let db: Database;
  let clock: FakeClock;
  let jobs: Jobs;
  let metrics: Metrics;
  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    await db.migrate([...engineMigrations, ...metricMigrations]);
    clock = new FakeClock(start);
    jobs = createJobs({ db, clock, log: silent });
    clock.settleWith(() => jobs.idle());
    metrics = openMetrics({ db, clock, jobs });
    await jobs.start();
    await metrics.start();
  });
  afterEach(async () => {
    await jobs.stop();
    await scratch.remove();
  });

  const record = (measures: readonly Measure[], through = metrics, on = db) => on.transaction((tx) => through.record(tx, here, measures));
  const read = async (from: number, to: number, period: number, unit?: string) =>
    (await metrics.read(here, metric, { start: from, end: to, period }, unit)).map((series) => ({ unit: series.unit, bins: [...series.bins].map(([time, point]) => [(time - from) / 1000, point.count, point.sum]) }));
  const blocks = async () => (await db.read.withTables<{ metric_blocks: { id: string } }>().selectFrom('metric_blocks').select('id').execute()).map(({ id }) => id.slice(16, 17)).toSorted();

  it('adds up points by period, whatever the order in which they come', async () => {
    await record([at(start - 10_000, 5), at(start - 70_000, 1)]);
    await record([at(start - 3 * MINUTE, 2), at(start - 50_000, 4)]);
    expect(await read(start - 3 * MINUTE, start, MINUTE)).toEqual([{ unit: 'None', bins: [[0, 1, 2], [60, 1, 1], [120, 2, 9]] }]);
    expect(await read(start - 3 * MINUTE, start, 3 * MINUTE)).toEqual([{ unit: 'None', bins: [[0, 4, 12]] }]);
  });

  it('keeps units apart', async () => {
    await record([at(start - MINUTE, 1, { unit: 'Seconds' }), at(start - MINUTE, 2, { unit: 'Count' })]);
    expect(await read(start - MINUTE, start, MINUTE)).toEqual([{ unit: 'Count', bins: [[0, 1, 2]] }, { unit: 'Seconds', bins: [[0, 1, 1]] }]);
    expect(await read(start - MINUTE, start, MINUTE, 'Seconds')).toEqual([{ unit: 'Seconds', bins: [[0, 1, 1]] }]);
  });

  it('keeps high-resolution points by the second for three hours', async () => {
    await record([at(start - 5_000, 1, { highResolution: true }), at(start - 2_000, 2, { highResolution: true }), at(start - 3_000, 9)]);
    expect(await read(start - 10_000, start, 1_000)).toEqual([{ unit: 'None', bins: [[5, 1, 1], [8, 1, 2]] }]);
    expect(await read(start - MINUTE, start, MINUTE)).toEqual([{ unit: 'None', bins: [[0, 3, 12]] }]);
    await clock.advance(4 * HOUR);
    expect(await read(start - 10_000, start, 1_000)).toEqual([{ unit: 'None', bins: [] }]);
    expect(await read(start - MINUTE, start, MINUTE)).toEqual([{ unit: 'None', bins: [[0, 3, 12]] }]);
  });

  it('rolls points up to five minutes after 15 days, to the hour after 63, and lets them go after 455', async () => {
    const measures = Array.from({ length: 120 }, (_, minute) => at(start - 2 * HOUR + minute * MINUTE, minute));
    await record(measures);
    const sum = (119 * 120) / 2;
    expect(await blocks()).toEqual(['m', 'm']);
    clock.settleWith(async () => {});
    const jump = async (days: number) => {
      const age = { kind: 'metrics/age', account: '', region: '', id: 'blocks' };
      await clock.advance(days * DAY);
      await db.transaction((tx) => jobs.wake(tx, age));
      await jobs.idle();
    };
    await jump(15.2);
    expect(await blocks()).toEqual(['n']);
    expect((await read(start - 2 * HOUR, start, MINUTE))[0]!.bins).toEqual([]);
    expect((await read(start - 2 * HOUR, start, 5 * MINUTE))[0]!.bins).toHaveLength(24);
    expect((await read(start - 2 * HOUR, start, HOUR))[0]!.bins).toEqual([[0, 60, (59 * 60) / 2], [3600, 60, sum - (59 * 60) / 2]]);
    await jump(50);
    expect(await blocks()).toEqual(['o']);
    expect((await read(start - 2 * HOUR, start, 5 * MINUTE))[0]!.bins).toEqual([]);
    expect((await read(start - 2 * HOUR, start, 2 * HOUR))[0]!.bins).toEqual([[0, 120, sum]]);
    await jump(420);
    expect(await blocks()).toEqual([]);
  });

  it('loses nothing when two servers record into the same blocks at the same time', async () => {
    const other = await scratch.open();
    const second = openMetrics({ db: other, clock, jobs: createJobs({ db: other, clock, log: silent }) });
    const others = Array.from({ length: 5 }, (_, n) => at(start - MINUTE, 1, { name: `other-${n}` }));
    await Promise.all(Array.from({ length: 20 }, (_, n) => record([...(n % 3 === 0 ? others : others.toReversed()), at(start - (1 + (n % 4)) * MINUTE, 1)], n % 2 === 0 ? metrics : second, n % 2 === 0 ? db : other)));
    expect((await read(start - 4 * MINUTE, start, 4 * MINUTE))[0]!.bins).toEqual([[0, 20, 20]]);
  });

  it('lists metrics by namespace, name and dimensions, page by page', async () => {
    await record(['a', 'b', 'c'].flatMap((name) => [at(start, 1, { name }), at(start, 1, { name, unit: 'Count' }), at(start, 1, { name, dimensions: [['Host', 'x'], ['Zone', name]] })]));
    const all = { dimensions: [], seenSince: start - DAY };
    const first = await metrics.list(here, all, { after: undefined, limit: 4 });
    const last = first.at(-1)!;
    const rest = await metrics.list(here, all, { after: [last.namespace, last.name, last.metric], limit: 10 });
    expect([...first, ...rest].map(({ name }) => name)).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
    expect((await metrics.list(here, { ...all, dimensions: [['Zone', 'b'], ['Host', undefined]] }, { after: undefined, limit: 10 })).map(({ name }) => name)).toEqual(['b']);
    expect(await metrics.list(here, { ...all, namespace: 'Other' }, { after: undefined, limit: 10 })).toEqual([]);
    expect(await metrics.list({ ...here, account: '2' }, all, { after: undefined, limit: 10 })).toEqual([]);
  });
});
