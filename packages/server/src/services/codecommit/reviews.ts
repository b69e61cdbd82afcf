import type { Jobs } from '../../engine/jobs.ts';
import type { Outbox } from '../../engine/outbox.ts';
import type { Git } from '../../git/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Log } from '../../kernel/log.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Peers } from '../../kernel/peers.ts';
import { approvalAssociations } from './approvals/associations.ts';
import { approvalRules } from './approvals/rules.ts';
import { approvalStates } from './approvals/states.ts';
import { deleteAssociationsOf } from './approvals/store.ts';
import { approvalTemplates } from './approvals/templates.ts';
import { comments } from './comments/comments.ts';
import { commentListings } from './comments/listings.ts';
import { commentReactions } from './comments/reactions.ts';
import { deleteCommentsOf } from './comments/store.ts';
import { pullRequestFollower } from './pull-requests/follow.ts';
import { pullRequestMerging } from './pull-requests/merging.ts';
import { pullRequests } from './pull-requests/pull-requests.ts';
import { deletePullRequestsOf } from './pull-requests/store.ts';
import type { RefChanges, RefFollower } from './refs/ref-changes.ts';
import type { RepositoryRow } from './store.ts';
import { triggerFollower } from './triggers/firing.ts';
import { deleteTriggersOf } from './triggers/store.ts';
import { repositoryTriggers } from './triggers/triggers.ts';

export interface ReviewsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly git: Git;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly log: Log;
}

/** What follows every movement of references. */
export const reviewFollowers = (deps: ReviewsDeps): RefFollower[] => [pullRequestFollower(deps), triggerFollower(deps)];

/** Pull requests, approvals, comments and triggers. */
export function reviews(deps: ReviewsDeps & { readonly changes: RefChanges }) {
  return {
    ...pullRequests(deps),
    ...pullRequestMerging(deps),
    ...approvalRules(deps),
    ...approvalStates(deps),
    ...approvalTemplates(deps),
    ...approvalAssociations(deps),
    ...comments(deps),
    ...commentListings(deps),
    ...commentReactions(deps),
    ...repositoryTriggers(deps),
  };
}

/** All of it goes with its repository. */
export async function deleteReviewsOf(tx: Transaction, repository: RepositoryRow): Promise<void> {
  await deletePullRequestsOf(tx, repository);
  await deleteAssociationsOf(tx, repository);
  await deleteCommentsOf(tx, repository);
  await deleteTriggersOf(tx, repository);
}
