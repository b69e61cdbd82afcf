import { valuesOf } from '../../../metrics/index.ts';
import type { Point } from '../../../metrics/index.ts';

/** What a period's values come to; undefined where it cannot be known of them. */
export type Statistic = (point: Point) => number | undefined;

const BASIC: Readonly<Record<string, Statistic>> = {
  SampleCount: ({ count }) => count,
  Average: ({ sum, count }) => (count === 0 ? undefined : sum / count),
  Sum: ({ sum }) => sum,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
  IQM: (point) => trimmed('TM', point, [0.25, 0.75]),
};

/** Trimmed mean, count and sum, winsorized mean, percentile rank. */
type Trimming = 'TM' | 'TC' | 'TS' | 'WM' | 'PR';

/**
 * A statistic by the name that AWS gives it: `Average`, `p99.9`, `tm90`, `TM(10%:90%)`, `PR(:300)`. Undefined for a name that is none.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 */
export function statisticOf(name: string): Statistic | undefined {
  if (Object.hasOwn(BASIC, name)) return BASIC[name];
  const short = /^(p|tm|tc|ts|wm)(\d{1,3}(?:\.\d{1,10})?)$/.exec(name);
  if (short) {
    const share = Number(short[2]) / 100;
    if (share > 1) return undefined;
    return short[1] === 'p' ? (point) => percentile(point, share) : (point) => trimmed(short[1]!.toUpperCase() as Trimming, point, [0, share]);
  }
  const long = /^(TM|TC|TS|WM|PR)\((-?[\d.]+%?)?:(-?[\d.]+%?)?\)$/.exec(name);
  return long ? bounded(long[1] as Trimming, long[2], long[3]) : undefined;
}

/** Both bounds in percent or both absolute; a missing one is the end. Values above the lower and up to the upper bound count. */
function bounded(kind: Trimming, low: string | undefined, high: string | undefined): Statistic | undefined {
  const given = [low, high].filter((bound) => bound !== undefined);
  const inPercent = given.filter((bound) => bound.endsWith('%')).length;
  const [from, to] = [low, high].map((bound) => (bound === undefined ? undefined : Number(bound.replace('%', ''))));
  if (given.length === 0 || (inPercent > 0 && inPercent < given.length) || Number.isNaN(from) || Number.isNaN(to)) return undefined;
  if (inPercent === 0) return (point) => between(kind, point, from ?? -Infinity, to ?? Infinity);
  const shares: [number, number] = [(from ?? 0) / 100, (to ?? 100) / 100];
  if (kind === 'PR' || shares[0] < 0 || shares[1] > 1 || shares[0] >= shares[1]) return undefined;
  return (point) => trimmed(kind, point, shares);
}

/** The smallest value that at least this share of the values does not exceed. */
export function percentile(point: Point, share: number): number | undefined {
  if (point.spread === undefined) return undefined;
  const wanted = share * point.count;
  let reached = 0;
  for (const [value, count] of valuesOf(point.spread)) {
    reached += count;
    // Shares such as 0.29 are a little more or less in binary than they are written.
    if (reached >= wanted - 1e-9 * point.count) return Math.min(Math.max(value, point.min), point.max);
  }
  return point.max;
}

/** Over the values from one rank to another: what is partly beyond a rank counts whole. */
function trimmed(kind: Trimming, point: Point, [low, high]: readonly [number, number]): number | undefined {
  if (point.spread === undefined || point.count === 0) return undefined;
  const first = Math.floor(low * point.count + 1e-9 * point.count);
  const last = Math.ceil(high * point.count - 1e-9 * point.count);
  let rank = 0;
  const kept = valuesOf(point.spread).map(([value, count]): [number, number] => {
    const inside = Math.max(0, Math.min(rank + count, last) - Math.max(rank, first));
    rank += count;
    return [value, inside];
  }).filter(([, count]) => count > 0);
  return summary(kind, kept, { below: first, above: Math.max(0, point.count - last), count: point.count });
}

function between(kind: Trimming, point: Point, low: number, high: number): number | undefined {
  if (point.spread === undefined || point.count === 0) return undefined;
  const values = valuesOf(point.spread);
  const total = (wanted: (value: number) => boolean): number => values.reduce((sum, [value, count]) => sum + (wanted(value) ? count : 0), 0);
  const kept = values.filter(([value]) => value > low && value <= high);
  const outside = { below: total((value) => value <= low), above: total((value) => value > high), count: point.count, low, high };
  return summary(kind, kept, outside);
}

interface Outside {
  readonly below: number;
  readonly above: number;
  readonly count: number;
  /** What values outside are set to; the outermost values inside, where it is ranks that were cut at. */
  readonly low?: number;
  readonly high?: number;
}

function summary(kind: Trimming, kept: readonly (readonly [number, number])[], outside: Outside): number | undefined {
  const count = kept.reduce((total, each) => total + each[1], 0);
  const sum = kept.reduce((total, [value, times]) => total + value * times, 0);
  switch (kind) {
    case 'TC': return count;
    case 'TS': return sum;
    case 'PR': return (100 * count) / outside.count;
    case 'TM': return count === 0 ? undefined : sum / count;
    case 'WM': {
      const low = outside.low ?? kept[0]?.[0] ?? 0;
      const high = outside.high ?? kept.at(-1)?.[0] ?? 0;
      const clamped = (outside.below === 0 ? 0 : low * outside.below) + (outside.above === 0 ? 0 : high * outside.above);
      return (sum + clamped) / outside.count;
    }
  }
}

/** Whether a statistic is a percentile, and which share. */
export function percentileShare(name: string): number | undefined {
  const match = /^p(\d{1,3}(?:\.\d+)?)$/.exec(name);
  return match ? Number(match[1]) / 100 : undefined;
}
