import { pages } from '../../kernel/paging.ts';
import type { Pages, Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';

/** The pages of one listing; refuses tokens with InvalidContinuationTokenException. */
export const pagesOf = (paging: Paging, place: Place, operation: string, args: unknown): Pages =>
  pages(paging, place, `codecommit:${operation}`, args, () => fail('InvalidContinuationTokenException', 'The specified continuation token is not valid.'));

/** How many entries a page has. @throws InvalidMaxResultsException */
export function pageSize(maxResults: number | undefined, { most, usual = most }: { most: number; usual?: number }): number {
  if (maxResults === undefined) return usual;
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > most) {
    throw fail('InvalidMaxResultsException', `The maximum number of results must be a whole number from 1 to ${most}.`);
  }
  return maxResults;
}
