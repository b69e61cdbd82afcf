import type { Migration } from '../../../kernel/database.ts';

/** The schema of pull requests, approvals, comments and triggers; append, never edit one. */
export const reviewMigrations: readonly Migration[] = [{
  id: 'codecommit-reviews-001-ref-change-causes',
  sql: 'alter table codecommit_ref_changes add column cause text',
}, {
  id: 'codecommit-reviews-002-pull-requests',
  sql: `
    create table codecommit_counters (
      account text not null,
      region text not null,
      name text not null,
      value bigint not null,
      primary key (account, region, name)
    );
    create table codecommit_pull_requests (
      account text not null,
      region text not null,
      number bigint not null,
      repository_id text not null,
      title text not null,
      description text,
      status text not null,
      author_arn text not null,
      source_reference text not null,
      destination_reference text not null,
      source_commit text not null,
      destination_commit text not null,
      merge_base text,
      revision_id text not null,
      client_request_token text,
      merged_by text,
      merge_commit text,
      merge_option text,
      events bigint not null,
      created_at bigint not null,
      active_at bigint not null,
      primary key (account, region, number)
    );
    create index codecommit_pull_requests_by_repository on codecommit_pull_requests (account, region, repository_id, number);
    create index codecommit_pull_requests_by_source on codecommit_pull_requests (account, region, repository_id, status, source_reference);
    create table codecommit_pull_request_events (
      account text not null,
      region text not null,
      number bigint not null,
      sequence bigint not null,
      type text not null,
      actor_arn text not null,
      metadata text not null,
      created_at bigint not null,
      primary key (account, region, number, sequence)
    )
  `,
}, {
  id: 'codecommit-reviews-003-approvals',
  sql: `
    create table codecommit_approval_rules (
      account text not null,
      region text not null,
      number bigint not null,
      rule_id text not null,
      name text not null,
      content text not null,
      content_sha256 text not null,
      template_id text,
      template_name text,
      modified_by text not null,
      created_at bigint not null,
      modified_at bigint not null,
      primary key (account, region, number, rule_id)
    );
    create unique index codecommit_approval_rules_by_name on codecommit_approval_rules (account, region, number, name);
    create table codecommit_approvals (
      account text not null,
      region text not null,
      number bigint not null,
      revision_id text not null,
      user_arn text not null,
      created_at bigint not null,
      primary key (account, region, number, revision_id, user_arn)
    );
    create table codecommit_approval_overrides (
      account text not null,
      region text not null,
      number bigint not null,
      revision_id text not null,
      user_arn text not null,
      primary key (account, region, number, revision_id)
    );
    create table codecommit_approval_templates (
      account text not null,
      region text not null,
      template_id text not null,
      name text not null,
      description text,
      content text not null,
      content_sha256 text not null,
      modified_by text not null,
      created_at bigint not null,
      modified_at bigint not null,
      primary key (account, region, template_id)
    );
    create unique index codecommit_approval_templates_by_name on codecommit_approval_templates (account, region, name);
    create table codecommit_approval_template_repositories (
      account text not null,
      region text not null,
      template_id text not null,
      repository_id text not null,
      primary key (account, region, template_id, repository_id)
    );
    create index codecommit_approval_template_repositories_by_repository on codecommit_approval_template_repositories (account, region, repository_id, template_id)
  `,
}, {
  id: 'codecommit-reviews-004-comments',
  sql: `
    create table codecommit_comments (
      account text not null,
      region text not null,
      comment_id text not null,
      sequence bigint not null,
      repository_id text not null,
      pull_request bigint,
      before_commit text,
      after_commit text not null,
      before_blob text,
      after_blob text,
      file_path text,
      file_position bigint,
      file_version text,
      in_reply_to text,
      content text not null,
      deleted bigint not null,
      author_arn text not null,
      client_request_token text,
      created_at bigint not null,
      modified_at bigint not null,
      primary key (account, region, comment_id)
    );
    create index codecommit_comments_by_repository on codecommit_comments (account, region, repository_id, after_commit, sequence);
    create index codecommit_comments_by_pull_request on codecommit_comments (account, region, pull_request, sequence);
    create table codecommit_comment_reactions (
      account text not null,
      region text not null,
      comment_id text not null,
      user_arn text not null,
      short_code text not null,
      created_at bigint not null,
      primary key (account, region, comment_id, user_arn)
    )
  `,
}, {
  id: 'codecommit-reviews-005-triggers',
  sql: `
    create table codecommit_triggers (
      account text not null,
      region text not null,
      repository_id text not null,
      configuration_id text not null,
      triggers text not null,
      primary key (account, region, repository_id)
    );
    create table codecommit_trigger_messages (
      account text not null,
      region text not null,
      message_id text not null,
      repository_id text not null,
      repository_arn text not null,
      destination_arn text not null,
      subject text not null,
      message text not null,
      primary key (account, region, message_id)
    );
    create index codecommit_trigger_messages_by_repository on codecommit_trigger_messages (account, region, repository_id)
  `,
}];
