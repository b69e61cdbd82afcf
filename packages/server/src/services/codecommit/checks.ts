import type { CodeCommitApi } from '@slipway/contracts';
import { isBranchName, isObjectId, isReferenceName, pathParts } from '../../git/index.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';

/** Letters, digits, period, underscore, dash; not a name that ends as git's own folders do. */
export function isRepositoryName(name: string): boolean {
  return /^[\w.-]+$/.test(name) && name.length <= limits.repositoryNameLength && !name.endsWith('.git') && name !== '.' && name !== '..';
}

/** @throws RepositoryNameRequiredException, InvalidRepositoryNameException */
export function repositoryName(name: string | undefined): string {
  if (!name) throw fail('RepositoryNameRequiredException', 'A repository name is required.');
  if (!isRepositoryName(name)) {
    throw fail('InvalidRepositoryNameException', 'Repository names must be 1 to 100 letters, numbers, periods, underscores and dashes, and must not end with .git.');
  }
  return name;
}

/** @throws BranchNameRequiredException, InvalidBranchNameException */
export function branchName(name: string | undefined): string {
  if (!name) throw fail('BranchNameRequiredException', 'A branch name is required.');
  if (name.length > limits.branchNameLength || !isBranchName(name)) throw fail('InvalidBranchNameException', 'The specified branch name is not valid.');
  return name;
}

/** @throws InvalidRepositoryDescriptionException */
export function repositoryDescription(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  if (text.length > limits.repositoryDescriptionLength) {
    throw fail('InvalidRepositoryDescriptionException', `A repository description has at most ${limits.repositoryDescriptionLength} characters.`);
  }
  return text;
}

/** A path as its parts; the root has none. @throws PathRequiredException, InvalidPathException */
export function path(text: string | undefined): readonly string[] {
  if (!text) throw fail('PathRequiredException', 'A path is required.');
  const parts = pathParts(text);
  if (!parts || text.length > limits.filePathLength || parts.length > limits.filePathDepth) throw fail('InvalidPathException', 'The specified path is not valid.');
  return parts;
}

/** A full commit id. @throws the given error */
export function objectId(id: string, error: 'InvalidCommitIdException' | 'InvalidParentCommitIdException' | 'InvalidBlobIdException', what: string): string {
  if (!isObjectId(id)) throw fail(error, `The specified ${what} is not valid: a full ID of 40 lower-case hexadecimal digits is needed.`);
  return id;
}

/** A branch, tag, full reference name, `HEAD` or full commit id, not looked up yet. @throws InvalidCommitException */
export function commitSpecifier(specifier: string): string {
  if (isObjectId(specifier) || isReferenceName(specifier) || isReferenceName(`refs/heads/${specifier}`)) return specifier;
  throw fail('InvalidCommitException', 'The specified commit is not valid: a branch name, tag, reference or full commit ID is needed.');
}

/** A page's size: the most there may be, unless less is asked for. @throws the given error */
export function atMost(wanted: number | undefined, most: number, error: CodeCommitApi[keyof CodeCommitApi]['errors'], member: string): number {
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1 || wanted > most)) throw fail(error, `${member} must be between 1 and ${most}.`);
  return wanted ?? most;
}
