import type { Migration } from '../../kernel/database.ts';

export const migrations: readonly Migration[] = [{
  id: 'sqs-001-queues',
  sql: `create table sqs_queues (
      account text not null, region text not null, name text not null, id text not null, box text not null, fifo bigint not null,
      attributes text not null, dead_letter_arn text, created bigint not null, modified bigint not null, purged bigint, deleted bigint,
      primary key (account, region, name)
    );
    create index sqs_queues_by_dead_letter on sqs_queues (dead_letter_arn, name);
    create table sqs_messages (
      account text not null, region text not null, box text not null, sent bigint not null, id text not null,
      content text not null, sealed bigint not null, visible_at bigint not null, receives bigint not null, received bigint, first_received bigint,
      message_group text, sequence bigint, dead_letter_source text,
      primary key (account, region, box, sent, id)
    );
    create index sqs_messages_by_visibility on sqs_messages (account, region, box, visible_at);
    create index sqs_messages_by_group on sqs_messages (account, region, box, message_group, sequence) where sequence is not null`,
}, {
  id: 'sqs-002-fifo',
  sql: `create table sqs_sequences (account text not null, region text not null, queue text not null, sequence bigint not null, primary key (account, region, queue));
    create table sqs_groups (
      account text not null, region text not null, box text not null, message_group text not null, head bigint not null, available_at bigint not null,
      primary key (account, region, box, message_group)
    );
    create index sqs_groups_by_head on sqs_groups (account, region, box, head);
    create index sqs_groups_by_availability on sqs_groups (account, region, box, available_at);
    create table sqs_deduplications (
      account text not null, region text not null, queue text not null, scope text not null, token text not null,
      message_id text not null, sequence bigint not null, expires bigint not null,
      primary key (account, region, queue, scope, token)
    );
    create index sqs_deduplications_by_expiry on sqs_deduplications (expires);
    create table sqs_attempts (
      account text not null, region text not null, queue text not null, attempt text not null, received text not null, expires bigint not null,
      primary key (account, region, queue, attempt)
    );
    create index sqs_attempts_by_expiry on sqs_attempts (expires)`,
}, {
  id: 'sqs-003-move-tasks',
  sql: `create table sqs_move_tasks (
      account text not null, region text not null, id text not null, queue text not null, destination_arn text, rate bigint,
      status text not null, moved bigint not null, to_move bigint not null, failure text, started bigint not null,
      primary key (account, region, id)
    );
    create index sqs_move_tasks_by_queue on sqs_move_tasks (account, region, queue, started)`,
}, {
  // With how often it was received: what is counted is in the index.
  id: 'sqs-004-counting',
  sql: `drop index sqs_messages_by_visibility;
    create index sqs_messages_by_state on sqs_messages (account, region, box, visible_at, receives)`,
}];
