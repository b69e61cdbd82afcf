import type { CodeCommitApi } from '@slipway/contracts';
import type { CreateCommitInput, FileMetadata, PutFileEntry } from '@slipway/contracts/codecommit';
import { branchReference, MODES, treeChanges } from '../../../git/index.ts';
import type { Draft, FileAt, Repository, RepositoryReader } from '../../../git/index.ts';
import type { Operations } from '../../../kernel/service.ts';
import { branchName } from '../checks.ts';
import { checkCommit, checkFileSize, checkFolderSizes, emptiedFolders, filePath, land, modeOf, parentOf, placeFor } from './commit-writing.ts';
import { existing } from '../lookup.ts';
import type { ContentDeps } from '../deps.ts';
import { fail } from '../fail.ts';
import { fileMode } from './files.ts';
import { limits } from '../limits.ts';

/** A commit of many files at once. */
export function commitCreation({ db, clock, git, changes }: ContentDeps) {
  return {
    async CreateCommit(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const ref = branchReference(branchName(input.branchName));
      const order = orderIn(input);
      const words = { commitMessage: input.commitMessage, name: input.authorName, email: input.email };
      checkCommit(words);
      const repository = git.repository(row.repository_id);
      const parent = await parentOf(repository, ref, input);
      const before = parent === undefined ? undefined : (await repository.read.commit(parent))?.tree;

      const draft = repository.write.draft();
      const changed = await apply(repository, draft, before, order);
      const treeId = input.keepEmptyFolders && before !== undefined ? await emptiedFolders(draft, before, changed) : changed;
      if (treeId === before) throw fail('NoChangeException', 'The commit cannot be created: it would change nothing.');
      const files = await filesChanged(draft.read, before, treeId);
      const commitId = await land({ clock, changes }, { row, repository, ref, parent, draft, tree: treeId, words, otherwise: 'Added, updated or deleted files', caller: call.caller });
      return { commitId, treeId, ...files };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

interface Put {
  readonly path: string;
  readonly mode: string | undefined;
  readonly content?: Uint8Array;
  readonly source?: string;
}

interface Order {
  readonly puts: readonly Put[];
  /** Files that go: deleted ones, and those that were moved away. */
  readonly removals: readonly string[];
  readonly modes: readonly { readonly path: string; readonly mode: string }[];
}

/** The request, checked for itself, before the branch is looked at. */
function orderIn({ putFiles = [], deleteFiles = [], setFileModes = [] }: CreateCommitInput): Order {
  const count = putFiles.length + deleteFiles.length + setFileModes.length;
  if (count === 0) throw fail('FileEntryRequiredException', 'The commit cannot be created: no files are added, updated, deleted or given a mode.');
  if (count > limits.filesPerCommit) throw fail('MaximumFileEntriesExceededException', `A commit has at most ${limits.filesPerCommit} files. Use git for larger ones.`);
  const puts = putFiles.map(putIn);
  const removals = [
    ...deleteFiles.map((entry) => filePath(entry.filePath).join('/')),
    ...putFiles.filter(({ sourceFile }) => sourceFile?.isMove).map(({ sourceFile }) => filePath(sourceFile!.filePath).join('/')),
  ];
  const modes = setFileModes.map((entry) => {
    const path = filePath(entry.filePath).join('/');
    if (!entry.fileMode) throw fail('FileModeRequiredException', `A file mode is required for ${path}.`);
    return { path, mode: modeOf(entry.fileMode) };
  });
  const seen = new Set<string>();
  for (const path of [...puts.map((put) => put.path), ...removals, ...modes.map((mode) => mode.path)]) {
    if (seen.has(path)) throw fail('SamePathRequestException', `More than one of the commit's changes is about ${path}.`);
    seen.add(path);
  }
  const files = new Set(puts.map(({ path }) => path));
  for (const { path } of puts) {
    const parts = path.split('/');
    const above = parts.map((_, index) => parts.slice(0, index).join('/')).find((folder) => files.has(folder));
    if (above !== undefined) throw fail('PutFileEntryConflictException', `${above} is put both as a file and as a folder.`);
  }
  checkFolderSizes(puts.map(({ path, content }) => ({ path, size: content?.length ?? 0 })));
  return { puts, removals, modes };
}

function putIn({ filePath: text, fileMode: mode, fileContent, sourceFile }: PutFileEntry): Put {
  const path = filePath(text).join('/');
  if (fileContent && sourceFile) throw fail('FileContentAndSourceFileSpecifiedException', `Both a content and a source file are given for ${path}.`);
  if (!fileContent && !sourceFile) throw fail('SourceFileOrContentRequiredException', `A content or a source file is required for ${path}.`);
  const common = { path, mode: mode === undefined ? undefined : modeOf(mode) };
  if (fileContent) {
    checkFileSize(fileContent);
    return { ...common, content: fileContent };
  }
  const source = filePath(sourceFile!.filePath);
  if (source.at(-1) === '.gitkeep') throw fail('RestrictedSourceFileException', 'A .gitkeep file cannot be copied or moved.');
  return { ...common, source: source.join('/') };
}

/** The tree after the order: first what goes, so that a folder may take a file's name in one commit. */
async function apply(repository: Repository, draft: Draft, before: string | undefined, { puts, removals, modes }: Order): Promise<string> {
  const fileAt = async (path: string): Promise<FileAt> => {
    const there = before === undefined ? undefined : await repository.read.entry(before, path.split('/'));
    if (there?.mode === MODES.submodule) throw fail('FilePathConflictsWithSubmodulePathException', `${path} is a submodule.`);
    if (!there || there.mode === MODES.folder) throw fail('FileDoesNotExistException', `The specified file does not exist: ${path}`);
    return there;
  };
  const additions = new Map<string, FileAt>();
  for (const path of removals) await fileAt(path);
  for (const { path, mode } of modes) additions.set(path, { id: (await fileAt(path)).id, mode });
  for (const { path, mode, content, source } of puts) {
    const from = source === undefined ? undefined : await fileAt(source);
    additions.set(path, from ? { id: from.id, mode: mode ?? from.mode } : { id: draft.blob(content!), mode: mode ?? MODES.file });
  }
  const cleared = before === undefined || removals.length === 0 ? before : await draft.tree(before, new Map(removals.map((path) => [path, undefined])));
  if (cleared !== undefined) for (const { path } of puts) await placeFor(draft.read, cleared, path.split('/'));
  return draft.tree(cleared, additions);
}

async function filesChanged(read: Pick<RepositoryReader, 'tree'>, before: string | undefined, after: string) {
  const files = { filesAdded: [] as FileMetadata[], filesUpdated: [] as FileMetadata[], filesDeleted: [] as FileMetadata[] };
  for await (const { path, before: was, after: is } of treeChanges(read, before, after)) {
    const list = !was ? files.filesAdded : is ? files.filesUpdated : files.filesDeleted;
    const at = (is ?? was)!;
    list.push({ absolutePath: path, blobId: at.id, fileMode: fileMode(at.mode) });
  }
  return files;
}
