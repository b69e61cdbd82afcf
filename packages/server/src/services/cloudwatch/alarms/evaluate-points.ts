import type { ComparisonOperator, StateValue } from '@slipway/contracts/cloudwatch';

/** What an alarm compares, and how often it must hold. */
export interface AlarmRule {
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  /** N and M: so many of the newest points decide, so many of them must breach. */
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly missing: 'missing' | 'ignore' | 'breaching' | 'notBreaching';
}

export interface AlarmPoint {
  /** ms UTC, the begin of its period. */
  readonly time: number;
  /** Undefined when there is none. */
  readonly value: number | undefined;
}

export interface Verdict {
  /** `retain`: the alarm stays as it is. */
  readonly state: StateValue | 'retain';
  /** The real points that decided, newest first. */
  readonly points: readonly { readonly time: number; readonly value: number }[];
  /** How many missing points were counted as what `missing` says. */
  readonly filled: number;
}

/** AWS looks further back than it evaluates, so that a point that comes late is not taken for missing. */
export const FURTHER_BACK = 2;

const BREACHES: Readonly<Partial<Record<ComparisonOperator, (value: number, threshold: number) => boolean>>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

export const isComparison = (operator: ComparisonOperator): boolean => operator in BREACHES;

export const breaches = (rule: AlarmRule, value: number): boolean => BREACHES[rule.comparison]!(value, rule.threshold);

/**
 * The state that the points of the evaluation range (oldest first) call for.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function judge(range: readonly AlarmPoint[], rule: AlarmRule): Verdict {
  const newestFirst = range.toReversed();
  const real = newestFirst.flatMap(({ time, value }) => (value === undefined ? [] : [{ time, value }]));
  const points = real.slice(0, rule.evaluationPeriods);
  const breaching = points.filter(({ value }) => breaches(rule, value)).length;
  const filled = rule.evaluationPeriods - points.length;
  const decide = (count: number): StateValue => (count >= rule.datapointsToAlarm ? 'ALARM' : 'OK');
  // With enough real points it does not matter what missing ones would be.
  if (filled === 0) return { state: decide(breaching), points, filled: 0 };
  if (rule.missing === 'breaching') return { state: decide(breaching + filled), points, filled };
  if (rule.missing === 'notBreaching') return { state: decide(breaching), points, filled };
  if (breaching >= rule.datapointsToAlarm) return { state: 'ALARM', points, filled };
  if (breaching < points.length) return { state: 'OK', points, filled };
  if (rule.missing === 'ignore') return { state: 'retain', points, filled };
  return { state: isOverdue(newestFirst, rule) ? 'ALARM' : 'INSUFFICIENT_DATA', points, filled };
}

/** Whether the oldest point is old enough to have been followed by as many as an alarm needs, and nothing spoke against it. */
function isOverdue(newestFirst: readonly AlarmPoint[], rule: AlarmRule): boolean {
  const oldest = newestFirst.findLastIndex(({ value }) => value !== undefined);
  return oldest + 1 >= rule.datapointsToAlarm && newestFirst.every(({ value }) => value === undefined || breaches(rule, value));
}
