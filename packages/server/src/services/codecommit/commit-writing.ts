import type { FileModeTypeEnum } from '@slipway/contracts/codecommit';
import { MODES, treeChanges } from '../../git/index.ts';
import type { Draft, Repository, RepositoryReader, Signature, TreeEntry } from '../../git/index.ts';
import type { Caller } from '../../kernel/caller.ts';
import { objectId, path } from './checks.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';

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
    if ((await repository.read.branches()).length > 0) throw fail('BranchDoesNotExistException', `The branch does not exist: ${name}`);
    if (await repository.read.reference(`refs/tags/${name}`) !== undefined) throw fail('BranchNameIsTagNameException', `${name} is the name of a tag.`);
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
export async function placeFor(repository: Repository, tree: string, parts: readonly string[]): Promise<TreeEntry | undefined> {
  for (let depth = 1; depth < parts.length; depth += 1) {
    const above = await repository.read.entry(tree, parts.slice(0, depth));
    if (above === undefined) return undefined;
    if (above.mode === MODES.submodule) throw fail('FilePathConflictsWithSubmodulePathException', `${parts.slice(0, depth).join('/')} is a submodule.`);
    if (above.mode !== MODES.folder) throw fail('DirectoryNameConflictsWithFileNameException', `${parts.slice(0, depth).join('/')} is a file.`);
  }
  const there = await repository.read.entry(tree, parts);
  if (there?.mode === MODES.folder) throw fail('FileNameConflictsWithDirectoryNameException', `${parts.join('/')} is a folder.`);
  if (there?.mode === MODES.submodule) throw fail('FilePathConflictsWithSubmodulePathException', `${parts.join('/')} is a submodule.`);
  return there;
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
