import { bounded, copySpread, exactly, mergeSpreads } from './spread.ts';
import type { Spread } from './spread.ts';

/** What is known of all values of a metric in a span of time. */
export interface Point {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Undefined where it cannot be known: statistic sets, negative values. */
  spread: Spread | undefined;
}

/** `count` times the same value. */
export function pointOf(value: number, count = 1): Point {
  return { count, sum: value * count, min: value, max: value, spread: value < 0 ? undefined : exactly(value, count) };
}

/** A set of statistics tells no spread, unless all its values are the same. */
export function pointOfSet(set: { count: number; sum: number; min: number; max: number }): Point {
  const { count, sum, min, max } = set;
  return { count, sum, min, max, spread: min >= 0 && (count === 1 || min === max) ? exactly(min, count) : undefined };
}

/** Adds `from` to `into`, which is changed; its spread is not bounded. */
export function addPoint(into: Point, from: Point): void {
  into.count += from.count;
  into.sum += from.sum;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
  into.spread = into.spread && from.spread && mergeSpreads(into.spread, from.spread);
}

export function copyPoint(point: Point): Point {
  return { ...point, spread: point.spread && copySpread(point.spread) };
}

/** The point in the space that a stored one may take. */
export function boundPoint(point: Point): Point {
  return point.spread === undefined ? point : { ...point, spread: bounded(point.spread) };
}
