import type { CodeCommitApi } from '@slipway/contracts';
import type { MergeOptionTypeEnum, MergePullRequestBySquashInput } from '@slipway/contracts/codecommit';
import type { Git, RefGuard } from '../../../git/index.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { evaluate } from '../approvals/evaluate.ts';
import { rulesOf } from '../approvals/store.ts';
import { objectId } from '../checks.ts';
import { existing } from '../lookup.ts';
import { mergeFacts } from '../events.ts';
import { fail } from '../fail.ts';
import { mergeInto, mergeTerms } from '../merges/index.ts';
import type { RefChanges } from '../refs/ref-changes.ts';
import type { ReviewDeps } from '../deps.ts';
import { alreadyClosed, associated, existingPullRequest, lockFound } from './find.ts';
import type { Found } from './find.ts';
import { merged } from './follow.ts';
import { pullRequestShape } from './shape.ts';
import type { PullRequestRow } from './store.ts';

export interface MergingDeps extends ReviewDeps {
  readonly git: Git;
  readonly changes: RefChanges;
}

/** Merging closes the pull request: in the transaction that settles the destination's movement, so that a crash parts them not. */
export function pullRequestMerging(deps: MergingDeps) {
  const { db, clock, git, changes } = deps;

  async function merge(call: Call, input: MergePullRequestBySquashInput, option: MergeOptionTypeEnum) {
    const named = await existing(db, call, input.repositoryName);
    const found = associated(await existingPullRequest(db, call, input.pullRequestId), named);
    const { row, repository } = found;
    await mayMerge(row);
    const terms = mergeTerms(input);
    const sides = await sidesOf(found, input.sourceCommitId);
    const facts = { ...sides, option, terms };
    const handle = git.repository(repository.repository_id);
    const done = await mergeInto(handle, clock, row.destination_reference.replace('refs/heads/', ''), {
      ...facts, words: input, caller: call.caller, defaultMessage: `Merge pull request ${row.number}: ${row.title}`,
    }, ({ baseCommitId }) => checked(row, changes.guard(repository, call.caller.arn, { pullRequestId: String(row.number), merge: mergeFacts(facts, baseCommitId) })));
    if (done.commitId === sides.destination) await mergedAlready(call, found, { ...facts, base: done.baseCommitId });
    const now = await existingPullRequest(db, call, input.pullRequestId);
    return { pullRequest: pullRequestShape(now.row, now.repository.name, await rulesOf(db.read, now.row)) };
  }

  /** @throws PullRequestAlreadyClosedException, PullRequestApprovalRulesNotSatisfiedException */
  async function mayMerge(row: PullRequestRow): Promise<void> {
    if (row.status === 'CLOSED') throw alreadyClosed(row);
    const { approved, approvalRulesNotSatisfied: unmet } = await evaluate(db.read, row);
    if (!approved) {
      throw fail('PullRequestApprovalRulesNotSatisfiedException', `The pull request cannot be merged because one or more approval rules have conditions that have not been met: ${unmet.join(', ')}`);
    }
  }

  /** Looks again when all is made ready, since making a merge takes its time: an approval may have been taken back, or other commits pushed. */
  const checked = (row: PullRequestRow, guard: RefGuard): RefGuard => ({
    async begin(commands, process) {
      const { row: now } = await existingPullRequest(db, row, String(row.number));
      if (now.revision_id !== row.revision_id) throw otherTip();
      await mayMerge(now);
      return guard.begin(commands, process);
    },
  });

  /** @throws InvalidCommitIdException, ReferenceDoesNotExistException, TipOfSourceReferenceIsDifferentException */
  async function sidesOf({ row }: Found, expected: string | undefined): Promise<{ source: string; destination: string }> {
    const { read } = git.repository(row.repository_id);
    const tipOf = async (reference: string): Promise<string> => {
      const tip = await read.reference(reference);
      if (tip === undefined) throw fail('ReferenceDoesNotExistException', `The reference does not exist: ${reference}`);
      return tip;
    };
    if (expected !== undefined) objectId(expected, 'InvalidCommitIdException', 'commit ID');
    const [source, destination] = [await tipOf(row.source_reference), await tipOf(row.destination_reference)];
    // What is merged is what was reviewed: a tip that the pull request does not know of yet is another revision.
    if (source !== row.source_commit || (expected !== undefined && expected !== source)) throw otherTip();
    return { source, destination };
  }

  /** Source and destination are one commit: nothing moves, and the pull request is merged all the same. */
  async function mergedAlready(call: Call, found: Found, { option, base, source, destination }: { option: MergeOptionTypeEnum; base: string; source: string; destination: string }): Promise<void> {
    await db.transaction(async (tx) => {
      const locked = await lockFound(tx, found.row);
      if (locked.row.merged_by !== null) return;
      await merged(tx, deps, locked, { actor: call.caller.arn, from: destination, to: destination, option, sourceCommit: source, mergeBase: base });
    });
  }

  return {
    MergePullRequestByFastForward: (input, call) => merge(call, input, 'FAST_FORWARD_MERGE'),
    MergePullRequestBySquash: (input, call) => merge(call, input, 'SQUASH_MERGE'),
    MergePullRequestByThreeWay: (input, call) => merge(call, input, 'THREE_WAY_MERGE'),
  } satisfies Partial<Operations<CodeCommitApi>>;
}

const otherTip = (): Error => fail('TipOfSourceReferenceIsDifferentException', 'The tip of the source branch is not the one of the request. The pull request might have been updated. Make sure that you have the latest changes.');
