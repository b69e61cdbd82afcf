import type { MetricDataQuery, MetricStat, StateValue } from '@slipway/contracts/cloudwatch';
import { alarmArn } from '../arns.ts';
import { compositeDefinition, metricDefinition } from './definitions.ts';
import type { MetricDefinition } from './definitions.ts';
import { isoTime } from './reasons.ts';
import { regionName } from './region-names.ts';
import type { AlarmRow } from '../store/tables.ts';

/** A change of an alarm's state. */
export interface StateChange {
  readonly state: StateValue;
  readonly reason: string;
  readonly reasonData: string | null;
  /** ms UTC */
  readonly at: number;
}

/** SNS takes no longer one. */
const LONGEST_SUBJECT = 100;

/** What a topic is told, as AWS words it. `row`: as it was before. */
export function notificationOf(row: AlarmRow, change: StateChange): { subject: string; message: string } {
  // SNS takes ASCII in subjects only.
  const subject = `${change.state}: "${row.name}" in ${regionName(row.region)}`.replace(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_SUBJECT);
  const definition = row.kind === 'metric' ? metricDefinition(row) : compositeDefinition(row);
  const message = {
    AlarmName: row.name,
    AlarmDescription: definition.AlarmDescription ?? null,
    AWSAccountId: row.account,
    AlarmConfigurationUpdatedTimestamp: isoTime(row.configured),
    NewStateValue: change.state,
    NewStateReason: change.reason,
    StateChangeTime: isoTime(change.at),
    Region: regionName(row.region),
    AlarmArn: alarmArn(row, row.name),
    OldStateValue: row.state,
    OKActions: definition.OKActions ?? [],
    AlarmActions: definition.AlarmActions ?? [],
    InsufficientDataActions: definition.InsufficientDataActions ?? [],
    ...(row.kind === 'metric' ? { Trigger: triggerOf(metricDefinition(row)) } : { AlarmRule: compositeDefinition(row).AlarmRule, TriggeringChildren: childrenOf(change.reasonData) }),
  };
  return { subject, message: JSON.stringify(message) };
}

function triggerOf(definition: MetricDefinition): Record<string, unknown> {
  const { Metrics: metrics } = definition;
  const compared = {
    Period: definition.Period ?? metrics?.find((query) => query.MetricStat !== undefined)?.MetricStat?.Period,
    EvaluationPeriods: definition.EvaluationPeriods,
    DatapointsToAlarm: definition.DatapointsToAlarm ?? definition.EvaluationPeriods,
    ComparisonOperator: definition.ComparisonOperator,
    Threshold: definition.Threshold,
    TreatMissingData: definition.TreatMissingData ?? '',
    EvaluateLowSampleCountPercentile: definition.EvaluateLowSampleCountPercentile ?? '',
  };
  if (metrics !== undefined && metrics.length > 0) return { ...compared, Metrics: metrics.map(queryInMessage) };
  const { Statistic: basic, ExtendedStatistic: extended } = definition;
  return {
    MetricName: definition.MetricName,
    Namespace: definition.Namespace,
    ...(extended === undefined ? { StatisticType: 'Statistic', Statistic: basic?.toUpperCase() } : { StatisticType: 'ExtendedStatistic', ExtendedStatistic: extended }),
    Unit: definition.Unit ?? null,
    Dimensions: (definition.Dimensions ?? []).map(({ Name, Value }) => ({ value: Value, name: Name })),
    ...compared,
  };
}

function queryInMessage(query: MetricDataQuery): Record<string, unknown> {
  const { Id, Expression, Label, ReturnData = true, MetricStat: stat } = query;
  return { Id, Expression, Label, ReturnData, ...(stat && { MetricStat: statInMessage(stat) }) };
}

function statInMessage({ Metric: metric, Period, Stat, Unit }: MetricStat): Record<string, unknown> {
  const { Dimensions: dimensions = [], MetricName, Namespace } = metric;
  return { Metric: { Dimensions: dimensions.map(({ Name, Value }) => ({ value: Value, name: Name })), MetricName, Namespace }, Period, Stat, Unit };
}

function childrenOf(reasonData: string | null): unknown[] {
  if (reasonData === null) return [];
  const { triggeringAlarms = [] } = JSON.parse(reasonData) as { triggeringAlarms?: { arn: string; state: { value: string; timestamp: string } }[] };
  return triggeringAlarms.map(({ arn, state }) => ({ Arn: arn, State: { Value: state.value, Timestamp: state.timestamp } }));
}
