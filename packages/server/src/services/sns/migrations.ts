import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [
  {
    id: 'sns-001-topics',
    sql: `
      create table sns_topics (
        account text not null, region text not null, topic text not null, attributes text not null, created bigint not null,
        deleted bigint not null, sequence bigint not null,
        primary key (account, region, topic));
      create table sns_subscriptions (
        account text not null, region text not null, topic text not null, id text not null, arn text not null, owner text not null, principal text not null,
        protocol text not null, endpoint text not null, status text not null, attributes text not null, base text not null, nonce text not null,
        confirmed_by_owner bigint not null, locked bigint not null, created bigint not null,
        primary key (account, region, topic, id));
      create unique index sns_subscriptions_by_endpoint on sns_subscriptions (account, region, topic, protocol, endpoint);
      create index sns_subscriptions_by_owner on sns_subscriptions (owner, region, arn);
    `,
  },
  {
    id: 'sns-002-deliveries',
    sql: `
      create table sns_messages (
        account text not null, region text not null, id text not null, topic text not null, content text not null, created bigint not null, fan_out text,
        primary key (account, region, id));
      create index sns_messages_by_time on sns_messages (created);
      create table sns_deliveries (
        account text not null, region text not null, subscription text not null, sequence bigint not null, message text not null, topic text not null,
        kind text not null, group_id text not null, attempts bigint not null, due bigint not null,
        primary key (account, region, subscription, sequence, message));
      create index sns_deliveries_by_due on sns_deliveries (account, region, subscription, due);
      create index sns_deliveries_by_message on sns_deliveries (account, region, message);
      create table sns_deduplications (
        account text not null, region text not null, topic text not null, scope text not null, id text not null, message text not null,
        sequence bigint not null, expires bigint not null,
        primary key (account, region, topic, scope, id));
      create index sns_deduplications_by_expiry on sns_deduplications (expires);
    `,
  },
  {
    id: 'sns-003-signing-key',
    sql: `
      create table sns_signing_keys (
        account text not null, region text not null, id text not null, private_key text not null, certificate text not null, created bigint not null,
        primary key (account, region, id));
    `,
  },
];
