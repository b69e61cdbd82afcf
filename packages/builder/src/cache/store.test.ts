import { expect, it } from 'vitest';
import { isKeepable } from './store.ts';

it('a key that no file could be called by is none', () => {
  expect(isKeepable('€'.repeat(27))).toBe(true);
  expect(isKeepable('€'.repeat(28))).toBe(false);
});
