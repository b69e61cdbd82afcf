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
  {
    id: 'eventbridge-003-buses',
    sql: `
      create table eventbridge_buses (
        account text not null, region text not null, name text not null, description text, policy text, created bigint not null, modified bigint not null,
        primary key (account, region, name));
      create table eventbridge_bus_rules (
        account text not null, region text not null, bus text not null, name text not null, pattern text, schedule text, state text not null, description text,
        managed_by text, archive text, created_by text not null, created bigint not null, scheduled bigint, fires_at bigint,
        primary key (account, region, bus, name));
      insert into eventbridge_bus_rules (account, region, bus, name, pattern, state, description, created_by, created)
        select account, region, 'default', name, pattern, state, description, account, created from eventbridge_rules;
      drop table eventbridge_rules;
      create table eventbridge_rule_targets (
        account text not null, region text not null, bus text not null, rule text not null, id text not null, arn text not null, target text not null,
        primary key (account, region, bus, rule, id));
      insert into eventbridge_rule_targets (account, region, bus, rule, id, arn, target) select account, region, 'default', rule, id, arn, target from eventbridge_targets;
      drop table eventbridge_targets;
      create index eventbridge_rule_targets_by_arn on eventbridge_rule_targets (account, region, arn);
      alter table eventbridge_deliveries add column bus text not null default 'default';
      alter table eventbridge_deliveries add column forwarded bigint not null default 0;
      alter table eventbridge_deliveries add column turn bigint;
      alter table eventbridge_deliveries add column letter text;
    `,
  },
  {
    id: 'eventbridge-004-archives',
    sql: `
      create table eventbridge_archives (
        account text not null, region text not null, name text not null, id text not null, bus text not null, pattern text, description text,
        retention_days bigint not null, created bigint not null,
        primary key (account, region, name));
      create table eventbridge_archived (
        account text not null, region text not null, archive text not null, time bigint not null, event_id text not null, event text not null,
        size bigint not null, stored bigint not null,
        primary key (account, region, archive, time, event_id));
      create index eventbridge_archived_by_age on eventbridge_archived (account, region, archive, stored);
      create table eventbridge_replays (
        account text not null, region text not null, name text not null, archive text not null, archive_name text not null, bus text not null, filter text,
        description text, state text not null, reason text, first bigint not null, last bigint not null, cursor_time bigint, cursor_id text,
        started bigint not null, ended bigint,
        primary key (account, region, name));
    `,
  },
  {
    id: 'eventbridge-005-connections',
    sql: `
      create table eventbridge_connections (
        account text not null, region text not null, name text not null, id text not null, description text, kind text not null, state text not null, reason text,
        shown text not null, secret text, token text, token_expires bigint, created bigint not null, modified bigint not null, authorized bigint,
        primary key (account, region, name));
      create table eventbridge_api_destinations (
        account text not null, region text not null, name text not null, id text not null, description text, connection text not null, endpoint text not null,
        method text not null, rate bigint not null, next_turn bigint not null, created bigint not null, modified bigint not null,
        primary key (account, region, name));
    `,
  },
];
