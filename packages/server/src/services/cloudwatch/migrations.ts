import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [
  {
    id: 'cloudwatch-001-alarms',
    sql: `
      create table cloudwatch_alarms (
        account text not null, region text not null, name text not null, kind text not null, definition text not null, actions_enabled bigint not null,
        metric text, configured bigint not null, state text not null, reason text not null, reason_data text, updated bigint not null,
        transitioned bigint not null, left_alarm bigint, pending text, suppressed_by text,
        primary key (account, region, name));
      create index cloudwatch_alarms_by_metric on cloudwatch_alarms (account, region, metric);
      create table cloudwatch_alarm_links (
        account text not null, region text not null, parent text not null, child text not null, relation text not null,
        primary key (account, region, parent, child, relation));
      create index cloudwatch_alarm_links_by_child on cloudwatch_alarm_links (account, region, child);
      create table cloudwatch_alarm_history (
        account text not null, region text not null, alarm text not null, at bigint not null, id text not null, kind text not null,
        type text not null, summary text not null, data text not null,
        primary key (account, region, at, id));
      create index cloudwatch_alarm_history_by_alarm on cloudwatch_alarm_history (account, region, alarm, at);
      create index cloudwatch_alarm_history_by_age on cloudwatch_alarm_history (at);
      create table cloudwatch_actions (
        account text not null, region text not null, id text not null, alarm text not null, kind text not null, target text not null,
        subject text not null, message text not null, state_updated bigint not null, created bigint not null, attempts bigint not null,
        primary key (account, region, id));
      create table cloudwatch_dashboards (
        account text not null, name text not null, body text not null, modified bigint not null,
        primary key (account, name));
      create table cloudwatch_reports (
        account text not null, region text not null, once text not null, seen bigint not null,
        primary key (account, region, once));
      create index cloudwatch_reports_by_age on cloudwatch_reports (seen);
    `,
  },
];
