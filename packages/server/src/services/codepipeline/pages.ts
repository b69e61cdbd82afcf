import { pages } from '../../kernel/paging.ts';
import type { Pages, Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';

/** Pages are keyed by the ordinal or name of their last row. */
export const pagesOf = (paging: Paging, at: Place, operation: string, args: unknown = null): Pages =>
  pages(paging, at, `codepipeline:${operation}`, args, () => fail('InvalidNextTokenException', 'The next token was specified in an invalid format.'));
