import type { PageKey, PagePlace, Paging } from '../../kernel/paging.ts';
import { fail } from './fail.ts';

/** The key behind which a page goes on. @throws InvalidInputException for a token that is not this list's. */
export function pageKey(paging: Paging, place: PagePlace, token: string | undefined): PageKey | undefined {
  if (token === undefined) return undefined;
  const key = paging.read(place, token);
  if (!key) throw fail('InvalidInputException', 'Invalid token: it is not one that this operation returned for the same arguments');
  return key;
}
