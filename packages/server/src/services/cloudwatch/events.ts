import { createHash } from 'node:crypto';
import type { MetricDataQuery } from '@slipway/contracts/cloudwatch';
import type { DomainEvent } from '../../engine/outbox.ts';
import { alarmArn } from './arns.ts';
import { compositeDefinition, metricDefinition, queriesOf } from './alarms/definitions.ts';
import type { StateChange } from './alarms/messages.ts';
import { isoTime } from './alarms/reasons.ts';
import type { AlarmRow } from './store/tables.ts';

interface Suppressed {
  readonly by: AlarmRow['suppressed_by'];
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html; `row`: as it was before. */
export function stateChangeEvent(row: AlarmRow, change: StateChange, suppressed: Suppressed): DomainEvent {
  return {
    account: row.account,
    region: row.region,
    source: 'aws.cloudwatch',
    detailType: 'CloudWatch Alarm State Change',
    resources: [alarmArn(row, row.name)],
    aggregate: `cloudwatch/alarm/${row.name}`,
    detail: {
      alarmName: row.name,
      configuration: row.kind === 'metric' ? metricConfiguration(row) : compositeConfiguration(row),
      previousState: { ...stateInEvent({ state: row.state, reason: row.reason, reasonData: row.reason_data, at: row.updated }), ...suppression({ by: row.suppressed_by }) },
      state: { ...stateInEvent(change), ...suppression(suppressed) },
    },
  };
}

export const suppressedReason = (by: NonNullable<AlarmRow['suppressed_by']>): string => `Actions suppressed by ${by}`;

function suppression({ by }: Suppressed): Record<string, string> {
  return by === null ? {} : { actionsSuppressedBy: by, actionsSuppressedReason: suppressedReason(by) };
}

function stateInEvent({ state, reason, reasonData, at }: StateChange): Record<string, unknown> {
  return { reason, ...(reasonData !== null && { reasonData }), timestamp: isoTime(at), value: state };
}

function metricConfiguration(row: AlarmRow): Record<string, unknown> {
  const definition = metricDefinition(row);
  const single = (definition.Metrics ?? []).length === 0;
  return {
    ...(definition.AlarmDescription !== undefined && { description: definition.AlarmDescription }),
    // An alarm on one metric has no id of its own; AWS shows one in the shape of a UUID.
    metrics: queriesOf(definition).map((query) => queryInEvent(query, single ? idFor(row) : query.Id)),
  };
}

function idFor(row: AlarmRow): string {
  const hash = createHash('sha256').update(alarmArn(row, row.name)).digest('hex');
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-');
}

function queryInEvent({ Expression, Label, MetricStat: stat, ReturnData = true }: MetricDataQuery, id: string): Record<string, unknown> {
  return {
    ...(Expression !== undefined && { expression: Expression }),
    id,
    ...(Label !== undefined && { label: Label }),
    ...(stat && {
      metricStat: {
        metric: { dimensions: Object.fromEntries((stat.Metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])), name: stat.Metric.MetricName, namespace: stat.Metric.Namespace },
        period: stat.Period,
        stat: stat.Stat,
        ...(stat.Unit !== undefined && { unit: stat.Unit }),
      },
    }),
    returnData: ReturnData,
  };
}

function compositeConfiguration(row: AlarmRow): Record<string, unknown> {
  const { AlarmDescription, AlarmRule, ActionsSuppressor, ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod } = compositeDefinition(row);
  return {
    ...(AlarmDescription !== undefined && { description: AlarmDescription }),
    alarmRule: AlarmRule,
    ...(ActionsSuppressor !== undefined && { actionsSuppressor: ActionsSuppressor, actionsSuppressorWaitPeriod: ActionsSuppressorWaitPeriod, actionsSuppressorExtensionPeriod: ActionsSuppressorExtensionPeriod }),
  };
}
