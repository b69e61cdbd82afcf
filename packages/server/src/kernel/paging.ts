import { createHmac, timingSafeEqual } from 'node:crypto';
import { digestOf } from './digest.ts';
import type { Place } from './place.ts';

/** What a page belongs to; a token is good for the same place only. */
export interface PagePlace extends Place {
  /** `codebuild:ListProjects` */
  readonly operation: string;
  /** What else decides which rows there are and in which order; not the page size, which may change between pages. */
  readonly arguments: unknown;
}

/** The sort key of the last row on a page. */
export type PageKey = readonly (string | number)[];

/** Paging by key: nothing is kept between pages, and rows that come and go shift nothing. */
export interface Paging {
  /** The token that goes on behind the row with this key. */
  after(place: PagePlace, last: PageKey): string;
  /** The key to go on behind; undefined when the token is not ours or belongs elsewhere, so that the room throws its own error. */
  read(place: PagePlace, token: string): PageKey | undefined;
}

const MAC_BYTES = 16;

/** `key`: 32 secret bytes, the same in all servers on one database (`deriveKey(master, 'paging')`). */
export function createPaging(key: Uint8Array): Paging {
  const sign = (place: PagePlace, last: string): Buffer =>
    createHmac('sha256', key).update(digestOf([place.operation, place.account, place.region, place.arguments, last])).digest().subarray(0, MAC_BYTES);
  return {
    after(place, last) {
      const text = JSON.stringify(last);
      return Buffer.concat([sign(place, text), Buffer.from(text)]).toString('base64url');
    },
    read(place, token) {
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== token) return undefined;
      const text = bytes.subarray(MAC_BYTES).toString();
      if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), sign(place, text))) return undefined;
      return JSON.parse(text) as PageKey;
    },
  };
}

/** One listing of one caller. */
export interface Pages {
  /** Where the page before ended; undefined for the first page. Throws the room's error for a token that is not this listing's. */
  read(token: string | undefined): PageKey | undefined;
  /** The token that goes on behind the row with this key. */
  after(last: PageKey): string;
  /** One page of rows of which one more was read than it holds, to know whether more follow; `next` is the token behind it. */
  cut<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => PageKey): { readonly page: readonly Row[]; readonly next: string | undefined };
  /** One page of a list that is at hand as a whole, in the bytewise order of its keys. */
  within<Row>(rows: readonly Row[], token: string | undefined, limit: number, keyOf: (row: Row) => string): { readonly page: readonly Row[]; readonly next: string | undefined };
}

/**
 * The pages of an operation's listing. `args`: what else decides which rows there are, as in `PagePlace.arguments`.
 * `const listing = pages(paging, call, 'codebuild:ListProjects', [sortBy], invalidToken)`
 */
export function pages(paging: Paging, { account, region }: Place, operation: string, args: unknown, invalidToken: () => Error): Pages {
  const place: PagePlace = { operation, account, region, arguments: args };
  const listing: Pages = {
    read(token) {
      if (token === undefined) return undefined;
      const key = paging.read(place, token);
      if (key === undefined) throw invalidToken();
      return key;
    },
    after: (last) => paging.after(place, last),
    cut(rows, limit, keyOf) {
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return { page, next: rows.length > limit && last !== undefined ? listing.after(keyOf(last)) : undefined };
    },
    within(rows, token, limit, keyOf) {
      const last = listing.read(token)?.[0];
      const behind = last === undefined ? rows : rows.filter((row) => Buffer.compare(Buffer.from(keyOf(row)), Buffer.from(String(last))) > 0);
      return listing.cut(behind, limit, (row) => [keyOf(row)]);
    },
  };
  return listing;
}
