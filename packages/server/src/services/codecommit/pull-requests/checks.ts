import type { PullRequestStatusEnum, Target } from '@slipway/contracts/codecommit';
import { branchReference, isBranchName, isObjectId, isReferenceName } from '../../../git/index.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';

/** The number behind a pull request's id. @throws PullRequestIdRequiredException, InvalidPullRequestIdException */
export function pullRequestNumber(id: string): number {
  if (id === '') throw fail('PullRequestIdRequiredException', 'A pull request ID is required.');
  if (!/^[1-9]\d{0,14}$/.test(id)) throw fail('InvalidPullRequestIdException', `The pull request ID is not valid: ${id}`);
  return Number(id);
}

/** @throws TitleRequiredException, InvalidTitleException */
export function title(text: string): string {
  if (text.trim() === '') throw fail('TitleRequiredException', 'A pull request title is required.');
  if (text.length > limits.pullRequestTitleLength) throw fail('InvalidTitleException', `Pull request titles have at most ${limits.pullRequestTitleLength} characters.`);
  return text;
}

/** @throws InvalidDescriptionException */
export function description(text: string | undefined): string | null {
  if ((text ?? '').length > limits.pullRequestDescriptionLength) {
    throw fail('InvalidDescriptionException', `Pull request descriptions have at most ${limits.pullRequestDescriptionLength} characters.`);
  }
  return text || null;
}

/** A pull request has one target, as at AWS. @throws TargetsRequiredException and what is wrong with them */
export function oneTarget(targets: readonly Target[]): Target {
  const [target, ...more] = targets;
  if (targets.length === 0) throw fail('TargetsRequiredException', 'An array of target objects is required.');
  if (new Set(targets.map(({ repositoryName }) => repositoryName)).size > 1) {
    throw fail('MultipleRepositoriesInPullRequestException', 'A pull request cannot have targets in more than one repository.');
  }
  if (!target || more.length > 0) throw fail('InvalidTargetsException', 'A pull request has exactly one target.');
  return target;
}

/** A branch as full reference: `main` or `refs/heads/main`. @throws ReferenceNameRequiredException, ReferenceTypeNotSupportedException, InvalidReferenceNameException */
export function branchIn(name: string): string {
  if (name === '') throw fail('ReferenceNameRequiredException', 'A reference name is required.');
  if (isObjectId(name)) throw fail('ReferenceTypeNotSupportedException', `A pull request needs a branch, not a commit: ${name}`);
  const full = name.startsWith('refs/') ? name : branchReference(name);
  if (!isReferenceName(full)) throw fail('InvalidReferenceNameException', `The reference name is not valid: ${name}`);
  const branch = /^refs\/heads\/(.+)$/.exec(full)?.[1];
  if (branch === undefined) throw fail('ReferenceTypeNotSupportedException', `A pull request needs a branch: ${name}`);
  if (!isBranchName(branch)) throw fail('InvalidReferenceNameException', `The reference name is not valid: ${name}`);
  return full;
}

/** @throws PullRequestStatusRequiredException, InvalidPullRequestStatusException */
export function status(text: string): PullRequestStatusEnum {
  if (text === '') throw fail('PullRequestStatusRequiredException', 'A pull request status is required.');
  if (text !== 'OPEN' && text !== 'CLOSED') throw fail('InvalidPullRequestStatusException', 'The pull request status must be OPEN or CLOSED.');
  return text;
}
