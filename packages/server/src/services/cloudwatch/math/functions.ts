import { MathError } from './parse.ts';
import { arrayOf, gridTimes, mapSeries, ofArray, ofSeries, scalar, scalarOf, seriesOf, timesOf, withPoints } from './values.ts';
import type { Grid, TimeSeries, Value } from './values.ts';

export interface MathContext {
  readonly grid: Grid;
  /** The metrics of the request (no expressions) whose id contains the text, in the order of the request. */
  metrics(containing: string): readonly TimeSeries[];
}

type Calculation = (values: readonly Value[], context: MathContext) => Value;

interface MathFunction {
  readonly least: number;
  readonly most: number;
  readonly run: Calculation;
}

const fn = (least: number, most: number, run: Calculation): MathFunction => ({ least, most, run });
const each = (name: string, change: (value: number) => number): MathFunction =>
  fn(1, 1, ([value]) => mapSeries(value!, name, (series) => withPoints(series, [...series.points].map(([time, point]) => [time, change(point)]))));

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const average = (values: readonly number[]): number => sum(values) / values.length;
const smallest = (values: readonly number[]): number => values.reduce((least, value) => Math.min(least, value), Infinity);
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), -Infinity);
const deviation = (values: readonly number[]): number => {
  const mean = average(values);
  return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length);
};

const AGGREGATES: Readonly<Record<string, (values: readonly number[]) => number>> = { SUM: sum, AVG: average, MIN: smallest, MAX: largest, STDDEV: deviation };

/** Of one series a number, of several a series. `missing`: what stands for a value that is not there, undefined for nothing. */
function aggregate(name: string, combine: (values: readonly number[]) => number, missing?: number): MathFunction {
  return fn(1, 1, ([value]) => {
    if (value?.kind === 'series') return scalar(value.series.points.size === 0 ? 0 : combine([...value.series.points.values()]));
    const all = arrayOf(value, name);
    const points = timesOf(all).map((time): [number, number] => {
      const values = all.map((series) => series.points.get(time) ?? missing).filter((point) => point !== undefined);
      return [time, combine(values)];
    });
    return ofSeries(withPoints(combined(name, all), points));
  });
}

const combined = (label: string, all: readonly TimeSeries[]): TimeSeries => ({ label, period: smallest(all.map((series) => series.period)), points: new Map() });

/** From each value and the one before it. */
const pairwise = (name: string, change: (later: readonly [number, number], earlier: readonly [number, number]) => number): MathFunction =>
  fn(1, 1, ([value]) => mapSeries(value!, name, (series) => {
    const points = [...series.points];
    return withPoints(series, points.slice(1).map((later, index) => [later[0], change(later, points[index]!)]));
  }));

const calendar = (name: string, part: (date: Date) => number): MathFunction =>
  fn(1, 1, ([value], { grid }) => {
    const series = seriesOf(value, name);
    return ofSeries(withPoints(series, gridTimes(grid, series.period).map((time) => [time, part(new Date(time))])));
  });

const SUNDAY = 7;

/** A known function by its name. */
export const FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map(Object.entries({
  ABS: each('ABS', Math.abs),
  CEIL: each('CEIL', Math.ceil),
  FLOOR: each('FLOOR', Math.floor),
  LOG: each('LOG', Math.log),
  LOG10: each('LOG10', Math.log10),
  SUM: aggregate('SUM', sum),
  AVG: aggregate('AVG', average, 0),
  MIN: aggregate('MIN', smallest),
  MAX: aggregate('MAX', largest),
  STDDEV: aggregate('STDDEV', deviation),
  DATAPOINT_COUNT: aggregate('DATAPOINT_COUNT', (values) => values.length),
  METRIC_COUNT: fn(1, 1, ([value]) => scalar(arrayOf(value, 'METRIC_COUNT').length)),
  METRICS: fn(0, 1, ([containing], context) => {
    if (containing !== undefined && containing.kind !== 'text') throw new MathError('METRICS needs a text in quotes');
    return ofArray(context.metrics(containing?.value ?? ''));
  }),
  DIFF: pairwise('DIFF', (later, earlier) => later[1] - earlier[1]),
  DIFF_TIME: pairwise('DIFF_TIME', (later, earlier) => (later[0] - earlier[0]) / 1000),
  RATE: pairwise('RATE', (later, earlier) => (later[1] - earlier[1]) / ((later[0] - earlier[0]) / 1000)),
  RUNNING_SUM: fn(1, 1, ([value]) => mapSeries(value!, 'RUNNING_SUM', (series) => {
    let total = 0;
    return withPoints(series, [...series.points].map(([time, point]) => [time, (total += point)]));
  })),
  FILL: fn(2, 2, ([value, filler], { grid }) => mapSeries(value!, 'FILL', (series) => fill(series, filler!, grid))),
  IF: fn(2, 3, ([condition, whenTrue, whenFalse]) => choose(condition!, whenTrue!, whenFalse)),
  PERIOD: fn(1, 1, ([value]) => scalar(seriesOf(value, 'PERIOD').period)),
  TIME_SERIES: fn(1, 1, ([value], { grid }) => {
    const constant = scalarOf(value, 'TIME_SERIES');
    return ofSeries(withPoints({ label: 'TIME_SERIES', period: grid.period, points: new Map() }, gridTimes(grid, grid.period).map((time) => [time, constant])));
  }),
  FIRST: fn(1, 1, ([value]) => oneOf(arrayOf(value, 'FIRST')[0], 'FIRST')),
  LAST: fn(1, 1, ([value]) => oneOf(arrayOf(value, 'LAST').at(-1), 'LAST')),
  SLICE: fn(2, 3, ([value, from, to]) => {
    const all = arrayOf(value, 'SLICE');
    return ofArray(all.slice(scalarOf(from, 'SLICE'), to === undefined ? undefined : scalarOf(to, 'SLICE')));
  }),
  SORT: fn(3, 4, ([value, by, order, limit]) => sort(arrayOf(value, 'SORT'), by!, order!, limit)),
  REMOVE_EMPTY: fn(1, 1, ([value]) => ofArray(arrayOf(value, 'REMOVE_EMPTY').filter((series) => series.points.size > 0))),
  MINUTE: calendar('MINUTE', (date) => date.getUTCMinutes()),
  HOUR: calendar('HOUR', (date) => date.getUTCHours()),
  DAY: calendar('DAY', (date) => date.getUTCDay() || SUNDAY),
  DATE: calendar('DATE', (date) => date.getUTCDate()),
  MONTH: calendar('MONTH', (date) => date.getUTCMonth() + 1),
  YEAR: calendar('YEAR', (date) => date.getUTCFullYear()),
  EPOCH: calendar('EPOCH', (date) => Math.floor(date.getTime() / 1000)),
}));

/** Functions of AWS's that are not here: refused by name. */
export const MISSING_FUNCTIONS: ReadonlySet<string> = new Set(['ANOMALY_DETECTION_BAND', 'SEARCH', 'INSIGHT_RULE_METRIC', 'SERVICE_QUOTA', 'DB_PERF_INSIGHTS', 'LAMBDA']);

/** Words that mean something to a function and are no ids. */
export const WORDS: ReadonlySet<string> = new Set(['REPEAT', 'LINEAR', 'ASC', 'DESC', ...Object.keys(AGGREGATES)]);

function oneOf(series: TimeSeries | undefined, name: string): Value {
  return ofSeries(series ?? { label: name, period: 60, points: new Map() });
}

function fill(series: TimeSeries, filler: Value, grid: Grid): TimeSeries {
  const times = gridTimes(grid, series.period);
  const word = filler.kind === 'word' ? filler.value : undefined;
  if (word === 'LINEAR') return withPoints(series, interpolated(series, times));
  let last: number | undefined;
  return withPoints(series, times.flatMap((time): [number, number][] => {
    const known = series.points.get(time);
    last = known ?? last;
    const value = known ?? (word === 'REPEAT' ? last : fillerAt(filler, time));
    return value === undefined ? [] : [[time, value]];
  }));
}

function fillerAt(filler: Value, time: number): number | undefined {
  if (filler.kind === 'scalar') return filler.value;
  if (filler.kind === 'series') return filler.series.points.get(time);
  throw new MathError('FILL needs a number, a time series, REPEAT or LINEAR to fill with');
}

/** Gaps between two values become the straight line between them; before the first and after the last there is none. */
function interpolated(series: TimeSeries, times: readonly number[]): [number, number][] {
  const known = [...series.points];
  let next = 0;
  return times.flatMap((time): [number, number][] => {
    while (next < known.length && known[next]![0] < time) next += 1;
    const after = known[next];
    if (after?.[0] === time) return [[time, after[1]]];
    const before = known[next - 1];
    if (before === undefined || after === undefined) return [];
    return [[time, before[1] + ((after[1] - before[1]) * (time - before[0])) / (after[0] - before[0])]];
  });
}

function choose(condition: Value, whenTrue: Value, whenFalse: Value | undefined): Value {
  if (condition.kind === 'scalar') {
    const chosen = condition.value === 0 ? whenFalse : whenTrue;
    return chosen ?? ofSeries({ label: 'IF', period: whenTrue.kind === 'series' ? whenTrue.series.period : 60, points: new Map() });
  }
  const series = seriesOf(condition, 'IF');
  return ofSeries(withPoints(series, [...series.points].flatMap(([time, holds]): [number, number][] => {
    const value = holds === 0 ? (whenFalse && valueAt(whenFalse, time)) : (valueAt(whenTrue, time) ?? 0);
    return value === undefined ? [] : [[time, value]];
  })));
}

function valueAt(value: Value, time: number): number | undefined {
  if (value.kind === 'scalar') return value.value;
  return seriesOf(value, 'IF').points.get(time);
}

function sort(all: readonly TimeSeries[], by: Value, order: Value, limit: Value | undefined): Value {
  const combine = by.kind === 'word' && by.value !== 'STDDEV' ? AGGREGATES[by.value] : undefined;
  if (combine === undefined) throw new MathError('SORT sorts by AVG, MIN, MAX or SUM');
  if (order.kind !== 'word' || (order.value !== 'ASC' && order.value !== 'DESC')) throw new MathError('SORT needs ASC or DESC');
  const direction = order.value === 'ASC' ? 1 : -1;
  const empty = -Infinity * direction;
  const ranked = all.map((series) => ({ series, rank: series.points.size === 0 ? -empty : combine([...series.points.values()]) }));
  // Two infinities would give NaN, which sorts nothing.
  const sorted = ranked.toSorted((a, b) => (a.rank === b.rank ? 0 : (a.rank < b.rank ? -1 : 1) * direction)).map(({ series }) => series);
  return ofArray(limit === undefined ? sorted : sorted.slice(0, scalarOf(limit, 'SORT')));
}
