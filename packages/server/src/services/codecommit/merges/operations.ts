import type { CodeCommitApi } from '@slipway/contracts';
import type { MergeBranchesBySquashInput, MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import { branchReference, isBranchName } from '../../../git/index.ts';
import type { Repository } from '../../../git/index.ts';
import type { Outbox } from '../../../engine/outbox.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { branchName, commitSpecifier } from '../checks.ts';
import { existing, specifiedCommit } from '../lookup.ts';
import type { ContentDeps } from '../deps.ts';
import { mergeFacts, unreferencedMergeCommitCreated } from '../events.ts';
import { fail } from '../fail.ts';
import type { RepositoryRow } from '../store.ts';
import { mergeCommit, mergeInto, mergeOptions } from './merge.ts';
import { targetBranch } from './target.ts';
import { mergeOption, mergeTerms } from './terms.ts';
import type { MergeSides } from './terms.ts';

export interface Specifiers {
  readonly sourceCommitSpecifier: string;
  readonly destinationCommitSpecifier: string;
}

/** Both sides of a merge as commits. @throws CommitRequiredException, InvalidCommitException, CommitDoesNotExistException */
export async function sidesOf(repository: Repository, row: RepositoryRow, { sourceCommitSpecifier, destinationCommitSpecifier }: Specifiers): Promise<MergeSides> {
  const commit = async (specifier: string): Promise<string> => {
    if (!specifier) throw fail('CommitRequiredException', 'A commit is required.');
    const found = await specifiedCommit(repository, row, commitSpecifier(specifier));
    if (found === undefined) throw fail('CommitDoesNotExistException', `The specified commit does not exist: ${specifier}`);
    return found;
  };
  return { source: await commit(sourceCommitSpecifier), destination: await commit(destinationCommitSpecifier) };
}

export const sideIds = ({ source, destination }: MergeSides): { sourceCommitId: string; destinationCommitId: string } => ({ sourceCommitId: source, destinationCommitId: destination });

/** Merges of branches and commits, without a pull request. */
export function merges({ db, clock, git, changes, outbox }: ContentDeps & { readonly outbox: Outbox }) {
  async function start(call: Call, input: Specifiers & { repositoryName: string }) {
    const row = await existing(db, call, input.repositoryName);
    const repository = git.repository(row.repository_id);
    return { row, repository };
  }

  async function mergeBranches(call: Call, input: MergeBranchesBySquashInput, option: MergeOptionTypeEnum): Promise<{ commitId: string; treeId: string }> {
    const { row, repository } = await start(call, input);
    const sides = await sidesOf(repository, row, input);
    const terms = mergeTerms(input);
    const branch = await target(repository, input, sides);
    const facts = { ...sides, option, terms };
    const { commitId, treeId } = await mergeInto(repository, clock, branch, {
      ...facts, words: input, caller: call.caller, defaultMessage: `Merge ${input.sourceCommitSpecifier} into ${branch}`,
    }, ({ baseCommitId }) => changes.guard(row, call.caller.arn, { merge: mergeFacts(facts, baseCommitId) }));
    return { commitId, treeId };
  }

  return {
    async GetMergeOptions(input, call) {
      const { row, repository } = await start(call, input);
      const sides = await sidesOf(repository, row, input);
      return { ...await mergeOptions(repository, sides, mergeTerms(input)), ...sideIds(sides) };
    },

    /** The merge's base, and the commit in the destination that merged the source, if there is one. */
    async GetMergeCommit(input, call) {
      const { row, repository } = await start(call, input);
      const sides = await sidesOf(repository, row, input);
      mergeTerms(input);
      const base = await repository.read.mergeBase(sides.destination, sides.source);
      const merged = await repository.read.mergeOf(sides.source, sides.destination);
      return { ...sideIds(sides), ...base === undefined ? {} : { baseCommitId: base }, ...merged === undefined ? {} : { mergedCommitId: merged } };
    },

    async CreateUnreferencedMergeCommit(input, call) {
      const { row, repository } = await start(call, input);
      const sides = await sidesOf(repository, row, input);
      const option = mergeOption(input.mergeOption, ['SQUASH_MERGE', 'THREE_WAY_MERGE']);
      const facts = { ...sides, option, terms: mergeTerms(input) };
      const { commitId, treeId, baseCommitId } = await mergeCommit(repository, clock, {
        ...facts, words: input, caller: call.caller, defaultMessage: `Merge ${input.sourceCommitSpecifier} into ${input.destinationCommitSpecifier}`,
      });
      await db.transaction((tx) => outbox.emit(tx, unreferencedMergeCommitCreated(row, commitId, mergeFacts(facts, baseCommitId), call.caller.arn)));
      return { commitId, treeId };
    },

    MergeBranchesByFastForward: (input, call) => mergeBranches(call, input, 'FAST_FORWARD_MERGE'),
    MergeBranchesBySquash: (input, call) => mergeBranches(call, input, 'SQUASH_MERGE'),
    MergeBranchesByThreeWay: (input, call) => mergeBranches(call, input, 'THREE_WAY_MERGE'),
  } satisfies Partial<Operations<CodeCommitApi>>;
}

/**
 * The branch to move, which must be at the destination.
 * @throws InvalidTargetBranchException, BranchNameRequiredException, InvalidBranchNameException, BranchDoesNotExistException,
 * BranchNameIsTagNameException, ConcurrentReferenceUpdateException
 */
async function target({ read }: Repository, input: Specifiers & { targetBranch?: string }, { destination }: MergeSides): Promise<string> {
  const name = targetBranch(input);
  if (input.targetBranch === undefined && (!isBranchName(name) || await read.reference(branchReference(name)) === undefined)) {
    throw fail('InvalidTargetBranchException', 'The destination is not a branch: name the branch to merge into as the target branch.');
  }
  const tip = await read.reference(branchReference(branchName(name)));
  if (tip === undefined && await read.reference(`refs/tags/${name}`) !== undefined) throw fail('BranchNameIsTagNameException', `${name} is the name of a tag.`);
  if (tip === undefined) throw fail('BranchDoesNotExistException', `The branch does not exist: ${name}`);
  if (tip !== destination) throw fail('ConcurrentReferenceUpdateException', `The branch ${name} is not at the destination commit: it has been modified.`);
  return name;
}

