import type { Migration } from '../../kernel/database.ts';

/** Sessions are global: temporary keys work in every region. */
export const migrations: readonly Migration[] = [
  {
    id: 'sts-001-sessions',
    sql: `
      create table sts_sessions (
        account text not null, access_key_id text not null, secret text not null, token text not null, caller text not null,
        created bigint not null, expiration bigint not null,
        primary key (account, access_key_id));
      create unique index sts_sessions_by_id on sts_sessions (access_key_id);
      create index sts_sessions_by_expiration on sts_sessions (expiration);
    `,
  },
];
