import { createHash } from 'node:crypto';

/** What a metric is: AWS keeps each combination of dimensions apart. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  /** Sorted by name. */
  readonly dimensions: readonly Dimension[];
}

export type Dimension = readonly [name: string, value: string];

export function sortedDimensions(dimensions: readonly Dimension[]): Dimension[] {
  return dimensions.toSorted(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1));
}

const KEPT = 20_000;
const known = new Map<string, string>();

/** A short name of anything, the same everywhere; 96 bits of its hash. */
function hashed(text: string): string {
  let id = known.get(text);
  if (id === undefined) {
    id = createHash('sha256').update(text).digest('base64url').slice(0, 16);
    if (known.size >= KEPT) known.clear();
    known.set(text, id);
  }
  return id;
}

export const metricId = ({ namespace, name, dimensions }: MetricIdentity): string => hashed(JSON.stringify([namespace, name, dimensions]));

/** The points of one unit of a metric. */
export const streamId = (metric: string, unit: string): string => hashed(`${metric} ${unit}`);
