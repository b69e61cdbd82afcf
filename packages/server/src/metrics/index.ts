import type { JobKey, Jobs } from '../engine/jobs.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Database, Transaction } from '../kernel/database.ts';
import type { Place } from '../kernel/place.ts';
import { metricId } from './identity.ts';
import type { MetricIdentity } from './identity.ts';
import { addMeasures, ageBlocks, forgetStreams, listMetrics, noteStreams, readSeries, reading, SEEN_PRECISION } from './store.ts';
import type { Identified, Measure, MetricFilter, Series, StreamNote, Window } from './store.ts';
import { TIERS } from './tiers.ts';

export { metricId, sortedDimensions } from './identity.ts';
export type { Dimension, MetricIdentity } from './identity.ts';
export { metricMigrations } from './migrations.ts';
export { addPoint, copyPoint, pointOf, pointOfSet } from './point.ts';
export type { Point } from './point.ts';
export { valuesOf } from './spread.ts';
export type { Measure, MetricFilter, Series, Window } from './store.ts';
export { TIERS } from './tiers.ts';

/**
 * Time series in bounded space: what is recorded is kept by the minute (and, on request, by the second), later by five
 * minutes and by the hour, and goes after 455 days.
 *
 * Life: `openMetrics` → `start` (ageing begins) → `record` and `read`.
 */
export interface Metrics {
  /** Part of the caller's transaction. Points may come late, early and in any order; those of the same time are added up. */
  record(tx: Transaction, place: Place, measures: readonly Measure[]): Promise<void>;
  /** One series per unit; all units unless one is named. */
  read(place: Place, metric: MetricIdentity, window: Window, unit?: string): Promise<Series[]>;
  list(place: Place, filter: MetricFilter, slice: { after: readonly [string, string, string] | undefined; limit: number }): Promise<(MetricIdentity & { metric: string })[]>;
  start(): Promise<void>;
}

const AGE: JobKey = { kind: 'metrics/age', account: '', region: '', id: 'blocks' };
const AGE_EVERY = 60 * 60_000;
const BLOCKS_PER_ROUND = 100;
const REMEMBERED = 100_000;

export function openMetrics({ db, clock, jobs }: { db: Database; clock: Clock; jobs: Jobs }): Metrics {
  /** When this process last wrote down that a stream had data: a row for each point would cost more than the points. */
  const noted = new Map<string, number>();

  jobs.handle(AGE.kind, async (run) => {
    const now = clock.now();
    for (let moved = BLOCKS_PER_ROUND; moved === BLOCKS_PER_ROUND && !run.signal.aborted; ) {
      moved = await db.transaction(async (tx) => {
        await run.fence(tx);
        return ageBlocks(tx, now, BLOCKS_PER_ROUND);
      });
    }
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await forgetStreams(tx, now - TIERS.hour.kept);
    });
    run.again(now + AGE_EVERY);
  });

  function unnoted(place: Place, measures: readonly Identified[], now: number): Map<string, StreamNote> {
    const found = new Map<string, StreamNote>();
    for (const { namespace, name, dimensions, unit, metric } of measures) {
      const key = `${place.account} ${place.region} ${metric} ${unit}`;
      const last = noted.get(key);
      if (last === undefined || now - last >= SEEN_PRECISION || now < last) found.set(key, { metric, unit, namespace, name, dimensions });
    }
    return found;
  }

  return {
    async record(tx, place, measures) {
      const now = clock.now();
      const identified = measures.map((measure) => ({ ...measure, metric: metricId(measure) }));
      const notes = unnoted(place, identified, now);
      await addMeasures(tx, place, identified, now);
      if (notes.size === 0) return;
      await noteStreams(tx, place, [...notes.values()], now);
      tx.afterCommit(() => {
        if (noted.size > REMEMBERED) noted.clear();
        for (const key of notes.keys()) noted.set(key, now);
      });
    },
    read: (place, metric, window, unit) => readSeries(reading(db), place, metric, window, { unit, now: clock.now() }),
    list: (place, filter, slice) => listMetrics(reading(db), place, { ...filter, seenSince: filter.seenSince - SEEN_PRECISION }, slice),
    start: () => db.transaction((tx) => jobs.wake(tx, AGE)),
  };
}
