import type { Migration } from './database.ts';

export const kernelMigrations: readonly Migration[] = [
  {
    id: 'kernel-001-replays',
    sql: `create table replays (
        account text not null, region text not null, operation text not null, kind text not null, token text not null,
        input_digest text not null, response text not null, created bigint not null, expires bigint,
        primary key (account, region, operation, kind, token)
      );
      create index replays_by_expiry on replays (expires)`,
  },
  {
    id: 'kernel-002-tags',
    sql: 'create table tags (account text not null, arn text not null, key text not null, value text not null, primary key (account, arn, key))',
  },
];
