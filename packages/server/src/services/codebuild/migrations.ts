import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [
  {
    id: 'codebuild-001-projects',
    sql: `create table codebuild_projects (
        account text not null, region text not null, name text not null,
        definition text not null, last_build_number bigint not null, created_at bigint not null, modified_at bigint not null,
        primary key (account, region, name)
      );
      create index codebuild_projects_created on codebuild_projects (account, region, created_at, name);
      create index codebuild_projects_modified on codebuild_projects (account, region, modified_at, name)`,
  },
  {
    id: 'codebuild-002-builds',
    sql: `create table codebuild_builds (
        account text not null, region text not null, id text not null,
        project text not null, number bigint not null, initiator text not null, definition text not null,
        status text not null, phase text not null, phases text not null, stop_requested bigint not null,
        resolved_version text, exported text not null, artifacts text not null, log_stream text,
        spool_offset bigint not null, started_at bigint not null, ended_at bigint, sequence bigint not null,
        primary key (account, region, id)
      );
      create index codebuild_builds_started on codebuild_builds (account, region, started_at, id);
      create index codebuild_builds_by_project on codebuild_builds (account, region, project, started_at, id)`,
  },
  {
    id: 'codebuild-003-progress',
    sql: `alter table codebuild_builds add column log_next bigint not null default 0;
      alter table codebuild_builds add column log_pending text;
      alter table codebuild_builds add column artifacts_from bigint;
      alter table codebuild_builds add column outcome text;
      alter table codebuild_builds add column credentials_token text;
      create index codebuild_builds_by_token on codebuild_builds (credentials_token);
      create index codebuild_builds_by_status on codebuild_builds (status, account, region, phase, started_at)`,
  },
  {
    id: 'codebuild-004-node',
    sql: 'alter table codebuild_builds add column node text',
  },
  {
    id: 'codebuild-005-retries-and-queue',
    sql: `alter table codebuild_builds add column retry_number bigint not null default 0;
      alter table codebuild_builds add column previous_retry text;
      alter table codebuild_builds add column next_retry text;
      alter table codebuild_builds add column retry_limit bigint;
      create table codebuild_queues (account text not null, region text not null, primary key (account, region))`,
  },
  {
    id: 'codebuild-006-source-credentials',
    sql: `create table codebuild_source_credentials (
        account text not null, region text not null, server_type text not null,
        auth_type text not null, user_name text, token text not null, resource text,
        primary key (account, region, server_type)
      )`,
  },
  {
    id: 'codebuild-007-s3-logs',
    sql: `alter table codebuild_builds add column own_lines text;
      alter table codebuild_builds add column s3_logged bigint not null default 0`,
  },
  {
    id: 'codebuild-008-caches',
    sql: `alter table codebuild_projects add column cache_generation bigint not null default 0;
      alter table codebuild_builds add column cache_key text`,
  },
  {
    id: 'codebuild-009-utilization',
    sql: 'alter table codebuild_builds add column cpu_ms bigint',
  },
  {
    id: 'codebuild-010-usage',
    sql: `alter table codebuild_builds drop column cpu_ms;
      alter table codebuild_builds add column usage text`,
  },
  {
    id: 'codebuild-011-images',
    sql: `alter table codebuild_builds add column image_id text;
      create table codebuild_private_images (account text not null, region text not null, repository text not null, primary key (account, region, repository));
      create index codebuild_private_images_by_repository on codebuild_private_images (repository)`,
  },
];
