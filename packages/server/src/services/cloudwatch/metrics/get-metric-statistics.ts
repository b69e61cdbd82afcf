import type { CloudWatchApi } from '@slipway/contracts';
import type { Datapoint, GetMetricStatisticsInput, Statistic } from '@slipway/contracts/cloudwatch';
import type { Clock } from '../../../kernel/clock.ts';
import type { Operations } from '../../../kernel/service.ts';
import type { Metrics, Point } from '../../../metrics/index.ts';
import { fail, invalid } from '../fail.ts';
import { isPeriod, LIMITS } from '../limits.ts';
import { identityOf } from './queries.ts';
import { roundedSpan } from './span.ts';
import { statisticOf } from './statistics.ts';

const STATISTICS: readonly Statistic[] = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'];

export function getMetricStatistics({ clock, metrics }: { clock: Clock; metrics: Metrics }) {
  return {
    async GetMetricStatistics(input, call) {
      check(input);
      const window = { ...roundedSpan({ start: input.StartTime, end: input.EndTime }, input.Period, clock.now()), period: input.Period * 1000 };
      const found = await metrics.read(call, identityOf(input), window, input.Unit);
      const datapoints = found.flatMap(({ unit, bins }) => [...bins].flatMap(([time, point]) => datapointOf(input, time, point, unit)));
      return { Label: input.MetricName, Datapoints: datapoints.toSorted((a, b) => a.Timestamp! - b.Timestamp!) };
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}

function check({ StartTime: start, EndTime: end, Period: period, Statistics: basic = [], ExtendedStatistics: extended = [] }: GetMetricStatisticsInput): void {
  if (basic.length === 0 && extended.length === 0) throw fail('MissingRequiredParameterException', 'Must specify either Statistics or ExtendedStatistics');
  if (basic.length > 0 && extended.length > 0) throw fail('InvalidParameterCombinationException', 'The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.');
  if (start >= end) throw fail('InvalidParameterCombinationException', 'The parameter StartTime must be less than the parameter EndTime.');
  if (!isPeriod(period)) throw invalid('The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.');
  if (period > 86_400) throw invalid('The parameter Period must be less than or equal to 86400.');
  const asked = Math.ceil((end - start) / (period * 1000));
  if (asked > LIMITS.datapointsOfStatistics) {
    throw fail('InvalidParameterCombinationException', `You have requested up to ${asked} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`);
  }
  for (const name of extended) if (statisticOf(name) === undefined || STATISTICS.includes(name as Statistic)) throw invalid(`The value ${name} for parameter ExtendedStatistics is not supported.`);
}

/** None where nothing that was asked for is known. */
function datapointOf(input: GetMetricStatisticsInput, time: number, point: Point, unit: string): Datapoint[] {
  const values = (input.Statistics ?? []).map((name) => [name, statisticOf(name)!(point)] as const);
  const extended = (input.ExtendedStatistics ?? []).map((name) => [name, statisticOf(name)!(point)] as const).filter((each): each is readonly [string, number] => each[1] !== undefined);
  if (values.length === 0 && extended.length === 0) return [];
  return [{ Timestamp: time, ...Object.fromEntries(values), ...(extended.length > 0 && { ExtendedStatistics: Object.fromEntries(extended) }), Unit: unit as Datapoint['Unit'] }];
}
