import { pages } from '../../kernel/paging.ts';
import type { Pages, Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';

/** The pages of one listing; refuses tokens with InvalidContinuationTokenException. */
export const pagesOf = (paging: Paging, place: Place, operation: string, args: unknown): Pages =>
  pages(paging, place, `codecommit:${operation}`, args, () => fail('InvalidContinuationTokenException', 'The specified continuation token is not valid.'));
