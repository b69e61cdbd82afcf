import type { CodeCommitApi } from '@slipway/contracts';
import type { PutFileInput } from '@slipway/contracts/codecommit';
import { branchReference, MODES, NO_OBJECT, ReferenceMoved } from '../../git/index.ts';
import type { Repository, Signature, TreeEntry } from '../../git/index.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Operations } from '../../kernel/service.ts';
import { branchName, objectId, path } from './checks.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';
import { existing } from './room.ts';
import type { ContentDeps } from './room.ts';

export function putFile({ db, clock, git, changes }: ContentDeps) {
  return {
    /** Adds or replaces one file as one commit; in an empty repository it makes the branch. */
    async PutFile(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const ref = branchReference(branchName(input.branchName));
      const parts = filePath(input.filePath);
      checkContent(input);
      const repository = git.repository(row.repository_id);
      const parent = await parentOf(repository, ref, input);
      const tree = parent === undefined ? undefined : (await repository.read.commit(parent))?.tree;
      const before = tree === undefined ? undefined : await placeFor(repository, tree, parts);

      const mode = input.fileMode === 'EXECUTABLE' ? MODES.executable : input.fileMode === 'SYMLINK' ? MODES.link : MODES.file;
      const blobId = await repository.write.blob(input.fileContent);
      if (before?.id === blobId && before.mode === mode) {
        throw fail('SameFileContentException', 'The file was not added or updated: its content and mode are those of the file in the branch.');
      }
      const treeId = await repository.write.treeWith(tree, parts, { mode, id: blobId });
      const author = signature(input, call.caller, clock.now());
      const commitId = await repository.write.commit({
        tree: treeId, parents: parent === undefined ? [] : [parent], author, committer: author, message: input.commitMessage ?? `Added or updated ${parts.join('/')}`,
      });
      try {
        await repository.move([{ ref, old: parent ?? NO_OBJECT, new: commitId }], changes.guard(row, call.caller.arn));
      } catch (error) {
        throw error instanceof ReferenceMoved ? outdated(error) : error;
      }
      return { commitId, blobId, treeId };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

/** The branch's tip, which the caller must name; undefined when the repository has no branch yet. */
async function parentOf(repository: Repository, ref: string, { branchName: name, parentCommitId: given }: PutFileInput): Promise<string | undefined> {
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

const outdated = (cause?: unknown): Error =>
  fail('ParentCommitIdOutdatedException', 'The parent commit ID is not the tip of the branch: the branch has moved on.', { cause });

/** What is at the path now; refuses a path that runs through a file or submodule, or ends at a folder. */
async function placeFor(repository: Repository, tree: string, parts: readonly string[]): Promise<TreeEntry | undefined> {
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

function filePath(text: string): readonly string[] {
  const parts = path(text);
  if (parts.length === 0 || text.endsWith('/')) throw fail('InvalidPathException', 'The specified path is not that of a file.');
  return parts;
}

function checkContent({ fileContent, commitMessage, name, email }: PutFileInput): void {
  if (fileContent.length > limits.apiFileBytes) {
    throw fail('FileContentSizeLimitExceededException', 'The file exceeds the limit of 6 MB. Use git to add larger files.');
  }
  if (Buffer.byteLength(commitMessage ?? '') > limits.commitMessageBytes) throw fail('CommitMessageLengthExceededException', 'The commit message is too long.');
  if ((name ?? '').length > limits.userNameLength) throw fail('NameLengthExceededException', 'The name is too long.');
  if ((email ?? '').length > limits.userNameLength || /[<>\n]/.test(email ?? '')) throw fail('InvalidEmailException', 'The specified email address is not valid.');
}

/** Without a name of their own, callers are known by the last part of their ARN: user name or session name. */
function signature({ name, email }: PutFileInput, caller: Caller, time: number): Signature {
  return { name: name ?? caller.arn.split(/[:/]/).at(-1) ?? '', email: email ?? '', time, zone: '+0000' };
}
