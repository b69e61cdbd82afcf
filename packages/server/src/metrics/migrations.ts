import type { Migration } from '../kernel/database.ts';

export const metricMigrations: readonly Migration[] = [
  {
    id: 'metrics-001-blocks',
    sql: `
      create table metric_streams (
        account text not null, region text not null, metric text not null, unit text not null,
        namespace text not null, name text not null, dimensions text not null, seen bigint not null,
        primary key (account, region, metric, unit));
      create index metric_streams_by_name on metric_streams (account, region, namespace, name, metric);
      create index metric_streams_by_age on metric_streams (seen);
      create table metric_blocks (
        account text not null, region text not null, id text not null, due bigint not null, data blob not null,
        primary key (account, region, id));
      create index metric_blocks_by_due on metric_blocks (due);
    `,
  },
];

export type MetricTables = {
  /** One for each unit of a metric; `dimensions` is JSON of sorted pairs. */
  metric_streams: { account: string; region: string; metric: string; unit: string; namespace: string; name: string; dimensions: string; seen: number };
  /** `id`: see `blockKey`. */
  metric_blocks: { account: string; region: string; id: string; due: number; data: Uint8Array };
};
