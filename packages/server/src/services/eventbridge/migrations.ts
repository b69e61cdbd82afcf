import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [
  {
    id: 'eventbridge-001-rules',
    sql: `
      create table eventbridge_rules (
        account text not null, region text not null, name text not null, pattern text not null, state text not null, description text, created bigint not null,
        primary key (account, region, name));
      create table eventbridge_targets (
        account text not null, region text not null, rule text not null, id text not null, arn text not null, target text not null,
        primary key (account, region, rule, id));
      create index eventbridge_targets_by_arn on eventbridge_targets (account, region, arn);
    `,
  },
  {
    id: 'eventbridge-002-deliveries',
    sql: `
      create table eventbridge_seen (
        account text not null, region text not null, event_id text not null, seen bigint not null,
        primary key (account, region, event_id));
      create index eventbridge_seen_by_time on eventbridge_seen (seen);
      create table eventbridge_deliveries (
        account text not null, region text not null, id text not null, rule text not null, target text not null, event text not null,
        created bigint not null, attempts bigint not null,
        primary key (account, region, id));
    `,
  },
];
