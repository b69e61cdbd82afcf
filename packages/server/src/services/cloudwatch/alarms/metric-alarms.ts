import type { CloudWatchApi } from '@slipway/contracts';
import type { PutMetricAlarmInput } from '@slipway/contracts/cloudwatch';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Operations } from '../../../kernel/service.ts';
import { metricId } from '../../../metrics/index.ts';
import { queriesOf } from './definitions.ts';
import type { AlarmDeps } from '../deps.ts';
import { isComparison } from './evaluate-points.ts';
import { fail, notSupported } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { checkActions, checkName, saveAlarm } from './put-alarm.ts';
import { identityOf, planQueries } from '../metrics/queries.ts';
import { percentileShare, statisticOf } from '../metrics/statistics.ts';

const bad = (message: string): Error => fail('ValidationException', message);

export function metricAlarms(deps: AlarmDeps) {
  return {
    async PutMetricAlarm(input, call) {
      refuseMembers(input, ['ThresholdMetricId', 'EvaluationWindow', 'WarmUpConfiguration', 'EvaluationCriteria', 'EvaluationInterval', 'ActionConfiguration'], notSupported);
      checkName(input.AlarmName);
      checkActions(input);
      checkComparison(input);
      if (input.Metrics !== undefined && input.Metrics.length > 0) checkMetrics(input);
      else checkMetric(input);
      const plan = planQueries(queriesOf(input), call.account);
      checkPeriods(input, plan.queries.filter((query) => query.source.kind === 'metric').map((query) => query.period));
      const { Tags: tags, ...definition } = input;
      const metric = input.MetricName === undefined ? null : metricId(identityOf(input));
      await deps.db.transaction((tx) => saveAlarm(tx, deps, call, { name: input.AlarmName, kind: 'metric', definition, metric, tags, links: [] }));
      return {};
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}

const missing = (name: string): Error => bad(`1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`);

function checkComparison({ ComparisonOperator: operator, Threshold: threshold, EvaluationPeriods: periods, DatapointsToAlarm: datapoints }: PutMetricAlarmInput): void {
  if (operator === undefined) throw missing('comparisonOperator');
  if (periods === undefined) throw missing('evaluationPeriods');
  if (!isComparison(operator)) throw notSupported(`ComparisonOperator ${operator} (anomaly detection)`);
  if (threshold === undefined) throw bad('The parameter Threshold is required.');
  if (!Number.isFinite(threshold)) throw bad('The parameter Threshold must be a number.');
  if (datapoints !== undefined && datapoints > periods) throw bad('The parameter DatapointsToAlarm must be less than or equal to the parameter EvaluationPeriods.');
}

const SINGLE = ['MetricName', 'Namespace', 'Statistic', 'ExtendedStatistic', 'Dimensions', 'Period', 'Unit'] as const;

function checkMetric(input: PutMetricAlarmInput): void {
  for (const name of ['MetricName', 'Namespace', 'Period'] as const) if (input[name] === undefined) throw bad(`The parameter ${name} is required.`);
  const { Statistic: basic, ExtendedStatistic: extended, EvaluateLowSampleCountPercentile: lowSamples } = input;
  if ((basic === undefined) === (extended === undefined)) throw bad('Exactly one of the parameters Statistic and ExtendedStatistic must be specified.');
  if (extended !== undefined && statisticOf(extended) === undefined) throw bad(`The value ${extended} for parameter ExtendedStatistic is not supported.`);
  if (lowSamples !== undefined && percentileShare(extended ?? '') === undefined) throw bad('The parameter EvaluateLowSampleCountPercentile needs a percentile as ExtendedStatistic.');
}

function checkMetrics(input: PutMetricAlarmInput): void {
  const both = SINGLE.find((name) => input[name] !== undefined);
  if (both !== undefined) throw bad(`The parameters Metrics and ${both} are mutually exclusive and you have specified both.`);
  if (input.EvaluateLowSampleCountPercentile !== undefined) throw bad('The parameters Metrics and EvaluateLowSampleCountPercentile are mutually exclusive and you have specified both.');
  const queries = input.Metrics!;
  if (queries.filter((query) => query.MetricStat !== undefined).length > LIMITS.metricsPerAlarm) throw bad(`An alarm can have no more than ${LIMITS.metricsPerAlarm} metrics.`);
  const returned = queries.filter((query) => query.ReturnData ?? true).length;
  if (returned !== 1) throw bad('Exactly one element of the metrics list should return data.');
}

function checkPeriods({ Period: own, EvaluationPeriods: count }: PutMetricAlarmInput, periods: readonly number[]): void {
  if (new Set(periods).size > 1) throw bad('All metrics of an alarm must have the same period.');
  const period = own ?? periods[0];
  if (period === undefined) throw bad('An alarm needs at least one metric.');
  if (period < 10) throw bad('The parameter Period must be 10, 20, 30 or a multiple of 60.');
  if (period * count! > (period >= 3600 ? LIMITS.evaluated.long : LIMITS.evaluated.short)) {
    throw bad(period >= 3600
      ? 'Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).'
      : 'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).');
  }
}
