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

test('an index finds what trying every pattern finds', () => {
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
    expect(index.matching(event)).toEqual(patterns.filter((text) => parsePattern(text).matches(event)));
  }
});

test('an event with keys that objects have by nature matches nothing by accident', () => {
  const index = indexRules(['{"constructor":{"name":["Object"]}}', '{"detail":{"__proto__":["x"]}}'], (text) => text);
  expect(index.matching({ source: 'a', detail: {} })).toEqual([]);
});
