import type { Migration } from '../kernel/database.ts';
import { watchMigrations } from './watch.ts';

export const engineMigrations: readonly Migration[] = [
  {
    id: 'engine-001-jobs',
    sql: `create table jobs (
        account text not null, region text not null, kind text not null, id text not null,
        due bigint not null, generation bigint not null, failures bigint not null,
        owner text not null, attempt bigint not null, lease_until bigint not null,
        primary key (account, region, kind, id)
      );
      create index jobs_by_due on jobs (due);
      create index jobs_by_lease on jobs (lease_until)`,
  },
  {
    id: 'engine-002-outbox',
    sql: `create table outbox (
        account text not null, region text not null, aggregate text not null, sequence bigint not null,
        id text not null, time bigint not null, source text not null, detail_type text not null,
        resources text not null, detail text not null,
        primary key (account, region, aggregate, sequence)
      )`,
  },
  ...watchMigrations,
];
