import type { Migration } from '../kernel/database.ts';

/**
 * `state`: `pending` (born, nobody refers to it), `held` (claimed), `released` (its last reference went),
 * `doomed` (the sweeper is removing its file). `changed` is when the state was entered, ms UTC.
 * Blobs belong to whoever holds their id; the rows that refer to them carry the account.
 */
export const blobMigrations: readonly Migration[] = [
  {
    id: 'blobs-001-blobs',
    sql: `
      create table blobs (id text not null primary key, state text not null, changed bigint not null);
      create index blobs_by_state on blobs (state, changed);
    `,
  },
];

export type BlobTables = {
  blobs: { id: string; state: 'pending' | 'held' | 'released' | 'doomed'; changed: number };
};
