/**
 * How the values of a point are spread, for percentiles. Exact (each value with its count) while there are few distinct
 * ones; otherwise a sketch: counts in buckets that grow by a factor, so that a value read from it is off by at most one
 * percent, whatever its size. Negative values have no spread: AWS gives no percentiles of them.
 */
export type Spread = Exact | Sketch;

export interface Exact {
  readonly kind: 'exact';
  /** Value → how often. */
  readonly counts: Map<number, number>;
}

export interface Sketch {
  readonly kind: 'sketch';
  /** Bucket → how often; bucket `i` holds (GROWTH^(i−1), GROWTH^i]. */
  readonly buckets: Map<number, number>;
  zeros: number;
}

/** As many distinct values as one datum of PutMetricData may carry, so that one is always kept exactly. */
export const EXACT_VALUES = 150;
/** Beyond it the lowest buckets become one: percentiles of interest are the high ones. */
const SKETCH_BUCKETS = 512;
/** The sketch's relative error. */
export const SKETCH_ERROR = 0.01;

const GROWTH = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR);
const LOG_GROWTH = Math.log(GROWTH);

export const exactly = (value: number, count: number): Exact => ({ kind: 'exact', counts: new Map([[value, count]]) });

/** Adds `from` to `into` and answers the result, which may be `into` itself, changed. Nothing is bounded yet. */
export function mergeSpreads(into: Spread, from: Spread): Spread {
  if (into.kind === 'exact' && from.kind === 'exact') {
    for (const [value, count] of from.counts) into.counts.set(value, (into.counts.get(value) ?? 0) + count);
    return into;
  }
  const sketch = into.kind === 'sketch' ? into : sketched(into);
  if (from.kind === 'exact') {
    for (const [value, count] of from.counts) addToSketch(sketch, value, count);
  } else {
    sketch.zeros += from.zeros;
    for (const [bucket, count] of from.buckets) sketch.buckets.set(bucket, (sketch.buckets.get(bucket) ?? 0) + count);
  }
  return sketch;
}

/** The spread in the space that a stored point may take. */
export function bounded(spread: Spread): Spread {
  if (spread.kind === 'exact') return spread.counts.size <= EXACT_VALUES ? spread : bounded(sketched(spread));
  if (spread.buckets.size <= SKETCH_BUCKETS) return spread;
  const sorted = [...spread.buckets].toSorted(([a], [b]) => a - b);
  const kept = sorted.slice(-SKETCH_BUCKETS);
  const lowest = kept[0]!;
  for (const [, count] of sorted.slice(0, -SKETCH_BUCKETS)) lowest[1] += count;
  return { kind: 'sketch', buckets: new Map(kept), zeros: spread.zeros };
}

export function copySpread(spread: Spread): Spread {
  return spread.kind === 'exact' ? { kind: 'exact', counts: new Map(spread.counts) } : { kind: 'sketch', buckets: new Map(spread.buckets), zeros: spread.zeros };
}

/** Values in ascending order with their counts; of a sketch the buckets' middles. */
export function valuesOf(spread: Spread): [value: number, count: number][] {
  if (spread.kind === 'exact') return [...spread.counts].toSorted(([a], [b]) => a - b);
  const values = [...spread.buckets].toSorted(([a], [b]) => a - b).map(([bucket, count]): [number, number] => [middle(bucket), count]);
  return spread.zeros > 0 ? [[0, spread.zeros], ...values] : values;
}

function sketched(exact: Exact): Sketch {
  const sketch: Sketch = { kind: 'sketch', buckets: new Map(), zeros: 0 };
  for (const [value, count] of exact.counts) addToSketch(sketch, value, count);
  return sketch;
}

function addToSketch(sketch: Sketch, value: number, count: number): void {
  // Logarithms of the smallest numbers lose their precision; none of CloudWatch's values is that small but zero.
  if (value < Number.MIN_VALUE * 2 ** 52) {
    sketch.zeros += count;
    return;
  }
  const bucket = Math.ceil(Math.log(value) / LOG_GROWTH);
  sketch.buckets.set(bucket, (sketch.buckets.get(bucket) ?? 0) + count);
}

/** Equally far, relatively, from both ends of the bucket. */
const middle = (bucket: number): number => (2 * Math.exp(bucket * LOG_GROWTH)) / (1 + GROWTH);
