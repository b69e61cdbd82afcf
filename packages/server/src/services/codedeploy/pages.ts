import type { PageKey, Paging } from '../../kernel/paging.ts';
import { PAGE } from './limits.ts';
import { fail } from './room.ts';
import type { Place } from './store.ts';

/** The pages of one List call; `args` is what else decides which rows there are. */
export function pagesOf(paging: Paging, at: Place, operation: string, args: unknown = null) {
  const place = { operation: `codedeploy:${operation}`, account: at.account, region: at.region, arguments: args };
  return {
    /** The key of the last row on the page before; empty for the first page. */
    read(token: string | undefined): PageKey {
      const key = token === undefined ? [] : paging.read(place, token);
      if (key === undefined) throw fail('InvalidNextTokenException', 'The next token is not valid.');
      return key;
    },
    /** One page of the rows behind the key that was read; there is a next page when there are more than a page holds. */
    cut<Row>(rows: readonly Row[], keyOf: (row: Row) => PageKey): { shown: readonly Row[]; nextToken?: string } {
      const shown = rows.slice(0, PAGE);
      const last = shown.at(-1);
      return rows.length > PAGE && last !== undefined ? { shown, nextToken: paging.after(place, keyOf(last)) } : { shown };
    },
  };
}

/** One page of names that are all at hand, in their order. */
export function pageOfNames(pages: ReturnType<typeof pagesOf>, names: readonly string[], token: string | undefined): { shown: readonly string[]; nextToken?: string } {
  const [last] = pages.read(token);
  return pages.cut(last === undefined ? names : names.slice(names.indexOf(String(last)) + 1), (name) => [name]);
}
