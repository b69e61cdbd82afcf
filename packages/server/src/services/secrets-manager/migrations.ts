import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [{
  id: 'secrets-manager-001-secrets',
  sql: `create table secrets (
      account text not null, region text not null, name text not null, suffix text not null,
      description text, policy text, created bigint not null, changed bigint not null, accessed bigint, deletion bigint,
      primary key (account, region, name)
    );
    create table secret_versions (
      account text not null, region text not null, name text not null, id text not null,
      kind text not null, value text not null, stages text not null, created bigint not null, accessed bigint,
      primary key (account, region, name, id)
    )`,
}];
