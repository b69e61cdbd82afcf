import type { Paging } from '../../kernel/paging.ts';
import type { Call } from '../../kernel/service.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import type { Slice } from './store/entities.ts';

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface PageAnswer {
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

export interface Pages {
  /** One page of a listing: one row more than asked for is read to know whether more follows. */
  of<Row>(at: { operation: string; call: Call; input: PageRequest }, list: (slice: Slice) => Promise<readonly Row[]>, key: (row: Row) => string): Promise<readonly [readonly Row[], PageAnswer]>;
  /** For listings that are short by nature and read whole; the rows are in the order of their keys. */
  within<Row>(at: { operation: string; call: Call; input: PageRequest }, rows: readonly Row[], key: (row: Row) => string): Promise<readonly [readonly Row[], PageAnswer]>;
}

export function createPages(paging: Paging): Pages {
  const pages: Pages = {
    async of({ operation, call, input }, list, key) {
      const { Marker, MaxItems = LIMITS.pageSize.default, ...others } = input;
      const place = { operation: `iam:${operation}`, account: call.account, region: '', arguments: others };
      const after = Marker === undefined ? undefined : paging.read(place, Marker)?.[0];
      if (Marker !== undefined && typeof after !== 'string') throw fail('ValidationError', 'Invalid Marker.', { status: 400 });
      const rows = await list({ after: after === undefined ? undefined : String(after), limit: MaxItems + 1 });
      const last = rows[MaxItems - 1];
      if (rows.length <= MaxItems || last === undefined) return [rows, { IsTruncated: false }];
      return [rows.slice(0, MaxItems), { IsTruncated: true, Marker: paging.after(place, [key(last)]) }];
    },
    within: (at, rows, key) => pages.of(at, ({ after, limit }) => Promise.resolve(rows.filter((row) => after === undefined || key(row) > after).slice(0, limit)), key),
  };
  return pages;
}
