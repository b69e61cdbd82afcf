import { pages } from '../../kernel/paging.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Call } from '../../kernel/service.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import type { Slice } from './store/index.ts';

interface PageInput {
  readonly NextToken?: string | undefined;
  readonly Limit?: number | undefined;
}

/** One page of a listing: one row more than asked for is read to know whether more follows. */
export async function pageOf<Row>(paging: Paging, at: { operation: string; call: Call; input: PageInput }, list: (slice: Slice) => Promise<readonly Row[]>, key: (row: Row) => string): Promise<{ rows: readonly Row[]; NextToken: string | undefined }> {
  const { NextToken, Limit = LIMITS.pageSize.default, ...others } = at.input;
  const listing = pages(paging, at.call, `events:${at.operation}`, others, () => fail('ValidationException', 'Invalid nextToken'));
  const after = listing.read(NextToken)?.[0];
  const { page, next } = listing.cut(await list({ after: after === undefined ? undefined : String(after), limit: Limit + 1 }), Limit, (row) => [key(row)]);
  return { rows: page, NextToken: next };
}
