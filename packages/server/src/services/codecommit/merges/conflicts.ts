import { MODES } from '../../../git/index.ts';
import type { FileAt, MergeBench, MergeStage, Repository, TreeMerge } from '../../../git/index.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import type { MergeSides, MergeTerms } from './terms.ts';

/** A path at which the two sides stand against each other. */
export interface Conflict {
  readonly path: string;
  readonly base?: FileAt;
  readonly source?: FileAt;
  readonly destination?: FileAt;
  /** Where the merged tree holds what git could not place: the path, or the path with the commit's id behind it. */
  readonly placed: readonly string[];
}

export interface TriedMerge {
  /** The best common ancestor. */
  readonly base: string;
  readonly merge: TreeMerge;
  /** In the bytewise order of their paths. */
  readonly conflicts: readonly Conflict[];
}

/** How far the sides are apart, and from where. @throws TipsDivergenceExceededException */
export async function divergence({ read }: Repository, { source, destination }: MergeSides): Promise<{ base: string; ahead: number; behind: number }> {
  const base = await read.mergeBase(destination, source);
  if (base === undefined) throw fail('TipsDivergenceExceededException', 'The source and the destination have no commit in common.');
  const { one: behind, other: ahead } = await read.divergence(destination, source);
  if (ahead > limits.tipsDivergence || behind > limits.tipsDivergence) {
    throw fail('TipsDivergenceExceededException', `The tips of the source and the destination are more than ${limits.tipsDivergence} commits apart. Compare them locally, with git diff.`);
  }
  return { base, ahead, behind };
}

/**
 * Merges and answers what is in conflict. By the file, a file in conflict is one that both sides changed; by the line,
 * one that git does not merge. AUTOMERGE merges files line by line, so its conflicts are those of lines.
 * @throws TipsDivergenceExceededException, MaximumItemsToCompareExceededException
 */
export async function tryMerge(repository: Repository, bench: MergeBench, sides: MergeSides, { detail, strategy }: MergeTerms): Promise<TriedMerge> {
  const { base } = await divergence(repository, sides);
  const merge = await bench.merge(sides.destination, sides.source);
  const found = new Map<string, Conflict>();
  for (const conflict of await lineConflicts(repository, sides, merge.stages)) found.set(conflict.path, conflict);
  if (detail === 'FILE_LEVEL' && strategy !== 'AUTOMERGE') {
    for (const conflict of await changedByBoth(repository, base, sides)) if (!found.has(conflict.path)) found.set(conflict.path, conflict);
  }
  const conflicts = [...found.values()].map((conflict) => ({ conflict, key: Buffer.from(conflict.path) }))
    .toSorted((a, b) => Buffer.compare(a.key, b.key)).map(({ conflict }) => conflict);
  return { base, merge, conflicts };
}

async function lineConflicts(repository: Repository, { source, destination }: MergeSides, stages: readonly MergeStage[]): Promise<Conflict[]> {
  const moved = new RegExp(`~(?:${source}|${destination})(?:_\\d+)?$`);
  const byPath = new Map<string, { versions: Partial<Record<1 | 2 | 3, FileAt>>; placed: Set<string> }>();
  for (const { path: place, stage, mode, id } of stages) {
    const path = place.replace(moved, '');
    const group = byPath.get(path) ?? { versions: {}, placed: new Set<string>() };
    byPath.set(path, group);
    group.placed.add(place);
    group.versions[stage] = { mode, id };
  }
  if (byPath.size === 0) return [];
  const trees = { 2: await treeOf(repository, destination), 3: await treeOf(repository, source) };
  return Promise.all([...byPath].map(async ([path, { versions, placed }]) => {
    // Where one side has a folder, git lists the other side's file alone.
    const folder = async (stage: 2 | 3): Promise<FileAt | undefined> => {
      const there = versions[stage] ? undefined : await repository.read.entry(trees[stage], path.split('/'));
      return there?.mode === MODES.folder ? there : undefined;
    };
    const [base, destinationAt, sourceAt] = [versions[1], versions[2] ?? await folder(2), versions[3] ?? await folder(3)];
    return {
      path, placed: [...placed],
      ...base ? { base } : {}, ...sourceAt ? { source: sourceAt } : {}, ...destinationAt ? { destination: destinationAt } : {},
    };
  }));
}

/** The paths that both sides have changed since the base, and not to the same. */
async function changedByBoth(repository: Repository, base: string, { source, destination }: MergeSides): Promise<Conflict[]> {
  const [from, ours, theirs] = await Promise.all([base, destination, source].map((id) => treeOf(repository, id)));
  const theirChanges = new Map((await changesBetween(repository, from!, theirs!)).map((change) => [change.path, change]));
  const both: Conflict[] = [];
  for (const { path, before, after } of await changesBetween(repository, from!, ours!)) {
    const other = theirChanges.get(path);
    if (!other || same(after, other.after)) continue;
    both.push({ path, placed: [path], ...before ? { base: before } : {}, ...after ? { destination: after } : {}, ...other.after ? { source: other.after } : {} });
  }
  return both;
}

async function changesBetween({ read }: Repository, before: string, after: string) {
  const changes = [];
  for await (const change of read.changes(before, after)) {
    changes.push(change);
    if (changes.length > limits.itemsToCompare) {
      throw fail('MaximumItemsToCompareExceededException', `More than ${limits.itemsToCompare} files differ between the merge base and a side of the merge.`);
    }
  }
  return changes;
}

const same = (one: FileAt | undefined, other: FileAt | undefined): boolean => one?.id === other?.id && one?.mode === other?.mode;

export async function treeOf({ read }: Repository, commit: string): Promise<string> {
  const found = await read.commit(commit);
  if (!found) throw new Error('a commit of the merge is not there');
  return found.tree;
}
