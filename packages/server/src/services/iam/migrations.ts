import type { Migration } from '../../kernel/database.ts';

/** IAM is global: no key has a region. Names are unique without regard to case, hence `…_key` in lower case beside each name. */
export const migrations: readonly Migration[] = [
  {
    id: 'iam-001-entities',
    sql: `
      create table iam_entities (
        account text not null, kind text not null, name_key text not null, name text not null, id text not null, path text not null,
        created bigint not null, boundary text, trust text, description text, max_session bigint,
        primary key (account, kind, name_key));
      create unique index iam_entities_by_id on iam_entities (id);
      create table iam_memberships (
        account text not null, group_key text not null, user_key text not null,
        primary key (account, group_key, user_key));
      create index iam_memberships_by_user on iam_memberships (account, user_key);
    `,
  },
  {
    id: 'iam-002-policies',
    sql: `
      create table iam_inline_policies (
        account text not null, kind text not null, owner_key text not null, name text not null, document text not null,
        primary key (account, kind, owner_key, name));
      create table iam_managed_policies (
        account text not null, name_key text not null, name text not null, id text not null, path text not null, arn text not null,
        description text, created bigint not null, updated bigint not null, default_version bigint not null, last_version bigint not null,
        primary key (account, name_key));
      create table iam_managed_policy_versions (
        account text not null, name_key text not null, version bigint not null, document text not null, created bigint not null,
        primary key (account, name_key, version));
      create table iam_attachments (
        account text not null, kind text not null, owner_key text not null, policy_arn text not null,
        primary key (account, kind, owner_key, policy_arn));
      create index iam_attachments_by_policy on iam_attachments (account, policy_arn);
    `,
  },
  {
    id: 'iam-003-credentials',
    sql: `
      create table iam_access_keys (
        account text not null, access_key_id text not null, user_key text not null, secret text not null, status text not null, created bigint not null,
        primary key (account, access_key_id));
      create unique index iam_access_keys_by_id on iam_access_keys (access_key_id);
      create index iam_access_keys_by_user on iam_access_keys (account, user_key);
      create table iam_service_credentials (
        account text not null, id text not null, user_key text not null, service text not null, service_user_name text not null,
        password_hash text not null, status text not null, created bigint not null,
        primary key (account, id));
      create unique index iam_service_credentials_by_name on iam_service_credentials (service, service_user_name);
    `,
  },
  {
    id: 'iam-ssh-001-keys',
    sql: `
      create table iam_ssh_keys (
        account text not null, id text not null, user_key text not null, body text not null, fingerprint text not null, status text not null, created bigint not null,
        primary key (account, id));
      create unique index iam_ssh_keys_by_id on iam_ssh_keys (id);
      create index iam_ssh_keys_by_user on iam_ssh_keys (account, user_key);
    `,
  },
];
