import { MathError } from './parse.ts';

/** Values over time; what is missing is not there. */
export interface TimeSeries {
  readonly label: string;
  /** Seconds. */
  readonly period: number;
  /** ms UTC → value, in ascending order. */
  readonly points: ReadonlyMap<number, number>;
}

export type Value =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'series'; readonly series: TimeSeries }
  | { readonly kind: 'array'; readonly all: readonly TimeSeries[] }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'word'; readonly value: string };

/** Every time that a series of this query could have a value for. ms UTC. */
export interface Grid {
  readonly start: number;
  readonly end: number;
  /** Seconds. */
  readonly period: number;
  /** Shared by all that a request evaluates. */
  readonly room: Room;
}

/** How many values may still be made: an expression of a few words can ask for years by the second. */
export interface Room {
  left: number;
}

/** @throws MathError when there are more values than there is room for. */
export function take(room: Room, values: number): void {
  room.left -= values;
  if (!(room.left >= 0)) throw new MathError('The request asks for too many values at once; a longer period, a shorter time or fewer queries ask for less');
}

export const scalar = (value: number): Value => ({ kind: 'scalar', value });
export const ofSeries = (series: TimeSeries): Value => ({ kind: 'series', series });
export const ofArray = (all: readonly TimeSeries[]): Value => ({ kind: 'array', all });

/** The series with other points; what is no number is dropped, as AWS drops a division by zero. */
export function withPoints(series: TimeSeries, points: Iterable<readonly [number, number]>): TimeSeries {
  return { ...series, points: new Map([...points].filter(([, value]) => Number.isFinite(value))) };
}

export function mapSeries(value: Value, name: string, change: (series: TimeSeries) => TimeSeries): Value {
  if (value.kind === 'series') return ofSeries(change(value.series));
  if (value.kind === 'array') return ofArray(value.all.map(change));
  throw new MathError(`${name} needs a time series or an array of them`);
}

export function seriesOf(value: Value | undefined, name: string): TimeSeries {
  if (value?.kind === 'series') return value.series;
  throw new MathError(`${name} needs a time series`);
}

/** One series counts as an array of it. */
export function arrayOf(value: Value | undefined, name: string): readonly TimeSeries[] {
  if (value?.kind === 'array') return value.all;
  if (value?.kind === 'series') return [value.series];
  throw new MathError(`${name} needs an array of time series`);
}

export function scalarOf(value: Value | undefined, name: string): number {
  if (value?.kind === 'scalar') return value.value;
  throw new MathError(`${name} needs a number`);
}

/** All times of several series, ascending. */
export function timesOf(all: readonly TimeSeries[]): number[] {
  return [...new Set(all.flatMap((series) => [...series.points.keys()]))].toSorted((a, b) => a - b);
}

export function gridTimes(grid: Grid, period: number): number[] {
  take(grid.room, Math.max(0, Math.ceil((grid.end - grid.start) / (period * 1000))));
  const times: number[] = [];
  for (let time = grid.start; time < grid.end; time += period * 1000) times.push(time);
  return times;
}

/** How many values there are in it. */
export function sizeOf(value: Value): number {
  if (value.kind === 'series') return value.series.points.size;
  return value.kind === 'array' ? value.all.reduce((sum, series) => sum + series.points.size, 0) : 0;
}
