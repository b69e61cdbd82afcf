import { expect, test } from 'vitest';
import { parsePattern } from '../../../patterns/pattern.ts';
import { indexRules } from './rule-index.ts';

const some = <T>(list: readonly T[], seed: () => number): T => list[Math.floor(seed() * list.length)]!;

/** The same numbers in every run. */
function numbers(): () => number {
  let state = 42;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test('an index finds what trying every pattern finds', async () => {
  const seed = numbers();
  const values = ['a', 'b', 'c', 'd'];
  const leaf = (): unknown[] => some<() => unknown[]>([() => [some(values, seed)], () => values.slice(0, 2), () => [{ prefix: some(values, seed) }], () => [some(values, seed), { exists: false }], () => [{ 'anything-but': some(values, seed) }], () => [1]], seed)();
  const pattern = (): object => some<() => object>([
    () => ({ source: leaf() }),
    () => ({ source: leaf(), detail: { state: leaf() } }),
    () => ({ detail: { list: { name: leaf() }, state: leaf() } }),
    () => ({ source: leaf(), $or: [{ detail: { state: leaf() } }, { resources: leaf() }] }),
    () => ({ resources: leaf() }),
  ], seed)();
  const patterns = Array.from({ length: 300 }, () => JSON.stringify(pattern()));
  const index = indexRules(patterns, (text) => text);
  for (let n = 0; n < 300; n++) {
    const event = {
      source: some([...values, undefined], seed), resources: some([[], ['a'], ['b', 'c']], seed),
      detail: { state: some([...values, ['a', 'd'], 1, null], seed), list: some([[], [{ name: 'a' }, { name: 'c' }], { name: 'b' }], seed) },
    };
    const expected = patterns.filter((text) => parsePattern(text).matches(event));
    expect(index.matching(event)).toEqual(expected);
    expect(await index.matchingInTurns(event)).toEqual(expected);
  }
});

test('an event with keys that objects have by nature matches nothing by accident', () => {
  const index = indexRules(['{"constructor":{"name":["Object"]}}', '{"detail":{"__proto__":["x"]}}'], (text) => text);
  expect(index.matching({ source: 'a', detail: {} })).toEqual([]);
});

test('many patterns over a long array let others have their turn', async () => {
  const patterns = Array.from({ length: 15 }, (_, n) => JSON.stringify({ detail: { list: { x: [{ 'anything-but': ['a', n] }] } } }));
  const event = { detail: { list: Array.from({ length: 20_000 }, () => ({ x: 'a' })) } };
  let turns = 0;
  const counting = setInterval(() => { turns += 1; }, 1);
  try {
    expect(await indexRules(patterns, (text) => text).matchingInTurns(event)).toEqual([]);
  } finally {
    clearInterval(counting);
  }
  expect(turns).toBeGreaterThan(1);
});
