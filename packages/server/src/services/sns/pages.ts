import { pages } from '../../kernel/paging.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Call } from '../../kernel/service.ts';
import { invalid } from './fail.ts';
import { LIMITS } from './limits.ts';

export interface Slice {
  readonly after: string | undefined;
  readonly limit: number;
}

/** One page of a listing by key. `args`: what else decides which rows there are. */
export async function pageOf<Row>(
  paging: Paging, at: { call: Call; operation: string; args?: unknown; token: string | undefined }, list: (slice: Slice) => Promise<readonly Row[]>, key: (row: Row) => string,
): Promise<{ rows: readonly Row[]; NextToken: string | undefined }> {
  const listing = pages(paging, at.call, `sns:${at.operation}`, at.args ?? null, () => invalid('NextToken'));
  const after = listing.read(at.token)?.[0];
  const { page, next } = listing.cut(await list({ after: after === undefined ? undefined : String(after), limit: LIMITS.pageSize + 1 }), LIMITS.pageSize, (row) => [key(row)]);
  return { rows: page, NextToken: next };
}
