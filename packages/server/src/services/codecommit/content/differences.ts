import type { CodeCommitApi } from '@slipway/contracts';
import type { BlobMetadata, DiffChange, DiffHunk, Difference } from '@slipway/contracts/codecommit';
import { MODES } from '../../../git/index.ts';
import type { FileAt, LineChange, Repository, TreeChange, TreeEntry } from '../../../git/index.ts';
import type { Operations } from '../../../kernel/service.ts';
import { commitSpecifier, objectId, path } from '../checks.ts';
import { existing, specifiedCommit } from '../lookup.ts';
import type { ContentDeps } from '../deps.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { isBinary } from '../merges/binary.ts';
import { linesOf } from '../merges/hunks.ts';
import { pagesOf, pageSize } from '../pages.ts';
import type { RepositoryRow } from '../store.ts';

/** What differs between commits, and within files. */
export function differences({ db, git, paging }: ContentDeps) {
  return {
    /**
     * The files that differ between two commits, ordered by path; a file that was renamed is one deleted and one added.
     * Each page goes on where the last one ended, without comparing again what was before.
     */
    async GetDifferences(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const repository = git.repository(row.repository_id);
      if (!input.afterCommitSpecifier) throw fail('CommitRequiredException', 'A commit is required.');
      const paths = { before: input.beforePath ? path(input.beforePath) : [], after: input.afterPath ? path(input.afterPath) : [] };
      const trees = {
        before: input.beforeCommitSpecifier ? await treeAt(repository, row, input.beforeCommitSpecifier) : undefined,
        after: await treeAt(repository, row, input.afterCommitSpecifier),
      };
      // One path alone limits both sides to it.
      const [beforePath, afterPath] = [input.beforePath ? paths.before : paths.after, input.afterPath ? paths.after : paths.before];
      const before = trees.before === undefined ? undefined : await repository.read.entry(trees.before, beforePath);
      const after = await repository.read.entry(trees.after, afterPath);
      if (!before && !after) throw fail('PathDoesNotExistException', 'The specified path does not exist in either commit.');
      const most = pageSize(input.MaxResults, limits.differencesPerPage);
      const listing = pagesOf(paging, call, 'GetDifferences', [row.repository_id, before ?? null, after ?? null, beforePath, afterPath]);
      const from = listing.read(input.NextToken || undefined)?.[0];
      const found: TreeChange[] = [];
      for await (const change of changesOf(repository, before, after, from === undefined ? undefined : String(from))) {
        found.push(change);
        if (found.length > most) break;
      }
      const { page, next } = listing.cut(found, most, (change) => [change.path]);
      return { differences: page.map((change) => difference(change, beforePath, afterPath)), ...next === undefined ? {} : { NextToken: next } };
    },

    /** The lines that differ between two files. */
    async GetBlobDifferences(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const repository = git.repository(row.repository_id);
      const { contextLines: context = limits.contextLines.usual, ignoreWhitespace = false } = input;
      if (!input.afterBlobId) throw fail('BlobIdRequiredException', 'A blob ID is required.');
      if (!Number.isInteger(context) || context < 0 || context > limits.contextLines.most) throw fail('ValidationException', `contextLines must be between 0 and ${limits.contextLines.most}.`);
      const after = await blobAt(repository, input.afterBlobId);
      const before = input.beforeBlobId ? await blobAt(repository, input.beforeBlobId) : undefined;
      const most = pageSize(input.MaxResults, limits.blobHunksPerPage);
      const listing = pagesOf(paging, call, 'GetBlobDifferences', [row.repository_id, before?.id ?? null, after.id, context, ignoreWhitespace]);
      const from = Number(listing.read(input.NextToken || undefined)?.[0] ?? 0);
      const sizes = { beforeBlobSize: before?.content.length ?? 0, afterBlobSize: after.content.length };
      if ([before?.content, after.content].some((content) => content && isBinary(content))) return { hunks: [], isBinary: true, ...sizes };
      const lines = { before: linesOf(before?.content ?? Buffer.alloc(0)), after: linesOf(after.content) };
      const changes = await lineChanges(repository, before?.id, after.id, lines.after.length, ignoreWhitespace);
      const groups = grouped(changes, context);
      const page = groups.slice(from, from + most);
      return {
        hunks: page.map((group) => hunk(group, lines, context)), isBinary: false, ...sizes,
        ...from + page.length < groups.length ? { NextToken: listing.after([from + page.length]) } : {},
      };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

async function treeAt(repository: Repository, row: RepositoryRow, specifier: string): Promise<string> {
  const commitId = await specifiedCommit(repository, row, commitSpecifier(specifier));
  const commit = commitId === undefined ? undefined : await repository.read.commit(commitId);
  if (!commit) throw fail('CommitDoesNotExistException', `The specified commit does not exist: ${specifier}`);
  return commit.tree;
}

/** Two folders are compared file by file; anything else as one file. */
async function* changesOf(repository: Repository, before: TreeEntry | undefined, after: TreeEntry | undefined, from: string | undefined): AsyncGenerator<TreeChange, void> {
  const [was, is] = [fileIn(before), fileIn(after)];
  // The file itself has no path below the one that was asked for, and comes first.
  if ((was || is) && from === undefined && (was?.id !== is?.id || was?.mode !== is?.mode)) yield { path: '', ...was ? { before: was } : {}, ...is ? { after: is } : {} };
  yield* repository.read.changes(folderIn(before), folderIn(after), from);
}

const folderIn = (entry: TreeEntry | undefined): string | undefined => (entry?.mode === MODES.folder ? entry.id : undefined);
const fileIn = (entry: TreeEntry | undefined): FileAt | undefined => (entry && entry.mode !== MODES.folder ? entry : undefined);

function difference({ path: below, before, after }: TreeChange, beforePath: readonly string[], afterPath: readonly string[]): Difference {
  const blob = ({ id, mode }: FileAt, above: readonly string[]): BlobMetadata => ({ blobId: id, path: [...above, ...below === '' ? [] : [below]].join('/'), mode });
  return {
    ...before ? { beforeBlob: blob(before, beforePath) } : {},
    ...after ? { afterBlob: blob(after, afterPath) } : {},
    changeType: !before ? 'A' : after ? 'M' : 'D',
  };
}

async function blobAt(repository: Repository, given: string): Promise<{ id: string; content: Buffer }> {
  const id = objectId(given, 'InvalidBlobIdException', 'blob ID');
  const info = await repository.read.info(id);
  if (info?.type !== 'blob') throw fail('BlobIdDoesNotExistException', `The specified blob does not exist: ${id}`);
  if (info.size > limits.apiFileBytes) throw fail('FileTooLargeException', 'The specified file exceeds the file size limit of 6 MB for this operation.');
  const content = await repository.read.blob(id);
  if (!content) throw fail('BlobIdDoesNotExistException', `The specified blob does not exist: ${id}`);
  return { id, content };
}

async function lineChanges(repository: Repository, before: string | undefined, after: string, afterLines: number, ignoreWhitespace: boolean): Promise<readonly LineChange[]> {
  if (before === undefined) return afterLines === 0 ? [] : [{ before: [0, 0], after: [0, afterLines] }];
  return before === after ? [] : (await repository.merging()).lineChanges(before, after, { ignoreWhitespace });
}

/** Changes whose context would touch or overlap are one hunk. */
function grouped(changes: readonly LineChange[], context: number): LineChange[][] {
  const groups: LineChange[][] = [];
  for (const change of changes) {
    const group = groups.at(-1);
    if (group && change.before[0] - group.at(-1)!.before[1] <= 2 * context) group.push(change);
    else groups.push([change]);
  }
  return groups;
}

interface Texts {
  readonly before: readonly Buffer[];
  readonly after: readonly Buffer[];
}

function hunk(group: readonly LineChange[], { before, after }: Texts, context: number): DiffHunk {
  const [first, last] = [group[0]!, group.at(-1)!];
  const lead = Math.min(context, first.before[0], first.after[0]);
  const start = { before: first.before[0] - lead, after: first.after[0] - lead };
  const end = { before: Math.min(before.length, last.before[1] + context), after: Math.min(after.length, last.after[1] + context) };
  const changes: DiffChange[] = [];
  let [b, a] = [start.before, start.after];
  const same = (until: number): void => {
    for (; b < until; b += 1, a += 1) changes.push({ type: 'CONTEXT', beforeLineNumber: b + 1, afterLineNumber: a + 1, content: content(after[a]) });
  };
  for (const change of group) {
    same(change.before[0]);
    for (; b < change.before[1]; b += 1) changes.push({ type: 'DELETE', beforeLineNumber: b + 1, content: content(before[b]) });
    for (; a < change.after[1]; a += 1) changes.push({ type: 'ADD', afterLineNumber: a + 1, content: content(after[a]) });
  }
  same(Math.min(end.before, b + (end.after - a)));
  return { beforeStartLine: start.before + 1, beforeLineCount: b - start.before, afterStartLine: start.after + 1, afterLineCount: a - start.after, changes };
}

const content = (line: Buffer | undefined): string => (line?.at(-1) === 10 ? line.subarray(0, -1) : line ?? Buffer.alloc(0)).toString();
