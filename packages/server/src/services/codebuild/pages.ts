import { pages } from '../../kernel/paging.ts';
import type { Pages, Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';

/** The pages of one listing; refuses tokens with InvalidInputException. */
export const pagesOf = (paging: Paging, place: Place, operation: string, args: unknown): Pages =>
  pages(paging, place, `codebuild:${operation}`, args, () => fail('InvalidInputException', 'Invalid token: it is not one that this operation returned for the same arguments'));
