import type { DomainEvent } from '../../../engine/outbox.ts';
import { repositoryArn } from '../arns.ts';
import { consolePage } from '../event-words.ts';
import type { DisplayedUser } from '../event-words.ts';
import type { RepositoryRow } from '../store.ts';
import { formatsOf } from './emoji.ts';
import type { CommentRow } from './store.ts';

export interface Commenter extends DisplayedUser {
  readonly arn: string;
}

/** "CodeCommit Comment on Commit" or "… on Pull Request", in the words of the User Guide's "Monitoring CodeCommit events". */
export function commentEvent(repository: RepositoryRow, row: CommentRow, { arn, ...displayed }: Commenter, what: 'Created' | 'Updated'): DomainEvent {
  const { account, region, name } = repository;
  const on = row.pull_request === null ? 'Commit' : 'PullRequest';
  return {
    ...from(repository),
    detailType: on === 'Commit' ? 'CodeCommit Comment on Commit' : 'CodeCommit Comment on Pull Request',
    resources: [repositoryArn({ account, region }, name)],
    aggregate: `codecommit/comment/${row.comment_id}`,
    detail: {
      ...row.before_commit === null ? {} : { beforeCommitId: row.before_commit },
      repositoryId: repository.repository_id,
      ...row.in_reply_to === null ? {} : { inReplyTo: row.in_reply_to },
      notificationBody: [
        `A comment event occurred in the following ${on === 'Commit' && what === 'Created' ? '' : 'AWS CodeCommit '}repository: ${name}.`,
        ...displayed.displayName === undefined ? [] : [`The display name for the user is ${displayed.displayName}.`],
        ...displayed.emailAddress === undefined ? [] : [`The email address for the user is ${displayed.emailAddress}.`],
        `The user ${arn} ${what === 'Created' ? 'made a comment' : 'updated a comment or replied to a comment'}.`,
        `The comment was made on the following ${on === 'Commit' ? `comment ID: ${row.comment_id}` : `Pull Request: ${row.pull_request}`}.`,
        `For more information, go to the AWS CodeCommit console ${on === 'Commit' && what === 'Created' ? 'at ' : ''}${pageOf(repository, row)}`,
      ].join(' '),
      commentId: row.comment_id,
      afterCommitId: row.after_commit,
      event: `commentOn${on}${what}`,
      repositoryName: name,
      callerUserArn: arn,
      ...row.pull_request === null ? {} : { pullRequestId: String(row.pull_request) },
      ...displayed,
    },
  };
}

function pageOf({ region, name }: RepositoryRow, row: CommentRow): string {
  if (row.pull_request !== null) return consolePage(region, name, `pull-requests/${row.pull_request}/activity#${row.comment_id}`);
  return `${consolePage(region, name, `compare/${row.before_commit ?? ''}/.../${row.after_commit}`)}?region=${region}`;
}

/** "CodeCommit Comment Reaction Change". */
export function reactionEvent(repository: RepositoryRow, commentId: string, callerUserArn: string, reaction: string, what: 'Created' | 'Updated'): DomainEvent {
  const { account, region, name } = repository;
  const { emoji, shortCode, unicode } = formatsOf(reaction);
  return {
    ...from(repository),
    detailType: 'CodeCommit Comment Reaction Change',
    resources: [repositoryArn({ account, region }, name)],
    aggregate: `codecommit/comment/${commentId}`,
    detail: {
      callerUserArn,
      commentId,
      event: `commentReaction${what}`,
      notificationBody: `A comment reaction event occurred in the following AWS CodeCommit Repository: ${name}. The user: ${callerUserArn} ${what === 'Created' ? `made a comment reaction ${emoji}` : `updated a reaction :${shortCode}:`} to the comment with comment ID: ${commentId}`,
      reactionEmojis: [emoji],
      reactionShortcodes: [`:${shortCode}:`],
      reactionUnicodes: [unicode],
      repositoryId: repository.repository_id,
      repositoryName: name,
    },
  };
}

const from = ({ account, region }: RepositoryRow) => ({ account, region, source: 'aws.codecommit' });
