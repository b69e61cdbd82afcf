import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import { fail } from '../fail.ts';
import { findRepositoryById, lockRepository } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { pullRequestNumber } from './checks.ts';
import { findPullRequest, lockPullRequest } from './store.ts';
import type { PullRequestRow } from './store.ts';

export interface Found {
  readonly row: PullRequestRow;
  readonly repository: RepositoryRow;
}

/** @throws PullRequestIdRequiredException, InvalidPullRequestIdException, PullRequestDoesNotExistException */
export async function existingPullRequest(db: Database, place: Place, id: string): Promise<Found> {
  const row = await findPullRequest(db, place, pullRequestNumber(id));
  const repository = row && await findRepositoryById(db, row);
  if (!row || !repository) throw noPullRequest(id);
  return { row, repository };
}

/** Both rows locked, the repository's first as in all transactions. @throws PullRequestDoesNotExistException, PullRequestAlreadyClosedException */
export async function lockOpenPullRequest(tx: Transaction, { row }: Found): Promise<Found> {
  const found = await lockFound(tx, row);
  if (found.row.status === 'CLOSED') throw alreadyClosed(found.row);
  return found;
}

export async function lockFound(tx: Transaction, { account, region, number, repository_id: id }: PullRequestRow): Promise<Found> {
  const repository = await lockRepository(tx, { account, region }, id);
  const row = repository && await lockPullRequest(tx, { account, region }, number);
  if (!row) throw noPullRequest(String(number));
  return { row, repository };
}

/** @throws RepositoryNotAssociatedWithPullRequestException */
export function associated(found: Found, named: RepositoryRow): Found {
  if (found.repository.repository_id !== named.repository_id) {
    throw fail('RepositoryNotAssociatedWithPullRequestException', `The repository ${named.name} does not contain the pull request ${found.row.number}.`);
  }
  return found;
}

export const alreadyClosed = ({ number }: PullRequestRow): Error =>
  fail('PullRequestAlreadyClosedException', `The pull request status cannot be updated because it is already closed: ${number}`);

const noPullRequest = (id: string): Error => fail('PullRequestDoesNotExistException', `The pull request does not exist: ${id}`);
