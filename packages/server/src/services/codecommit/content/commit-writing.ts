import type { FileModeTypeEnum } from '@slipway/contracts/codecommit';
import { MODES, NO_OBJECT, ObjectsRefused, ReferenceMoved, treeChanges } from '../../../git/index.ts';
import type { Draft, Repository, RepositoryReader, Signature, TreeEntry } from '../../../git/index.ts';
import type { Caller } from '../../../kernel/caller.ts';
import { objectId, path } from '../checks.ts';
import type { ContentDeps } from '../deps.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import type { RepositoryRow } from '../store.ts';

/** What every operation that writes a commit needs. */
interface OnBranch {
  readonly branchName: string;
  readonly parentCommitId?: string;
}

interface CommitWords {
  readonly commitMessage?: string | undefined;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
}

/** The branch's tip, which the caller must name; undefined when the repository has no branch yet. */
export async function parentOf(repository: Repository, ref: string, { branchName: name, parentCommitId: given }: OnBranch): Promise<string | undefined> {
  const tip = await repository.read.reference(ref);
  if (tip === undefined) {
    if (await repository.read.reference(`refs/tags/${name}`) !== undefined) throw fail('BranchNameIsTagNameException', `${name} is the name of a tag.`);
    if ((await repository.read.branches()).length > 0) throw fail('BranchDoesNotExistException', `The branch does not exist: ${name}`);
    if (given !== undefined) throw fail('ParentCommitDoesNotExistException', 'The repository has no commits, so there is no parent commit.');
    return undefined;
  }
  if (!given) throw fail('ParentCommitIdRequiredException', 'A parent commit ID is required: the branch has commits.');
  if (objectId(given, 'InvalidParentCommitIdException', 'parent commit ID') === tip) return tip;
  if (!await repository.read.commit(given)) throw fail('ParentCommitDoesNotExistException', `The specified parent commit does not exist: ${given}`);
  throw outdated();
}

export const outdated = (cause?: unknown): Error =>
  fail('ParentCommitIdOutdatedException', 'The parent commit ID is not the tip of the branch: the branch has moved on.', { cause });

/** What is at the path now; refuses a path that runs through a file or submodule, or ends at a folder. */
export async function placeFor(read: Pick<RepositoryReader, 'tree'>, tree: string, parts: readonly string[]): Promise<TreeEntry | undefined> {
  let below = tree;
  for (const [index, part] of parts.entries()) {
    const there = (await read.tree(below))?.find(({ name }) => name === part);
    const path = parts.slice(0, index + 1).join('/');
    const isLast = index === parts.length - 1;
    if (there === undefined) return undefined;
    if (there.mode === MODES.submodule) throw fail('FilePathConflictsWithSubmodulePathException', `${path} is a submodule.`);
    if (isLast && there.mode === MODES.folder) throw fail('FileNameConflictsWithDirectoryNameException', `${path} is a folder.`);
    if (isLast) return there;
    // A symbolic link is a file like any other: nothing is written through it.
    if (there.mode !== MODES.folder) throw fail('DirectoryNameConflictsWithFileNameException', `${path} is a file.`);
    below = there.id;
  }
  return undefined;
}

export interface Landing {
  readonly row: RepositoryRow;
  readonly repository: Repository;
  readonly ref: string;
  readonly parent: string | undefined;
  readonly draft: Draft;
  readonly tree: string;
  readonly words: CommitWords;
  /** The message, where the caller gives none. */
  readonly otherwise: string;
  readonly caller: Caller;
}

/** Writes the draft and a commit of its tree, and moves the branch to it. @throws ParentCommitIdOutdatedException */
export async function land({ clock, changes }: Pick<ContentDeps, 'clock' | 'changes'>, { row, repository, ref, parent, draft, tree, words, otherwise, caller }: Landing): Promise<string> {
  const author = signature(words, caller, clock.now());
  const commitId = draft.commit({ tree, parents: parent === undefined ? [] : [parent], author, committer: author, message: words.commitMessage || otherwise });
  await saved(draft);
  try {
    await repository.move([{ ref, old: parent ?? NO_OBJECT, new: commitId }], changes.guard(row, caller.arn));
  } catch (error) {
    throw error instanceof ReferenceMoved ? outdated(error) : error;
  }
  return commitId;
}

/** Writes what a commit consists of. @throws InvalidPathException for what git's own check refuses */
export async function saved(draft: Draft): Promise<void> {
  try {
    await draft.save();
  } catch (error) {
    if (!(error instanceof ObjectsRefused)) throw error;
    throw fail('InvalidPathException', 'The commit holds a file that git does not accept, by its name or as a .gitmodules file.', { cause: error });
  }
}

/** The parts of a file's path. @throws PathRequiredException, InvalidPathException */
export function filePath(text: string): readonly string[] {
  const parts = path(text);
  if (parts.length === 0 || text.endsWith('/')) throw fail('InvalidPathException', 'The specified path is not that of a file.');
  return parts;
}

/** @throws CommitMessageLengthExceededException, NameLengthExceededException, InvalidEmailException */
export function checkCommit({ commitMessage, name, email }: CommitWords): void {
  if (Buffer.byteLength(commitMessage ?? '') > limits.commitMessageBytes) throw fail('CommitMessageLengthExceededException', 'The commit message is too long.');
  if ((name ?? '').length > limits.userNameLength) throw fail('NameLengthExceededException', 'The name is too long.');
  if ((email ?? '').length > limits.userNameLength || /[<>\n]/.test(email ?? '')) throw fail('InvalidEmailException', 'The specified email address is not valid.');
}

/** Without a name of their own, callers are known by the last part of their ARN: user name or session name. */
export function signature({ name, email }: CommitWords, caller: Caller, time: number): Signature {
  return { name: name || (caller.arn.split(/[:/]/).at(-1) ?? ''), email: email ?? '', time, zone: '+0000' };
}

/** @throws InvalidFileModeException */
export function modeOf(mode: FileModeTypeEnum): string {
  const known: Partial<Record<string, string>> = { EXECUTABLE: MODES.executable, NORMAL: MODES.file, SYMLINK: MODES.link };
  const found = Object.hasOwn(known, mode) ? known[mode] : undefined;
  if (found === undefined) throw fail('InvalidFileModeException', 'The file mode must be one of EXECUTABLE, NORMAL, SYMLINK.');
  return found;
}

/** The tree `after`, with a `.gitkeep` in each folder that `before` has and `after` has not. */
export async function emptiedFolders(draft: Draft, before: string, after: string): Promise<string> {
  const emptied = new Set<string>();
  for await (const { path, before: was } of treeChanges(draft.read, before, after)) {
    const folder = path.split('/').slice(0, -1);
    if (was && folder.length > 0 && !emptied.has(folder.join('/')) && await couldBeFolder(draft.read, after, folder)) emptied.add(folder.join('/'));
  }
  const deepest = [...emptied].filter((folder) => ![...emptied].some((other) => other.startsWith(`${folder}/`)));
  if (deepest.length === 0) return after;
  const id = draft.blob(new Uint8Array());
  return draft.tree(after, new Map(deepest.map((folder) => [`${folder}/.gitkeep`, { mode: MODES.file, id }])));
}

/** Whether there is nothing at the path, nor a file above it. */
async function couldBeFolder(read: Pick<RepositoryReader, 'tree'>, tree: string, parts: readonly string[]): Promise<boolean> {
  let below = tree;
  for (const part of parts) {
    const next = (await read.tree(below))?.find(({ name }) => name === part);
    if (!next) return true;
    if (next.mode !== MODES.folder) return false;
    below = next.id;
  }
  return false;
}

/** @throws FileContentSizeLimitExceededException */
export function checkFileSize(content: Uint8Array): void {
  if (content.length > limits.apiFileBytes) throw fail('FileContentSizeLimitExceededException', 'The file exceeds the limit of 6 MB. Use git to add larger files.');
}

/** @throws FolderContentSizeLimitExceededException */
export function checkFolderSizes(files: Iterable<{ readonly path: string; readonly size: number }>): void {
  const sizes = new Map<string, number>();
  for (const { path: file, size } of files) {
    const folder = file.split('/').slice(0, -1).join('/');
    sizes.set(folder, (sizes.get(folder) ?? 0) + size);
  }
  for (const [folder, size] of sizes) {
    if (size > limits.folderContentBytes) throw fail('FolderContentSizeLimitExceededException', `What is put into the folder ${folder || '/'} exceeds the limit of 6 MB.`);
  }
}
