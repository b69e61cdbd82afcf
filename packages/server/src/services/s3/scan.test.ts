import { describe, expect, it } from 'vitest';
import { scan, successor, type Entry, type From } from './scan.ts';

type Row = { key: string };
const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function listing(keys: readonly string[]) {
  const rows = keys.toSorted(bytes).map((key) => ({ key }));
  let fetched = 0;
  return {
    fetched: () => fetched,
    async fetch(from: From<Row>, end: string | undefined, limit: number): Promise<Row[]> {
      const found = rows
        .filter(({ key }) => (from === undefined || ('key' in from ? bytes(key, from.key) >= 0 : bytes(key, from.after.key) > 0)) && (end === undefined || bytes(key, end) < 0))
        .slice(0, limit);
      fetched += found.length;
      return found;
    },
  };
}

const name = (entry: Entry<Row>): string => ('row' in entry ? entry.row.key : entry.prefix);

describe('scan', () => {
  it('the successor of a prefix is above everything under it and below everything else', () => {
    expect(successor('a/')).toBe('a0');
    expect(successor('a\u{10ffff}')).toBe('b');
    expect(successor('\u{10ffff}')).toBeUndefined();
    expect(successor('\ud7ff')).toBe('\ue000');
    expect(bytes('a/\u{10ffff}\u{10ffff}', successor('a/')!)).toBeLessThan(0);
  });

  it('pages of every size give the same entries as one page, each prefix once', async () => {
    const keys = ['a', 'a/1', 'a/2', 'a/b/1', 'b/1', 'b/2', 'b/3', 'b/4', 'c', 'd/', 'd/x', 'é/1', '\u{1f600}/1', 'z'];
    const whole = ['a', 'a/', 'b/', 'c', 'd/', 'z', 'é/', '\u{1f600}/'];
    for (let max = 1; max <= whole.length + 1; max++) {
      const got: string[] = [];
      let from: From<Row>;
      for (;;) {
        const { entries, truncated } = await scan<Row>({ prefix: '', delimiter: '/', max, from, fetch: listing(keys).fetch });
        got.push(...entries.map(name));
        if (!truncated) break;
        const last = entries.at(-1)!;
        from = 'row' in last ? { after: last.row } : { key: successor(last.prefix)! };
      }
      expect(got).toEqual(whole);
    }
  });

  it('a prefix with many keys under it is passed by a seek', async () => {
    const many = listing([...Array.from({ length: 5000 }, (_, n) => `logs/${n}`), 'z']);
    const { entries, truncated } = await scan<Row>({ prefix: '', delimiter: '/', max: 10, from: undefined, fetch: many.fetch });
    expect(entries.map(name)).toEqual(['logs/', 'z']);
    expect(truncated).toBe(false);
    expect(many.fetched()).toBeLessThan(20);
  });

  it('only keys under the prefix count, and max 0 gives an empty page', async () => {
    const fetch = listing(['a', 'p/1', 'p/q/1', 'p0']).fetch;
    expect((await scan<Row>({ prefix: 'p/', delimiter: '/', max: 10, from: undefined, fetch })).entries.map(name)).toEqual(['p/1', 'p/q/']);
    expect(await scan<Row>({ prefix: '', delimiter: '', max: 0, from: undefined, fetch })).toEqual({ entries: [], truncated: false });
  });
});
