import type { MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import { branchReference, ReferenceMoved } from '../../../git/index.ts';
import type { RefGuard, Repository } from '../../../git/index.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { checkCommit, emptiedFolders, saved, signature } from '../content/commit-writing.ts';
import { fail } from '../fail.ts';
import { divergence, treeOf, tryMerge } from './conflicts.ts';
import { manualMerge, resolutionsIn, resolved } from './resolve.ts';
import { MERGE_OPTIONS } from './terms.ts';
import type { MergeSides, MergeTerms, MergeWords } from './terms.ts';

/** The options by which the sides can be merged under these terms; FAST_FORWARD_MERGE first, where it is one. */
export async function mergeOptions(repository: Repository, sides: MergeSides, terms: MergeTerms): Promise<{ mergeOptions: MergeOptionTypeEnum[]; baseCommitId: string }> {
  const { base, behind } = await divergence(repository, sides);
  if (behind === 0) return { mergeOptions: [...MERGE_OPTIONS], baseCommitId: base };
  const { mergeable } = await mergeability(repository, sides, terms);
  return { mergeOptions: mergeable ? ['SQUASH_MERGE', 'THREE_WAY_MERGE'] : [], baseCommitId: base };
}

/** Whether a squash or three-way merge under these terms needs nobody's help. */
export async function mergeability(repository: Repository, sides: MergeSides, terms: MergeTerms): Promise<{ mergeable: boolean; baseCommitId: string }> {
  return repository.triedOut(async (bench) => {
    const { base, conflicts } = await tryMerge(repository, bench, sides, terms);
    return { mergeable: conflicts.length === 0 || acceptsASide(terms), baseCommitId: base };
  });
}

export const acceptsASide = ({ strategy }: MergeTerms): boolean => strategy === 'ACCEPT_SOURCE' || strategy === 'ACCEPT_DESTINATION';

/** One merge: what, how and in whose words. */
export interface MergeOrder extends MergeSides {
  readonly option: MergeOptionTypeEnum;
  readonly terms: MergeTerms;
  readonly words: MergeWords;
  readonly caller: Caller;
  /** What the commit says when nobody gave a message. */
  readonly defaultMessage: string;
}

export interface Merged {
  readonly commitId: string;
  readonly treeId: string;
  readonly baseCommitId: string;
}

/**
 * Makes the commit that the merge comes to, referred to by nothing. Fast-forward makes none: its commit is the source.
 * @throws ManualMergeRequiredException where it cannot be merged so, and the errors of its words and resolutions
 */
export async function mergeCommit(repository: Repository, clock: Clock, order: MergeOrder): Promise<Merged> {
  const { source, destination, option, terms, words, caller } = order;
  const written = { commitMessage: words.commitMessage, name: words.authorName, email: words.email };
  checkCommit(written);
  const resolutions = resolutionsIn(words.conflictResolution, terms);
  if (option === 'FAST_FORWARD_MERGE') {
    const { base, behind } = await divergence(repository, order);
    if (behind > 0) throw fail('ManualMergeRequiredException', 'The destination has commits that the source has not: a fast-forward merge is not possible.');
    return { commitId: source, treeId: await treeOf(repository, source), baseCommitId: base };
  }
  const bench = await repository.merging();
  const { base, merge, conflicts } = await tryMerge(repository, bench, order, terms);
  if (conflicts.length > 0 && terms.strategy === 'NONE') throw manualMerge(conflicts);
  const draft = repository.write.draft();
  const edits = await resolved(bench, draft, conflicts, terms, resolutions);
  const tree = edits.size === 0 ? merge.tree : await draft.tree(merge.tree, edits);
  const treeId = words.keepEmptyFolders ? await emptiedFolders(draft, await treeOf(repository, destination), tree) : tree;
  const author = signature(written, caller, clock.now());
  const commitId = draft.commit({
    tree: treeId, parents: option === 'SQUASH_MERGE' ? [destination] : [destination, source],
    author, committer: author, message: words.commitMessage || order.defaultMessage,
  });
  await saved(draft);
  return { commitId, treeId, baseCommitId: base };
}

/**
 * Merges into a branch, whose tip must be `destination`. `guard` stands around the branch's movement: of `RefChanges`.
 * @throws ConcurrentReferenceUpdateException when the branch has moved, and what `mergeCommit` throws
 */
export async function mergeInto(repository: Repository, clock: Clock, branch: string, order: MergeOrder, guard: (merged: Merged) => RefGuard): Promise<Merged> {
  const merged = await mergeCommit(repository, clock, order);
  if (merged.commitId === order.destination) return merged;
  try {
    await repository.move([{ ref: branchReference(branch), old: order.destination, new: merged.commitId }], guard(merged));
  } catch (error) {
    if (!(error instanceof ReferenceMoved)) throw error;
    throw fail('ConcurrentReferenceUpdateException', `The branch ${branch} has been modified while the merge was in progress. Try again.`, { cause: error });
  }
  return merged;
}
