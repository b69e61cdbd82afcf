import { createHmac, timingSafeEqual } from 'node:crypto';
import { digestOf } from './digest.ts';

/** What a page belongs to; a token is good for the same place only. */
export interface PagePlace {
  /** `codebuild:ListProjects` */
  readonly operation: string;
  readonly account: string;
  readonly region: string;
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
