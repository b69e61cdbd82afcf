import type { CodeCommitApi } from '@slipway/contracts';
import type { FileModeTypeEnum, GetFolderOutput } from '@slipway/contracts/codecommit';
import { branchReference, MODES } from '../../../git/index.ts';
import type { Repository } from '../../../git/index.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { branchName, commitSpecifier, objectId, path } from '../checks.ts';
import { checkCommit, checkFileSize, emptiedFolders, filePath, land, modeOf, parentOf, placeFor } from './commit-writing.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { existing, specifiedCommit } from '../lookup.ts';
import type { ContentDeps } from '../deps.ts';

/** Files of a commit, and writing and deleting one. */
export function files({ db, clock, git, changes }: ContentDeps) {
  async function at(call: Call, name: string, specifier: string | undefined): Promise<{ repository: Repository; commitId: string; tree: string }> {
    const row = await existing(db, call, name);
    const repository = git.repository(row.repository_id);
    const commitId = await specifiedCommit(repository, row, specifier ? commitSpecifier(specifier) : undefined);
    const commit = commitId === undefined ? undefined : await repository.read.commit(commitId);
    if (!commit) throw fail('CommitDoesNotExistException', `The specified commit does not exist: ${specifier ?? 'the repository has no commits'}`);
    return { repository, commitId: commit.id, tree: commit.tree };
  }

  return {
    async GetFile(input, call) {
      const parts = path(input.filePath);
      const { repository, commitId, tree } = await at(call, input.repositoryName, input.commitSpecifier);
      const entry = await repository.read.entry(tree, parts);
      if (!entry || entry.mode === MODES.folder || entry.mode === MODES.submodule) {
        throw fail('FileDoesNotExistException', `The specified file does not exist: ${input.filePath}`);
      }
      const content = await blob(repository, entry.id);
      if (!content) throw fail('FileDoesNotExistException', `The specified file does not exist: ${input.filePath}`);
      return { commitId, blobId: entry.id, filePath: parts.join('/'), fileMode: fileMode(entry.mode), fileSize: content.length, fileContent: content };
    },

    async GetFolder(input, call) {
      const parts = path(input.folderPath);
      const { repository, commitId, tree } = await at(call, input.repositoryName, input.commitSpecifier);
      const folder = await repository.read.entry(tree, parts);
      const entries = folder?.mode === MODES.folder ? await repository.read.tree(folder.id) : undefined;
      if (!folder || !entries) throw fail('FolderDoesNotExistException', `The specified folder does not exist: ${input.folderPath}`);
      const output: Required<GetFolderOutput> = { commitId, folderPath: parts.join('/'), treeId: folder.id, subFolders: [], files: [], symbolicLinks: [], subModules: [] };
      for (const { name, mode, id } of entries) {
        const place = { absolutePath: [...parts, name].join('/'), relativePath: name };
        if (mode === MODES.folder) output.subFolders.push({ treeId: id, ...place });
        else if (mode === MODES.submodule) output.subModules.push({ commitId: id, ...place });
        else if (mode === MODES.link) output.symbolicLinks.push({ blobId: id, ...place, fileMode: fileMode(mode) });
        else output.files.push({ blobId: id, ...place, fileMode: fileMode(mode) });
      }
      return output;
    },

    async GetBlob(input, call) {
      const row = await existing(db, call, input.repositoryName);
      if (!input.blobId) throw fail('BlobIdRequiredException', 'A blob ID is required.');
      const content = await blob(git.repository(row.repository_id), objectId(input.blobId, 'InvalidBlobIdException', 'blob ID'));
      if (!content) throw fail('BlobIdDoesNotExistException', `The specified blob does not exist: ${input.blobId}`);
      return { content };
    },

    /** Adds or replaces one file as one commit; in an empty repository it makes the branch. */
    async PutFile(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const ref = branchReference(branchName(input.branchName));
      const parts = filePath(input.filePath);
      if ((input.fileContent as Uint8Array | undefined) === undefined) throw fail('FileContentRequiredException', 'The content of the file is required.');
      checkFileSize(input.fileContent);
      const mode = input.fileMode === undefined ? MODES.file : modeOf(input.fileMode);
      checkCommit(input);
      const repository = git.repository(row.repository_id);
      const parent = await parentOf(repository, ref, input);
      const before = parent === undefined ? undefined : (await repository.read.commit(parent))?.tree;
      const there = before === undefined ? undefined : await placeFor(repository.read, before, parts);

      const draft = repository.write.draft();
      const blobId = draft.blob(input.fileContent);
      if (there?.id === blobId && there.mode === mode) {
        throw fail('SameFileContentException', 'The file was not added or updated: its content and mode are those of the file in the branch.');
      }
      const treeId = await draft.tree(before, new Map([[parts.join('/'), { mode, id: blobId }]]));
      const commitId = await land({ clock, changes }, { row, repository, ref, parent, draft, tree: treeId, words: input, otherwise: `Added or updated ${parts.join('/')}`, caller: call.caller });
      return { commitId, blobId, treeId };
    },

    async DeleteFile(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const ref = branchReference(branchName(input.branchName));
      const parts = filePath(input.filePath);
      checkCommit(input);
      const repository = git.repository(row.repository_id);
      const parent = await parentOf(repository, ref, input);
      const before = parent === undefined ? undefined : (await repository.read.commit(parent))?.tree;
      if (before === undefined) throw fail('BranchDoesNotExistException', `The branch does not exist: ${input.branchName}`);
      const there = await repository.read.entry(before, parts);
      if (!there || there.mode === MODES.folder || there.mode === MODES.submodule) throw fail('FileDoesNotExistException', `The specified file does not exist: ${input.filePath}`);

      const draft = repository.write.draft();
      const without = await draft.tree(before, new Map([[parts.join('/'), undefined]]));
      const treeId = input.keepEmptyFolders ? await emptiedFolders(draft, before, without) : without;
      const commitId = await land({ clock, changes }, { row, repository, ref, parent, draft, tree: treeId, words: input, otherwise: `Deleted ${parts.join('/')}`, caller: call.caller });
      return { commitId, blobId: there.id, treeId, filePath: parts.join('/') };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

/** @throws FileTooLargeException before anything of a larger file is read */
async function blob(repository: Repository, id: string): Promise<Buffer | undefined> {
  const info = await repository.read.info(id);
  if (info?.type !== 'blob') return undefined;
  if (info.size > limits.apiFileBytes) throw fail('FileTooLargeException', 'The specified file exceeds the file size limit of 6 MB for this operation.');
  return repository.read.blob(id);
}

export function fileMode(mode: string): FileModeTypeEnum {
  if (mode === MODES.executable) return 'EXECUTABLE';
  return mode === MODES.link ? 'SYMLINK' : 'NORMAL';
}
