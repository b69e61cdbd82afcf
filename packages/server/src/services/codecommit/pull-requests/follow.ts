import type { MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import { NO_OBJECT } from '../../../git/index.ts';
import type { Git, RefCommand } from '../../../git/index.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { RefFollower } from '../refs/ref-changes.ts';
import type { ReviewDeps } from '../deps.ts';
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
        meanings.push({ row, source, destination, standing: await standingAfter(git, row, source, destination) });
      }
      return async (tx) => {
        for (const meaning of meanings) await apply(tx, deps, change, meaning);
      };
    },
  };
}

/** A destination that only moved on is read when somebody asks, since there may be a thousand pull requests into it. */
async function standingAfter(git: Git, row: PullRequestRow, source: RefCommand | undefined, destination: RefCommand | undefined): Promise<Standing> {
  const sourceCommit = source === undefined || source.new === NO_OBJECT ? row.source_commit : source.new;
  if (destination !== undefined && (destination.new === NO_OBJECT || destination.new === sourceCommit)) {
    return { destination_commit: destination.old, merge_base: await git.repository(row.repository_id).read.mergeBase(sourceCommit, destination.old) ?? null };
  }
  return source === undefined ? row : standingOf(git, { ...row, source_commit: sourceCommit });
}

async function apply(tx: Transaction, deps: ReviewDeps, movement: RefChange, { row, source, destination, standing }: Meaning): Promise<void> {
  const actor = movement.caller_arn;
  let found = await lockFound(tx, row);
  if (source !== undefined && source.new !== NO_OBJECT) {
    found = await sourceMoved(tx, deps, found, { from: row.source_commit, to: source.new, actor, ...standing });
  }
  if (destination !== undefined && destination.new !== NO_OBJECT && isMergedBy(found.row, movement, destination)) {
    const asked = movement.cause?.pullRequestId === String(row.number) ? movement.cause.merge : undefined;
    await merged(tx, deps, found, {
      actor, from: destination.old, to: destination.new,
      option: asked?.mergeOption ?? 'FAST_FORWARD_MERGE', sourceCommit: asked?.sourceCommitId ?? found.row.source_commit, mergeBase: asked?.baseCommitId ?? standing.merge_base,
    });
  } else if (found.row.status === 'OPEN' && (source?.new === NO_OBJECT || destination?.new === NO_OBJECT)) {
    const change = { status: 'CLOSED', destination_commit: standing.destination_commit, merge_base: standing.merge_base } as const;
    await happened(tx, deps, found.repository, found.row, { actor, change, entries: [CLOSED], tell: { event: 'pullRequestStatusChanged' } });
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
