import type { Migration } from '../../kernel/database.ts';

/** The schema of references, keys and mirrors; append, never edit one. */
export const gitMigrations: readonly Migration[] = [{
  id: 'codecommit-git-001-ref-change-leases',
  sql: `
    alter table codecommit_ref_changes add column owner text not null default '';
    alter table codecommit_ref_changes add column lease_until bigint not null default 0
  `,
}];
