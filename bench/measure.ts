/** One line of the table and of `results.json`. */
export interface Row {
  readonly id: string;
  /** Null when the row could not be measured; `note` says why. */
  readonly value: number | null;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** The same thing done by what we are compared with, in the same run. */
  readonly baseline: number | null;
  /** value / baseline */
  readonly ratio: number | null;
  /** Compared with the ratio where the row is about one, with the value otherwise. */
  readonly aim: number;
  readonly met: boolean | null;
  /** How many measurements the value is made of. */
  readonly n: number;
  readonly note: string;
}

export interface RowTerms {
  readonly id: string;
  readonly unit: string;
  readonly better: Row['better'];
  readonly aim: number;
  readonly aimOf: 'value' | 'ratio';
}

export interface Measured {
  readonly value: number;
  readonly baseline?: number | undefined;
  readonly n: number;
  readonly note: string;
}

export function row(terms: RowTerms, measured: Measured): Row {
  const ratio = measured.baseline === undefined ? null : measured.value / measured.baseline;
  const compared = terms.aimOf === 'ratio' ? ratio : measured.value;
  const met = compared === null ? null : terms.better === 'lower' ? compared <= terms.aim : compared >= terms.aim;
  return { ...named(terms), value: rounded(measured.value), baseline: rounded(measured.baseline), ratio: rounded(ratio), met, n: measured.n, note: measured.note };
}

export function notMeasured(terms: RowTerms, reason: string): Row {
  return { ...named(terms), value: null, baseline: null, ratio: null, met: null, n: 0, note: `not measured: ${reason}` };
}

const named = ({ id, unit, better, aim }: RowTerms): Pick<Row, 'id' | 'unit' | 'better' | 'aim'> => ({ id, unit, better, aim });

/** Four significant digits: more would claim what a benchmark does not know. */
const rounded = (value: number | null | undefined): number | null => (value === null || value === undefined ? null : Number(value.toPrecision(4)));

/** The p-th percentile, by the nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** Seconds that the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
