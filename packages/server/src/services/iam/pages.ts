import { pages as pagesOf } from '../../kernel/paging.ts';
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

const invalidMarker = () => fail('ValidationError', 'Invalid Marker.', { status: 400 });
const answer = (next: string | undefined): PageAnswer => (next === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: next });

export function createPages(paging: Paging): Pages {
  const begun = ({ operation, call, input }: { operation: string; call: Call; input: PageRequest }) => {
    const { Marker, MaxItems = LIMITS.pageSize.default, ...others } = input;
    return { listing: pagesOf(paging, { account: call.account, region: '' }, `iam:${operation}`, others, invalidMarker), Marker, MaxItems };
  };
  return {
    async of(at, list, key) {
      const { listing, Marker, MaxItems } = begun(at);
      const after = listing.read(Marker)?.[0];
      const { page, next } = listing.cut(await list({ after: after === undefined ? undefined : String(after), limit: MaxItems + 1 }), MaxItems, (row) => [key(row)]);
      return [page, answer(next)];
    },
    async within(at, rows, key) {
      const { listing, Marker, MaxItems } = begun(at);
      const { page, next } = listing.within(rows, Marker, MaxItems, key);
      return [page, answer(next)];
    },
  };
}
