import type { CloudWatchApi } from '@slipway/contracts';
import type { MetricDatum, PutMetricDataInput, StatisticSet } from '@slipway/contracts/cloudwatch';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import { replay } from '../../../kernel/replay.ts';
import type { Operations } from '../../../kernel/service.ts';
import { addPoint, pointOf, pointOfSet, sortedDimensions } from '../../../metrics/index.ts';
import type { Measure, Metrics, Point } from '../../../metrics/index.ts';
import { fail, invalid } from '../fail.ts';
import { LIMITS } from '../limits.ts';

export function putMetricData({ db, clock, metrics }: { db: Database; clock: Clock; metrics: Metrics }) {
  return {
    async PutMetricData(input, call) {
      refuseMembers(input, ['EntityMetricData', 'StrictEntityValidation'], (name) => invalid(`The parameter ${name} is not supported by Slipway yet.`));
      checkNamespace(input.Namespace);
      const data = dataOf(input);
      const now = clock.now();
      const measures = data.map((datum, index) => measureOf(input.Namespace, datum, `MetricData.member.${index + 1}`, now));
      await db.transaction(async (tx) => {
        if (call.once === undefined) await metrics.record(tx, call, measures);
        else await replay(tx, call, 'cloudwatch:PutMetricData', input, async () => void (await metrics.record(tx, call, measures)), { now });
      });
      return {};
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}

function checkNamespace(namespace: string): void {
  if (namespace.length < 1 || namespace.length > 255 || !/^[A-Za-z0-9._\-/#: ]+$/.test(namespace) || namespace.startsWith(':')) throw invalid(`The value ${namespace} for parameter Namespace is invalid.`);
  if (namespace.startsWith('AWS/')) throw invalid('The value AWS/ for parameter Namespace is invalid.');
}

function dataOf(input: PutMetricDataInput): readonly MetricDatum[] {
  const data = input.MetricData ?? [];
  if (data.length === 0) throw fail('MissingRequiredParameterException', 'The parameter MetricData is required.');
  if (data.length > LIMITS.data) throw invalid(`The collection MetricData must not have a size greater than ${LIMITS.data}.`);
  return data;
}

function measureOf(namespace: string, datum: MetricDatum, path: string, now: number): Measure {
  const { MetricName: name, Unit: unit = 'None', StorageResolution: resolution = 60, Timestamp: time = now } = datum;
  if (name.length < 1 || name.length > 255) throw invalid(`The parameter ${path}.MetricName must be between 1 and 255 characters long.`);
  if (resolution !== 1 && resolution !== 60) throw invalid(`The value ${resolution} for parameter ${path}.StorageResolution is invalid. Valid values are 1 and 60.`);
  if (time < now - LIMITS.oldestDatum) throw invalid(`The parameter ${path}.Timestamp must specify a time within the past two weeks.`);
  if (time > now + LIMITS.latestDatum) throw invalid(`The parameter ${path}.Timestamp must specify a time no more than two hours in the future.`);
  return { namespace, name, unit, time, highResolution: resolution === 1, dimensions: dimensionsOf(datum, path), point: pointOfDatum(datum, path) };
}

function dimensionsOf({ Dimensions: dimensions = [] }: MetricDatum, path: string): Measure['dimensions'] {
  if (dimensions.length > LIMITS.dimensions) throw invalid(`The collection ${path}.Dimensions must not have a size greater than ${LIMITS.dimensions}.`);
  const seen = new Set<string>();
  for (const [index, { Name: name, Value: value }] of dimensions.entries()) {
    const at = `${path}.Dimensions.member.${index + 1}`;
    if (name.length < 1 || name.length > 255 || name.startsWith(':') || !/^[\x20-\x7e]*\S[\x20-\x7e]*$/.test(name)) throw invalid(`The parameter ${at}.Name must be 1 to 255 ASCII characters that do not begin with a colon.`);
    if (value.length < 1 || value.length > 1024 || !/^[\x20-\x7e]*\S[\x20-\x7e]*$/.test(value)) throw invalid(`The parameter ${at}.Value must be 1 to 1024 ASCII characters.`);
    if (seen.has(name)) throw invalid(`The value ${name} for parameter ${at}.Name is given twice.`);
    seen.add(name);
  }
  return sortedDimensions(dimensions.map(({ Name, Value }) => [Name, Value] as const));
}

function pointOfDatum(datum: MetricDatum, path: string): Point {
  const given = (['Value', 'Values', 'StatisticValues'] as const).filter((name) => datum[name] !== undefined);
  if (given.length === 0) throw fail('MissingRequiredParameterException', `At least one of the parameters ${path}.Value, ${path}.Values and ${path}.StatisticValues must be specified.`);
  if (given.length > 1) throw fail('InvalidParameterCombinationException', `The parameters ${path}.${given[0]} and ${path}.${given[1]} are mutually exclusive and you have specified both.`);
  if (datum.Counts !== undefined && datum.Values === undefined) throw fail('InvalidParameterCombinationException', `The parameter ${path}.Counts needs ${path}.Values.`);
  if (datum.Value !== undefined) return pointOf(finite(datum.Value, `${path}.Value`));
  if (datum.StatisticValues !== undefined) return pointOfStatistics(datum.StatisticValues, `${path}.StatisticValues`);
  return pointOfValues(datum.Values!, datum.Counts, path);
}

function pointOfStatistics(set: StatisticSet, path: string): Point {
  const [count, sum, min, max] = (['SampleCount', 'Sum', 'Minimum', 'Maximum'] as const).map((name) => finite(set[name], `${path}.${name}`)) as [number, number, number, number];
  if (count <= 0) throw invalid(`The value ${count} for parameter ${path}.SampleCount is invalid.`);
  if (min > max) throw fail('InvalidParameterCombinationException', `The parameter ${path}.Maximum must be greater than ${path}.Minimum.`);
  return pointOfSet({ count, sum, min, max });
}

function pointOfValues(values: readonly number[], counts: readonly number[] | undefined, path: string): Point {
  if (values.length === 0) throw fail('MissingRequiredParameterException', `The parameter ${path}.Values must have at least one value.`);
  if (values.length > LIMITS.valuesPerDatum) throw invalid(`The collection ${path}.Values must not have a size greater than ${LIMITS.valuesPerDatum}.`);
  if (counts !== undefined && counts.length !== values.length) throw fail('InvalidParameterCombinationException', `The parameters ${path}.Values and ${path}.Counts must be of the same size.`);
  const points = values.map((value, index) => {
    const count = finite(counts?.[index] ?? 1, `${path}.Counts.member.${index + 1}`);
    if (count <= 0) throw invalid(`The value ${count} for parameter ${path}.Counts.member.${index + 1} is invalid.`);
    return pointOf(finite(value, `${path}.Values.member.${index + 1}`), count);
  });
  const [first, ...others] = points as [Point, ...Point[]];
  for (const other of others) addPoint(first, other);
  return first;
}

function finite(value: number, path: string): number {
  if (!Number.isFinite(value) || Math.abs(value) > LIMITS.largestValue) throw invalid(`The value ${value} for parameter ${path} is invalid.`);
  return value;
}
