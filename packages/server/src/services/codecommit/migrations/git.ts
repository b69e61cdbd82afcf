import type { Migration } from '../../../kernel/database.ts';

/** The schema of references, keys and mirrors; append, never edit one. */
export const gitMigrations: readonly Migration[] = [{
  id: 'codecommit-git-001-ref-change-leases',
  sql: `
    alter table codecommit_ref_changes add column owner text not null default '';
    alter table codecommit_ref_changes add column lease_until bigint not null default 0
  `,
}, {
  id: 'codecommit-git-002-mirrors',
  sql: `
    create table codecommit_mirrors (
      account text not null,
      region text not null,
      repository_id text not null,
      direction text not null,
      url text not null,
      secrets text,
      host_key text,
      interval_ms bigint not null,
      force bigint not null,
      caller_arn text not null,
      status text not null,
      status_message text,
      diverged text not null,
      synced_at bigint,
      succeeded_at bigint,
      primary key (account, region, repository_id)
    )
  `,
}];
