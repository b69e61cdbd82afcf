import type { Location } from '@slipway/contracts/codecommit';
import { MODES } from '../../../git/index.ts';
import type { Repository } from '../../../git/index.ts';
import { objectId, path } from '../checks.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import type { CommentRow } from './store.ts';

/** Two commits that are compared; the first commit of all is compared with nothing. */
export type Comparison = Pick<CommentRow, 'before_commit' | 'after_commit'>;

/** @throws CommitIdRequiredException, InvalidCommitIdException, CommitDoesNotExistException, BeforeCommitIdAndAfterCommitIdAreSameException */
export async function comparison({ read }: Repository, before: string | undefined, after: string | undefined): Promise<Comparison> {
  const commitOf = async (id: string) => {
    const commit = await read.commit(objectId(id, 'InvalidCommitIdException', 'commit ID'));
    if (!commit) throw fail('CommitDoesNotExistException', `The commit does not exist: ${id}`);
    return commit;
  };
  if (!after) throw fail('CommitIdRequiredException', 'An after commit ID is required.');
  if (before === after) throw fail('BeforeCommitIdAndAfterCommitIdAreSameException', 'The before commit ID and the after commit ID are the same.');
  const { id, parents } = await commitOf(after);
  if (before) return { before_commit: (await commitOf(before)).id, after_commit: id };
  if (parents.length > 0) throw fail('CommitIdRequiredException', 'A before commit ID is required, unless the after commit has no parent.');
  return { before_commit: null, after_commit: id };
}

type At = Pick<CommentRow, 'before_blob' | 'after_blob' | 'file_path' | 'file_position' | 'file_version'>;

/** Where a comment belongs: the comparison as a whole, a file, or a line of one of its two versions. */
export async function locate(repository: Repository, { before_commit: before, after_commit: after }: Comparison, location: Location | undefined): Promise<At> {
  if (location === undefined) return { before_blob: null, after_blob: null, file_path: null, file_position: null, file_version: null };
  const parts = path(location.filePath);
  if (parts.length === 0 || location.filePath?.endsWith('/')) throw fail('InvalidFileLocationException', 'The location of the file is not valid. Make sure that you include the file name and extension.');
  const [beforeBlob, afterBlob] = [await blobAt(repository, before, parts), await blobAt(repository, after, parts)];
  if (beforeBlob === null && afterBlob === null) throw fail('PathDoesNotExistException', `The path does not exist in either commit: ${location.filePath}`);
  const version = location.relativeFileVersion ?? null;
  const chosen = version === 'BEFORE' ? beforeBlob : afterBlob;
  if (version !== null && chosen === null) throw fail('InvalidRelativeFileVersionEnumException', `The file does not exist in the ${version.toLowerCase()} commit: ${location.filePath}`);
  const position = location.filePosition ?? null;
  if (position !== null) {
    if (version === null || chosen === null) throw fail('InvalidRelativeFileVersionEnumException', 'A position needs a relativeFileVersion, BEFORE or AFTER.');
    await checkPosition(repository, chosen, position);
  }
  return { before_blob: beforeBlob, after_blob: afterBlob, file_path: parts.join('/'), file_position: position, file_version: version };
}

async function blobAt({ read }: Repository, commit: string | null, parts: readonly string[]): Promise<string | null> {
  const tree = commit === null ? undefined : (await read.commit(commit))?.tree;
  const entry = tree === undefined ? undefined : await read.entry(tree, parts);
  return entry === undefined || entry.mode === MODES.folder || entry.mode === MODES.submodule ? null : entry.id;
}

const wrongPosition = (why: string): Error => fail('InvalidFilePositionException', `The position is not valid: ${why}`);

/** Lines count from 1. */
async function checkPosition({ read }: Repository, blob: string, position: number): Promise<void> {
  const size = (await read.info(blob))?.size ?? 0;
  if (size > limits.apiFileBytes) throw wrongPosition('the file exceeds the limit of 6 MB.');
  const content = await read.blob(blob) ?? Buffer.alloc(0);
  let lines = content.length > 0 && content.at(-1) !== 0x0a ? 1 : 0;
  for (const byte of content) if (byte === 0x0a) lines += 1;
  if (!Number.isInteger(position) || position < 1 || position > lines) throw wrongPosition(`the file has ${lines} lines.`);
}

export function locationOf({ file_path: filePath, file_position: position, file_version: version }: At): { location?: Location } {
  if (filePath === null) return {};
  return { location: { filePath, ...position === null ? {} : { filePosition: position }, ...version === null ? {} : { relativeFileVersion: version } } };
}
