import type { CodeCommitApi } from '@slipway/contracts';
import type { BatchDescribeMergeConflictsError, Conflict as ConflictOutput, MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import { isReferenceName, isObjectId } from '../../../git/index.ts';
import type { MergeBench, Repository } from '../../../git/index.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { atMost } from '../checks.ts';
import { filePath } from '../content/commit-writing.ts';
import { existing } from '../lookup.ts';
import type { ContentDeps } from '../deps.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { pagesOf } from '../pages.ts';
import { divergence, tryMerge } from './conflicts.ts';
import type { Conflict } from './conflicts.ts';
import { describeConflicts } from './describe.ts';
import { acceptsASide } from './merge.ts';
import { sideIds, sidesOf } from './operations.ts';
import type { Specifiers } from './operations.ts';
import { mergeOption, mergeTerms } from './terms.ts';
import type { MergeSides, MergeTerms } from './terms.ts';

interface ConflictsInput extends Specifiers {
  readonly repositoryName: string;
  readonly mergeOption: MergeOptionTypeEnum;
}

const WITH_CONFLICTS: readonly MergeOptionTypeEnum[] = ['SQUASH_MERGE', 'THREE_WAY_MERGE'];

/** What stands in the way of a merge. */
export function mergeConflicts({ db, git, paging }: ContentDeps) {
  async function start(call: Call, input: ConflictsInput) {
    const row = await existing(db, call, input.repositoryName);
    const repository = git.repository(row.repository_id);
    return { row, repository, sides: () => sidesOf(repository, row, input) };
  }

  return {
    async GetMergeConflicts(input, call) {
      const { row, repository, sides: find } = await start(call, input);
      wellFormed(input.sourceCommitSpecifier, 'InvalidSourceCommitSpecifierException', 'source');
      wellFormed(input.destinationCommitSpecifier, 'InvalidDestinationCommitSpecifierException', 'destination');
      const sides = await find();
      const option = mergeOption(input.mergeOption);
      const terms = mergeTerms(input);
      const most = atMost(input.maxConflictFiles, limits.conflictFilesPerPage, 'InvalidMaxConflictFilesException', 'maxConflictFiles');
      const listing = pagesOf(paging, call, 'GetMergeConflicts', [row.repository_id, sides, option, terms]);
      const after = listing.read(input.nextToken || undefined)?.[0];
      if (option === 'FAST_FORWARD_MERGE') {
        const { base, behind } = await divergence(repository, sides);
        return { mergeable: behind === 0, ...sideIds(sides), baseCommitId: base, conflictMetadataList: [] };
      }
      return repository.triedOut(async (bench) => {
        const { base, conflicts } = await remaining(repository, bench, sides, terms);
        const { page, next } = listing.cut(behind(conflicts, after), most, ({ path }) => [path]);
        const described = await describeConflicts(bench, page);
        return {
          mergeable: conflicts.length === 0, ...sideIds(sides), baseCommitId: base,
          conflictMetadataList: described.map(({ metadata }) => metadata), ...next === undefined ? {} : { nextToken: next },
        };
      });
    },

    async DescribeMergeConflicts(input, call) {
      const { row, repository, sides: find } = await start(call, input);
      const sides = await find();
      const option = mergeOption(input.mergeOption, WITH_CONFLICTS);
      const terms = mergeTerms(input);
      const path = filePath(input.filePath).join('/');
      const most = atMost(input.maxMergeHunks, limits.mergeHunksPerPage, 'InvalidMaxMergeHunksException', 'maxMergeHunks');
      const listing = pagesOf(paging, call, 'DescribeMergeConflicts', [row.repository_id, sides, option, terms, path]);
      const from = Number(listing.read(input.nextToken || undefined)?.[0] ?? 0);
      return repository.triedOut(async (bench) => {
        const { base, conflicts } = await remaining(repository, bench, sides, terms);
        const conflict = conflicts.find((one) => one.path === path);
        if (!conflict) throw fail('FileDoesNotExistException', `There is no conflict at ${path}.`);
        const [described] = await describeConflicts(bench, [conflict]);
        const { metadata, hunks } = described!;
        const page = hunks.slice(from, from + most);
        return {
          conflictMetadata: metadata, mergeHunks: page, ...sideIds(sides), baseCommitId: base,
          ...from + page.length < hunks.length ? { nextToken: listing.after([from + page.length]) } : {},
        };
      });
    },

    async BatchDescribeMergeConflicts(input, call) {
      const { row, repository, sides: find } = await start(call, input);
      const sides = await find();
      const option = mergeOption(input.mergeOption, WITH_CONFLICTS);
      const terms = mergeTerms(input);
      const mostFiles = atMost(input.maxConflictFiles, limits.conflictFilesPerPage, 'InvalidMaxConflictFilesException', 'maxConflictFiles');
      const mostHunks = atMost(input.maxMergeHunks, limits.mergeHunksPerPage, 'InvalidMaxMergeHunksException', 'maxMergeHunks');
      const listing = pagesOf(paging, call, 'BatchDescribeMergeConflicts', [row.repository_id, sides, option, terms, input.filePaths ?? null]);
      const [after, from] = listing.read(input.nextToken || undefined) ?? [];
      return repository.triedOut(async (bench) => {
        const { base, conflicts: all } = await remaining(repository, bench, sides, terms);
        const wanted = input.filePaths?.length ? new Set(input.filePaths.map((path) => path.replace(/^\//, ''))) : undefined;
        const conflicts = behind(all.filter(({ path }) => !wanted || wanted.has(path)), after, true);
        const page = await hunkPage(bench, conflicts, { mostFiles, mostHunks, from: after === undefined ? 0 : Number(from) });
        const missing = after === undefined ? [...wanted ?? []].filter((path) => !all.some((conflict) => conflict.path === path)) : [];
        return {
          conflicts: page.conflicts, ...sideIds(sides), baseCommitId: base, errors: missing.map(noConflict),
          ...page.next === undefined ? {} : { nextToken: listing.after(page.next) },
        };
      });
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

/** The conflicts that are left to resolve. */
async function remaining(repository: Repository, bench: MergeBench, sides: MergeSides, terms: MergeTerms): Promise<{ base: string; conflicts: readonly Conflict[] }> {
  const { base, conflicts } = await tryMerge(repository, bench, sides, terms);
  return { base, conflicts: acceptsASide(terms) ? [] : conflicts };
}

function behind(conflicts: readonly Conflict[], path: string | number | undefined, including = false): readonly Conflict[] {
  if (path === undefined) return conflicts;
  const from = Buffer.from(String(path));
  return conflicts.filter((conflict) => Buffer.compare(Buffer.from(conflict.path), from) > (including ? -1 : 0));
}

/** As many files and hunks as fit; the next page begins in the file and at the hunk where this one ended. */
async function hunkPage(bench: MergeBench, conflicts: readonly Conflict[], { mostFiles, mostHunks, from }: { mostFiles: number; mostHunks: number; from: number }) {
  const page: ConflictOutput[] = [];
  let hunksLeft = mostHunks;
  let skip = from;
  for (const conflict of conflicts) {
    if (page.length === mostFiles || hunksLeft === 0) return { conflicts: page, next: [conflict.path, skip] };
    const [described] = await describeConflicts(bench, [conflict]);
    const { metadata, hunks } = described!;
    const shown = hunks.slice(skip, skip + hunksLeft);
    page.push({ conflictMetadata: metadata, mergeHunks: shown });
    hunksLeft -= shown.length;
    if (skip + shown.length < hunks.length) return { conflicts: page, next: [conflict.path, skip + shown.length] };
    skip = 0;
  }
  return { conflicts: page, next: undefined };
}

const noConflict = (path: string): BatchDescribeMergeConflictsError =>
  ({ filePath: path, exceptionName: 'FileDoesNotExistException', message: `There is no conflict at ${path}.` });

function wellFormed(specifier: string, error: 'InvalidSourceCommitSpecifierException' | 'InvalidDestinationCommitSpecifierException', side: string): void {
  if (specifier && !isObjectId(specifier) && !isReferenceName(specifier) && !isReferenceName(`refs/heads/${specifier}`)) {
    throw fail(error, `The ${side} commit specifier is not valid: a branch name, tag, or full commit ID is needed.`);
  }
}
