import type { PullRequestEvent, PullRequestEventType } from '@slipway/contracts/codecommit';
import type { Outbox } from '../../../engine/outbox.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { RepositoryRow } from '../store.ts';
import { pullRequestEvent } from './events.ts';
import type { PullRequestHappening } from './events.ts';
import { insertPullRequestEvent, updatePullRequest } from './store.ts';
import type { PullRequestEventRow, PullRequestRow } from './store.ts';

export interface HistoryDeps {
  readonly clock: Clock;
  readonly outbox: Outbox;
}

/** One entry of a pull request's history, as DescribePullRequestEvents shows it. */
export interface HistoryEntry {
  readonly type: PullRequestEventType;
  readonly metadata: Omit<PullRequestEvent, 'pullRequestId' | 'eventDate' | 'pullRequestEventType' | 'actorArn'>;
}

export interface Happening {
  readonly actor: string;
  /** What the row becomes by it. */
  readonly change?: Partial<Pick<PullRequestRow, 'status' | 'source_commit' | 'destination_commit' | 'merge_base' | 'revision_id' | 'merged_by' | 'merge_commit' | 'merge_option'>>;
  readonly entries: readonly HistoryEntry[];
  readonly tell: PullRequestHappening;
}

/** Writes what happened to a locked pull request: the row, its history and the event, in one transaction; answers the row as it is now. */
export async function happened(tx: Transaction, { clock, outbox }: HistoryDeps, repository: RepositoryRow, row: PullRequestRow, { actor, change = {}, entries, tell }: Happening): Promise<PullRequestRow> {
  const now = clock.now();
  const next: PullRequestRow = { ...row, ...change, events: row.events + entries.length, active_at: now };
  await updatePullRequest(tx, row, { ...change, events: next.events, active_at: now });
  for (const [index, { type, metadata }] of entries.entries()) {
    await insertPullRequestEvent(tx, {
      account: row.account, region: row.region, number: row.number, sequence: row.events + index + 1, type, actor_arn: actor, metadata: JSON.stringify(metadata), created_at: now,
    });
  }
  await outbox.emit(tx, pullRequestEvent(repository, next, actor, tell));
  return next;
}

/** The entry for a pull request that is closed, merged or not. */
export const CLOSED: HistoryEntry = {
  type: 'PULL_REQUEST_STATUS_CHANGED', metadata: { pullRequestStatusChangedEventMetadata: { pullRequestStatus: 'CLOSED' } },
};

export function historyEvent({ number, type, actor_arn: actorArn, metadata, created_at: eventDate }: PullRequestEventRow): PullRequestEvent {
  return { pullRequestId: String(number), eventDate, pullRequestEventType: type, actorArn, ...JSON.parse(metadata) as HistoryEntry['metadata'] };
}
