import { expect, test } from 'vitest';
import { nestsDeeper } from './json-depth.ts';

const deeper = (json: string, most: number): boolean => nestsDeeper(Buffer.from(json), most);

test('depth is that of lists and objects, brackets in texts do not count', () => {
  expect(deeper('[{"a":[1]},{"b":[]}]', 3)).toBe(false);
  expect(deeper('[{"a":[1]}]', 2)).toBe(true);
  expect(deeper('["[[[[", "\\"[[[[", "\\\\", {"}{{[[": 1}]', 2)).toBe(false);
  expect(deeper('["\\\\", [[1]]]', 2)).toBe(true);
  expect(deeper('"[[[', 0)).toBe(false);
});

test('megabytes of brackets, and of escaped quotes, are told at once', () => {
  const began = performance.now();
  expect(deeper('['.repeat(10_000_000), 100)).toBe(true);
  expect(deeper(`["${'\\"'.repeat(5_000_000)}"]`, 100)).toBe(false);
  expect(deeper(`["${'\\\\'.repeat(5_000_000)}"]`, 100)).toBe(false);
  expect(performance.now() - began).toBeLessThan(2_000);
});
