import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [{
  id: 'ssm-001-parameters',
  sql: `create table ssm_parameters (
      account text not null, region text not null, name text not null, version bigint not null,
      primary key (account, region, name)
    );
    create table ssm_parameter_versions (
      account text not null, region text not null, name text not null, version bigint not null,
      type text not null, value text not null, description text, key_id text, allowed_pattern text, tier text not null,
      labels text not null, modified bigint not null, modified_by text not null,
      primary key (account, region, name, version)
    )`,
}];
