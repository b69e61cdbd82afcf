import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [{
  id: 'cloudwatch-logs-001-groups-and-streams',
  sql: `create table log_groups (
      account text not null, region text not null, name text not null,
      created bigint not null, retention_days bigint,
      primary key (account, region, name)
    );
    create table log_streams (
      account text not null, region text not null, log_group text not null, name text not null,
      storage_id text not null, created bigint not null,
      primary key (account, region, log_group, name)
    )`,
}];
