import type { ComparisonOperator, StateValue } from '@slipway/contracts/cloudwatch';
import { breaches } from './evaluate-points.ts';
import type { AlarmRule, Verdict } from './evaluate-points.ts';

const COMPARED: Readonly<Partial<Record<ComparisonOperator, string>>> = {
  GreaterThanThreshold: 'greater than',
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

/** Why an alarm changed its state, in AWS's words. */
export function reasonOf(verdict: Verdict, rule: AlarmRule, previous: StateValue): string {
  const { points, filled, state } = verdict;
  if (state === 'INSUFFICIENT_DATA') return `Insufficient Data: ${filled} ${plural(filled, 'datapoint was', 'datapoints were')} unknown.`;
  const treated = `${filled} missing ${plural(filled, 'datapoint was', 'datapoints were')} treated as [${rule.missing === 'breaching' ? 'Breaching' : 'NonBreaching'}]`;
  if (points.length === 0) return `Threshold Crossed: no datapoints were received for ${filled} ${plural(filled, 'period', 'periods')} and ${treated}.`;
  const breaching = points.filter(({ value }) => breaches(rule, value));
  const shown = state === 'ALARM' ? breaching : points.filter((point) => !breaching.includes(point));
  const list = shown.map(({ time, value }) => `${decimal(value)} (${shortTime(time)})`).join(', ');
  const verb = `${plural(shown.length, 'was', 'were')} ${state === 'ALARM' ? '' : 'not '}${COMPARED[rule.comparison]}`;
  const threshold = `the threshold (${decimal(rule.threshold)})`;
  if (filled > 0 && (rule.missing === 'breaching' || rule.missing === 'notBreaching')) return `Threshold Crossed: ${shown.length} ${plural(shown.length, 'datapoint', 'datapoints')} [${list}] ${verb} ${threshold} and ${treated}.`;
  const least = state === 'ALARM' ? rule.datapointsToAlarm : rule.evaluationPeriods - rule.datapointsToAlarm + 1;
  const from = previous === 'INSUFFICIENT_DATA' ? (state === 'ALARM' ? 'OK' : 'ALARM') : previous;
  return `Threshold Crossed: ${shown.length} out of the last ${points.length} datapoints [${list}] ${verb} ${threshold} (minimum ${least} ${plural(least, 'datapoint', 'datapoints')} for ${from} -> ${state} transition).`;
}

/** Machine-readable: what the alarm looked at. */
export function reasonDataOf(verdict: Verdict, rule: AlarmRule, query: { now: number; statistic: string | undefined; unit: string | undefined; period: number }): string {
  const oldest = verdict.points.at(-1);
  return JSON.stringify({
    version: '1.0',
    queryDate: isoTime(query.now),
    startDate: oldest && isoTime(oldest.time),
    unit: query.unit,
    statistic: query.statistic,
    period: query.period,
    recentDatapoints: verdict.points.map(({ value }) => value).toReversed(),
    threshold: rule.threshold,
    evaluatedDatapoints: verdict.points.map(({ time, value }) => ({ timestamp: isoTime(time), value })),
  });
}

/** `2019-10-02T17:04:40.985+0000` */
export const isoTime = (time: number): string => new Date(time).toISOString().replace('Z', '+0000');

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const two = (number: number): string => String(number).padStart(2, '0');

/** `Friday 04 August, 2023 12:54:46 UTC` */
export function longTime(time: number): string {
  const date = new Date(time);
  return `${DAYS[date.getUTCDay()]} ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}, ${date.getUTCFullYear()} ${clockTime(date)} UTC`;
}

/** `02/10/19 16:59:00`: the day first. */
function shortTime(time: number): string {
  const date = new Date(time);
  return `${two(date.getUTCDate())}/${two(date.getUTCMonth() + 1)}/${two(date.getUTCFullYear() % 100)} ${clockTime(date)}`;
}

const clockTime = (date: Date): string => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
const plural = (count: number, one: string, more: string): string => (count === 1 ? one : more);
/** As AWS prints them: `50.0`. */
const decimal = (value: number): string => (Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toFixed(1) : String(value));
