import type { Place } from '../../../kernel/place.ts';
import { notSupported } from '../fail.ts';
import type { TimeSeries } from '../math/values.ts';
import type { PlannedQuery } from './queries.ts';

const PLACEHOLDER = /\$\{([^}]*)\}/g;

const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
const smallest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const OF_VALUES: Readonly<Record<string, (values: readonly number[]) => number>> = {
  AVG: (values) => total(values) / values.length,
  DATAPOINT_COUNT: (values) => values.length,
  FIRST: (values) => values[0]!,
  FIRST_LAST_RANGE: (values) => Math.abs(values.at(-1)! - values[0]!),
  LAST: (values) => values.at(-1)!,
  MAX: largest,
  MIN: smallest,
  MIN_MAX_RANGE: (values) => largest(values) - smallest(values),
  SUM: total,
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html */
export function labelOf(place: Place, query: PlannedQuery, series: TimeSeries, alone: boolean): string {
  const own = query.source.kind === 'metric' ? query.source.metric.name : alone ? query.id : series.label;
  const asked = query.label;
  if (asked === undefined) return own;
  if (!asked.includes('${')) return alone ? asked : `${asked} ${series.label}`.trim();
  return asked.replace(PLACEHOLDER, (_all, name: string) => placeholder(place, query, series, name, own));
}

/** Throws for dynamic values that are not known here, before anything is read. */
export function checkLabel(query: PlannedQuery): void {
  for (const [, name = ''] of query.label?.matchAll(PLACEHOLDER) ?? []) {
    if (name !== 'LABEL' && !Object.hasOwn(OF_VALUES, name) && !/^PROP\('(AccountId|MetricName|Namespace|Period|Region|Stat|Dim\.[^']+)'\)$/.test(name)) throw notSupported(`\${${name}} in a label`);
  }
}

function placeholder(place: Place, query: PlannedQuery, series: TimeSeries, name: string, own: string): string {
  if (name === 'LABEL') return own;
  const combine = OF_VALUES[name];
  if (combine !== undefined) return series.points.size === 0 && name !== 'DATAPOINT_COUNT' ? '--' : shown(combine([...series.points.values()]));
  return property(place, query, name.slice("PROP('".length, -"')".length));
}

function property(place: Place, query: PlannedQuery, name: string): string {
  if (name === 'AccountId') return place.account;
  if (name === 'Region') return place.region;
  if (name === 'Period') return String(query.period);
  if (query.source.kind !== 'metric') return '';
  const { metric } = query.source;
  if (name === 'MetricName') return metric.name;
  if (name === 'Namespace') return metric.namespace;
  if (name === 'Stat') return query.asked.MetricStat!.Stat;
  return metric.dimensions.find(([dimension]) => dimension === name.slice('Dim.'.length))?.[1] ?? '';
}

const shown = (value: number): string => String(Number(value.toPrecision(12)));
