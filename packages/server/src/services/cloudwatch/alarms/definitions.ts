import type { MetricDataQuery, PutCompositeAlarmInput, PutMetricAlarmInput, StateValue } from '@slipway/contracts/cloudwatch';
import type { JobKey } from '../../../engine/jobs.ts';
import type { AlarmRule } from './evaluate-points.ts';
import type { AlarmRow } from '../store/tables.ts';

/** As they were put, without tags. */
export type MetricDefinition = Omit<PutMetricAlarmInput, 'Tags'>;
export type CompositeDefinition = Omit<PutCompositeAlarmInput, 'Tags'>;

export const metricDefinition = (row: AlarmRow): MetricDefinition => JSON.parse(row.definition) as MetricDefinition;
export const compositeDefinition = (row: AlarmRow): CompositeDefinition => JSON.parse(row.definition) as CompositeDefinition;

/** Of an alarm that was never evaluated. */
export const INITIAL_REASON = 'Unchecked: Initial alarm creation';

export const ALARM_JOB = 'cloudwatch/alarm';
export const ACTION_JOB = 'cloudwatch/action';
export const alarmJob = ({ account, region, name }: Pick<AlarmRow, 'account' | 'region' | 'name'>): JobKey => ({ kind: ALARM_JOB, account, region, id: name });

/** What an alarm asks of the metrics: its own queries, or one made of its metric. */
export function queriesOf(definition: MetricDefinition): readonly MetricDataQuery[] {
  if (definition.Metrics !== undefined && definition.Metrics.length > 0) return definition.Metrics;
  const { Namespace, MetricName, Dimensions, Period, Statistic, ExtendedStatistic, Unit } = definition;
  return [{ Id: 'm1', MetricStat: { Metric: { Namespace, MetricName, ...(Dimensions && { Dimensions }) }, Period: Period!, Stat: (ExtendedStatistic ?? Statistic)!, ...(Unit && { Unit }) }, ReturnData: true }];
}

export function ruleOf(definition: MetricDefinition): AlarmRule {
  return {
    comparison: definition.ComparisonOperator!,
    threshold: definition.Threshold!,
    evaluationPeriods: definition.EvaluationPeriods!,
    datapointsToAlarm: definition.DatapointsToAlarm ?? definition.EvaluationPeriods!,
    missing: (definition.TreatMissingData ?? 'missing') as AlarmRule['missing'],
  };
}

export function actionsFor(definition: MetricDefinition | CompositeDefinition, state: StateValue): readonly string[] {
  const actions = { ALARM: definition.AlarmActions, OK: definition.OKActions, INSUFFICIENT_DATA: definition.InsufficientDataActions }[state];
  return [...new Set(actions ?? [])];
}
