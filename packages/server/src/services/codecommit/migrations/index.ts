import type { Migration } from '../../../kernel/database.ts';
import { gitMigrations } from './git.ts';
import { reviewMigrations } from './reviews.ts';

export const migrations: readonly Migration[] = [{
  id: 'codecommit-001-repositories',
  sql: `
    create table codecommit_repositories (
      account text not null,
      region text not null,
      repository_id text not null,
      name text not null,
      description text,
      default_branch text,
      created_at bigint not null,
      updated_at bigint not null,
      primary key (account, region, repository_id)
    );
    create unique index codecommit_repositories_by_name on codecommit_repositories (account, region, name);
    create index codecommit_repositories_by_change on codecommit_repositories (account, region, updated_at, name);
    create table codecommit_ref_changes (
      account text not null,
      region text not null,
      change_id text not null,
      repository_id text not null,
      commands text not null,
      caller_arn text not null,
      process text not null,
      created_at bigint not null,
      primary key (account, region, change_id)
    );
    create index codecommit_ref_changes_by_repository on codecommit_ref_changes (account, region, repository_id)
  `,
}, ...gitMigrations, ...reviewMigrations];
