/** Where a listing goes on: behind a row, at a first key, or at the beginning. */
export type From<Row> = { readonly after: Row } | { readonly key: string } | undefined;
export type Entry<Row> = { readonly row: Row } | { readonly prefix: string };

export interface Scan<Row> {
  readonly prefix: string;
  readonly delimiter: string;
  readonly max: number;
  readonly from: From<Row>;
  /** Up to `limit` rows in order, from `from` on, with keys below `end` (exclusive; undefined: no bound). */
  fetch(from: From<Row>, end: string | undefined, limit: number): Promise<readonly Row[]>;
}

/**
 * One page of a listing under a prefix, keys with a delimiter behind it rolled up. A rolled-up prefix is skipped by one
 * seek, however many keys are under it.
 */
export async function scan<Row extends { readonly key: string }>({ prefix, delimiter, max, from, fetch }: Scan<Row>): Promise<{ entries: Entry<Row>[]; truncated: boolean }> {
  const entries: Entry<Row>[] = [];
  if (max === 0) return { entries, truncated: false };
  const end = prefix === '' ? undefined : successor(prefix);
  let at: From<Row> = from ?? { key: prefix };
  for (;;) {
    const limit = max + 1 - entries.length;
    const rows = await fetch(at, end, limit);
    let skipping: string | undefined;
    for (const row of rows) {
      if (skipping !== undefined && row.key.startsWith(skipping)) continue;
      if (entries.length === max) return { entries, truncated: true };
      skipping = rolledUp(row.key, prefix, delimiter);
      entries.push(skipping === undefined ? { row } : { prefix: skipping });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return { entries, truncated: false };
    if (skipping === undefined) {
      at = { after: last };
      continue;
    }
    const next = successor(skipping);
    if (next === undefined) return { entries, truncated: false };
    at = { key: next };
  }
}

/** The common prefix that stands for a key: up to and with the first delimiter behind the listing's prefix. */
export function rolledUp(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

const LAST_CODE_POINT = 0x10ffff;

/** The least key above all keys that begin with `prefix`, in the order of UTF-8 bytes, which is that of code points. */
export function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Surrogates are no code points of their own.
  points.push(last === 0xd7ff ? 0xe000 : last + 1);
  return points.map((point) => String.fromCodePoint(point)).join('');
}
