import type { StateValue } from '@slipway/contracts/cloudwatch';
import type { Kysely } from 'kysely';
import type { Database, Transaction } from '../../../kernel/database.ts';

export type AlarmRow = {
  account: string;
  region: string;
  name: string;
  kind: 'metric' | 'composite';
  /** JSON: what PutMetricAlarm or PutCompositeAlarm was given, without tags. */
  definition: string;
  /** 0 or 1. */
  actions_enabled: number;
  /** The metric's id, of an alarm on one metric. */
  metric: string | null;
  configured: number;
  state: StateValue;
  reason: string;
  reason_data: string | null;
  /** When state or reason were last set, and when the state became another one. ms UTC. */
  updated: number;
  transitioned: number;
  /** When it last ceased to be in ALARM: composite alarms that it suppresses wait from then on. */
  left_alarm: number | null;
  /** Of a composite alarm: JSON of the transition whose actions wait, null when none do. */
  pending: string | null;
  suppressed_by: 'Alarm' | 'WaitPeriod' | 'ExtensionPeriod' | null;
};

export type HistoryRow = {
  account: string;
  region: string;
  alarm: string;
  at: number;
  id: string;
  kind: 'metric' | 'composite';
  type: 'Action' | 'ConfigurationUpdate' | 'StateUpdate';
  summary: string;
  data: string;
};

export type ActionRow = {
  account: string;
  region: string;
  id: string;
  alarm: string;
  kind: 'metric' | 'composite';
  /** The SNS topic's ARN. */
  target: string;
  subject: string;
  message: string;
  /** When the state changed. */
  state_updated: number;
  created: number;
  attempts: number;
};

type Tables = {
  cloudwatch_alarms: AlarmRow;
  /** Which alarms a composite alarm's rule names, and its suppressor. */
  cloudwatch_alarm_links: { account: string; region: string; parent: string; child: string; relation: 'rule' | 'suppressor' };
  cloudwatch_alarm_history: HistoryRow;
  cloudwatch_actions: ActionRow;
  cloudwatch_dashboards: { account: string; name: string; body: string; modified: number };
  cloudwatch_reports: { account: string; region: string; once: string; seen: number };
};

export type Query = Kysely<Tables>;
export const reading = (db: Database): Query => db.read.withTables<Tables>();
export const writing = (tx: Transaction): Query => tx.query.withTables<Tables>();
