import type { MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import { NO_OBJECT } from '../../../git/index.ts';
import type { Git, RefCommand } from '../../../git/index.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { RefFollower } from '../ref-changes.ts';
import type { ReviewDeps } from '../review-deps.ts';
import type { RefChange } from '../store.ts';
import { lockFound } from './find.ts';
import type { Found } from './find.ts';
import { CLOSED, happened } from './history.ts';
import { revisionId } from './revision.ts';
import { standingOf } from './standing.ts';
import { findPullRequest, openPullRequestsAt } from './store.ts';
import type { PullRequestRow } from './store.ts';
import type { Standing } from './shape.ts';

/** What a movement of references means to one pull request. */
interface Meaning {
  readonly row: PullRequestRow;
  readonly source?: RefCommand | undefined;
  readonly destination?: RefCommand | undefined;
  readonly standing: Standing;
}

/**
 * Keeps pull requests in step with their branches, however those move: a source that moves is another revision, without
 * the approvals of the one before; a branch that goes closes them; a destination that comes to be at the source, by a
 * push or by the merge of this pull request, merges them.
 */
export function pullRequestFollower(deps: ReviewDeps & { readonly git: Git }): RefFollower {
  const { db, git } = deps;
  return {
    async follow(change, moved) {
      const at = new Map(moved.map((command) => [command.ref, command]));
      const rows = await openPullRequestsAt(db, change, [...at.keys()]);
      const merging = change.cause?.pullRequestId === undefined ? undefined : await findPullRequest(db, change, Number(change.cause.pullRequestId));
      if (merging && !rows.some(({ number }) => number === merging.number)) rows.push(merging);
      const meanings: Meaning[] = [];
      for (const row of rows) {
        const [source, destination] = [at.get(row.source_reference), at.get(row.destination_reference)];
        const sourceCommit = source === undefined || source.new === NO_OBJECT ? row.source_commit : source.new;
        // A destination that only moved on is read when somebody asks; there may be a thousand pull requests into it.
        const standing = source === undefined ? row : await standingOf(git, { ...row, source_commit: sourceCommit });
        meanings.push({ row, source, destination, standing });
      }
      return async (tx) => {
        for (const meaning of meanings) await apply(tx, deps, change, meaning);
      };
    },
  };
}

async function apply(tx: Transaction, deps: ReviewDeps, change: RefChange, { row, source, destination, standing }: Meaning): Promise<void> {
  const actor = change.caller_arn;
  let found = await lockFound(tx, row);
  if (source !== undefined && source.new !== NO_OBJECT) {
    found = await sourceMoved(tx, deps, found, { from: row.source_commit, to: source.new, actor, ...standing });
  }
  if (destination !== undefined && destination.new !== NO_OBJECT && isMergedBy(found.row, change, destination)) {
    const asked = change.cause?.pullRequestId === String(row.number) ? change.cause.merge : undefined;
    await merged(tx, deps, found, {
      actor, from: destination.old, to: destination.new,
      option: asked?.mergeOption ?? 'FAST_FORWARD_MERGE', sourceCommit: asked?.sourceCommitId ?? found.row.source_commit, mergeBase: asked?.baseCommitId ?? found.row.merge_base,
    });
  } else if (found.row.status === 'OPEN' && (source?.new === NO_OBJECT || destination?.new === NO_OBJECT)) {
    await happened(tx, deps, found.repository, found.row, { actor, change: { status: 'CLOSED' }, entries: [CLOSED], tell: { event: 'pullRequestStatusChanged' } });
  }
}

export interface SourceMovement extends Standing {
  readonly from: string;
  readonly to: string;
  readonly actor: string;
}

/** Makes it another revision, if it is open and was not told before. */
export async function sourceMoved(tx: Transaction, deps: ReviewDeps, found: Found, { from, to, actor, ...standing }: SourceMovement): Promise<Found> {
  const { row, repository } = found;
  if (row.status !== 'OPEN' || row.source_commit !== from || from === to) return found;
  const metadata = {
    pullRequestSourceReferenceUpdatedEventMetadata: {
      repositoryName: repository.name, beforeCommitId: from, afterCommitId: to, ...standing.merge_base === null ? {} : { mergeBase: standing.merge_base },
    },
  };
  const next = await happened(tx, deps, repository, row, {
    actor,
    change: { source_commit: to, revision_id: revisionId(), destination_commit: standing.destination_commit, merge_base: standing.merge_base },
    entries: [{ type: 'PULL_REQUEST_SOURCE_REFERENCE_UPDATED', metadata }],
    tell: { event: 'pullRequestSourceBranchUpdated' },
  });
  return { row: next, repository };
}

/** The merge that was asked for has happened even if somebody closed the pull request meanwhile; a push merges open ones. */
function isMergedBy(row: PullRequestRow, change: RefChange, destination: RefCommand): boolean {
  if (row.merged_by !== null) return false;
  return change.cause?.pullRequestId === String(row.number) || (row.status === 'OPEN' && destination.new === row.source_commit && destination.old !== NO_OBJECT);
}

export interface MergeHappening {
  readonly actor: string;
  /** The destination's tip before and after. */
  readonly from: string;
  readonly to: string;
  readonly option: MergeOptionTypeEnum;
  readonly sourceCommit: string;
  readonly mergeBase: string | null;
}

/** Closes it as merged, in the transaction that makes it so. */
export async function merged(tx: Transaction, deps: ReviewDeps, { row, repository }: Found, { actor, from, to, option, sourceCommit, mergeBase }: MergeHappening): Promise<void> {
  const metadata = {
    pullRequestMergedStateChangedEventMetadata: {
      repositoryName: repository.name,
      destinationReference: row.destination_reference,
      mergeMetadata: { isMerged: true, mergedBy: actor, mergeCommitId: to, mergeOption: option },
    },
  };
  await happened(tx, deps, repository, row, {
    actor,
    change: { status: 'CLOSED', merged_by: actor, merge_commit: to, merge_option: option, destination_commit: from, source_commit: sourceCommit, merge_base: mergeBase },
    entries: [{ type: 'PULL_REQUEST_MERGE_STATE_CHANGED', metadata }, ...row.status === 'CLOSED' ? [] : [CLOSED]],
    tell: { event: 'pullRequestMergeStatusUpdated' },
  });
}
