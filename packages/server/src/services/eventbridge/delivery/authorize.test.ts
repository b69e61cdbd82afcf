import { expect, test } from 'vitest';
import { readAnswer } from './authorize.ts';

const YEAR = 31_536_000;

test.each<[unknown, number | undefined]>([
  [3600, 3600], ['3600', 3600], [3600.9, 3600], [1e300, YEAR], ['1e400', YEAR], [0, undefined], [-1, undefined], ['soon', undefined], [null, undefined], [undefined, undefined],
])('a token for %s seconds is kept for %s', (expires_in, expected) => {
  const body = Buffer.from(JSON.stringify({ access_token: 'x', expires_in }));
  expect(readAnswer({ status: 200, body })).toEqual({ token: 'x', expiresIn: expected });
});
