import type { Migration } from '../../kernel/database.ts';

/** `ordinal`s come from `pipelines.next_ordinal`, so that order within a pipeline does not hang on clocks. */
export const migrations: readonly Migration[] = [{
  id: 'codepipeline-001-pipelines-and-executions',
  sql: `create table pipelines (
      account text not null, region text not null, name text not null,
      version bigint not null, definition text not null,
      created bigint not null, updated bigint not null, updated_by text not null, next_ordinal bigint not null,
      primary key (account, region, name)
    );
    create table pipeline_versions (
      account text not null, region text not null, pipeline text not null, version bigint not null, definition text not null,
      primary key (account, region, pipeline, version)
    );
    create table pipeline_transitions (
      account text not null, region text not null, pipeline text not null, stage text not null, direction text not null,
      enabled bigint not null, reason text, changed_by text not null, changed bigint not null,
      primary key (account, region, pipeline, stage, direction)
    );
    create table pipeline_sources (
      account text not null, region text not null, pipeline text not null, action text not null,
      subject text not null, revision text not null, seen bigint not null,
      primary key (account, region, pipeline, action)
    );
    create table pipeline_executions (
      account text not null, region text not null, pipeline text not null, id text not null,
      ordinal bigint not null, version bigint not null, mode text not null, status text not null, status_summary text,
      stage bigint not null, place text not null, stopping text, stop_reason text, attempt bigint not null,
      trigger_type text not null, trigger_detail text not null, client_token text, replay_key text,
      source_overrides text not null, variables text not null, started bigint not null, updated bigint not null,
      primary key (account, region, pipeline, id)
    );
    create index pipeline_executions_by_order on pipeline_executions (account, region, pipeline, ordinal);
    create table pipeline_stage_executions (
      account text not null, region text not null, pipeline text not null, execution text not null, stage text not null,
      ordinal bigint not null, status text not null, started bigint not null, updated bigint not null,
      primary key (account, region, pipeline, execution, stage)
    );
    create table pipeline_action_executions (
      account text not null, region text not null, id text not null,
      pipeline text not null, execution text not null, version bigint not null, stage text not null, action text not null,
      ordinal bigint not null, status text not null, latest bigint not null, started bigint not null, updated bigint not null, updated_by text,
      deadline bigint, token text, prepared text, external_id text, external_url text, summary text, error_code text, error_message text,
      outputs text, variables text, revision text,
      primary key (account, region, id)
    );
    create index pipeline_action_executions_by_order on pipeline_action_executions (account, region, pipeline, ordinal);
    create index pipeline_action_executions_by_execution on pipeline_action_executions (account, region, pipeline, execution)`,
}];
