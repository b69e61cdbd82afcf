import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [{
  id: 'codedeploy-001-applications-instances-and-deployments',
  sql: `create table codedeploy_applications (
      account text not null, region text not null, name text not null,
      application_id text not null, created bigint not null,
      primary key (account, region, name)
    );
    create table codedeploy_groups (
      account text not null, region text not null, application_id text not null, name text not null,
      group_id text not null, settings text not null,
      primary key (account, region, application_id, name)
    );
    create table codedeploy_revisions (
      account text not null, region text not null, application_id text not null, revision_key text not null,
      revision text not null, description text, registered bigint not null, first_used bigint, last_used bigint,
      primary key (account, region, application_id, revision_key)
    );
    create table codedeploy_instances (
      account text not null, region text not null, name text not null,
      iam_arn text not null, iam_kind text not null, suffix text not null, registered bigint not null, deregistered bigint, tags text not null,
      primary key (account, region, name)
    );
    create index codedeploy_instances_by_arn on codedeploy_instances (account, region, iam_arn);
    create table codedeploy_deployments (
      account text not null, region text not null, id text not null,
      application_id text not null, application text not null, group_id text not null, group_name text not null, config text not null,
      status text not null, stop_requested bigint not null, ignore_stop_failures bigint not null, settings text not null,
      creator text not null, created bigint not null, started bigint, completed bigint, error_code text, error_message text,
      primary key (account, region, id)
    );
    create index codedeploy_deployments_by_group on codedeploy_deployments (account, region, group_id, created);
    create index codedeploy_deployments_by_time on codedeploy_deployments (account, region, created);
    create table codedeploy_targets (
      account text not null, region text not null, deployment text not null, id text not null,
      position bigint not null, host_identifier text not null, suffix text not null, status text not null, updated bigint not null,
      primary key (account, region, deployment, id)
    );
    create table codedeploy_lifecycle_events (
      account text not null, region text not null, deployment text not null, target text not null, position bigint not null,
      name text not null, status text not null, command text, host_identifier text not null, handed bigint, acknowledged bigint,
      started bigint, ended bigint, diagnostics text,
      primary key (account, region, deployment, target, position)
    );
    create index codedeploy_commands on codedeploy_lifecycle_events (account, region, command);
    create index codedeploy_commands_by_host on codedeploy_lifecycle_events (account, region, host_identifier, status);`,
}];
