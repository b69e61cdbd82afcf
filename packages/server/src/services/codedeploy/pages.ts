import { pages } from '../../kernel/paging.ts';
import type { PageKey, Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';
import { PAGE } from './limits.ts';

/** What a List call answers: `{ shown, ...more }`. */
interface Shown<Row> { readonly shown: readonly Row[]; readonly nextToken: string | undefined }

/** The pages of one List call; `args` is what else decides which rows there are. */
export function pagesOf(paging: Paging, at: Place, operation: string, args: unknown = null) {
  const listing = pages(paging, at, `codedeploy:${operation}`, args, () => fail('InvalidNextTokenException', 'The next token is not valid.'));
  return {
    /** The key of the last row on the page before; empty for the first page. */
    read: (token: string | undefined): PageKey => listing.read(token) ?? [],
    cut<Row>(rows: readonly Row[], keyOf: (row: Row) => PageKey): Shown<Row> {
      const { page, next } = listing.cut(rows, PAGE, keyOf);
      return { shown: page, nextToken: next };
    },
    /** Of names that are all at hand, in their bytewise order; the one that the token names may be gone. */
    names(all: readonly string[], token: string | undefined): Shown<string> {
      const { page, next } = listing.within(all, token, PAGE, (name) => name);
      return { shown: page, nextToken: next };
    },
  };
}
