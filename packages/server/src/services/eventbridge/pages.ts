import type { Paging } from '../../kernel/paging.ts';
import type { Call } from '../../kernel/service.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import type { Slice } from './store.ts';

interface PageInput {
  readonly NextToken?: string | undefined;
  readonly Limit?: number | undefined;
}

/** One page of a listing: one row more than asked for is read to know whether more follows. */
export async function pageOf<Row>(paging: Paging, at: { operation: string; call: Call; input: PageInput }, list: (slice: Slice) => Promise<readonly Row[]>, key: (row: Row) => string): Promise<{ rows: readonly Row[]; NextToken?: string }> {
  const { NextToken, Limit = LIMITS.pageSize.default, ...others } = at.input;
  const place = { operation: `events:${at.operation}`, account: at.call.account, region: at.call.region, arguments: others };
  const after = NextToken === undefined ? undefined : paging.read(place, NextToken)?.[0];
  if (NextToken !== undefined && after === undefined) throw fail('ValidationException', 'Invalid nextToken');
  const rows = await list({ after: after === undefined ? undefined : String(after), limit: Limit + 1 });
  const last = rows[Limit - 1];
  return rows.length <= Limit || last === undefined ? { rows } : { rows: rows.slice(0, Limit), NextToken: paging.after(place, [key(last)]) };
}
