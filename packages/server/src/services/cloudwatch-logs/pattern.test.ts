import { expect, test } from 'vitest';
import { filterPattern } from './pattern.ts';

test.each<[string | undefined, string, boolean]>([
  [undefined, 'anything', true],
  ['', 'anything', true],
  ['ERROR', 'an ERROR here', true],
  ['ERROR', 'an error here', false],
  ['ERROR memory', 'memory ERROR', true],
  ['ERROR memory', 'ERROR alone', false],
  ['"ERROR memory"', 'memory ERROR memory', true],
  ['"ERROR memory"', 'memory ERROR', false],
  ['ERROR -DEBUG', 'ERROR DEBUG', false],
  ['ERROR -"in test"', 'ERROR in main', true],
  ['?ERROR ?WARN', 'a WARN', true],
  ['?ERROR ?WARN', 'an INFO', false],
  ['"say \\"hi\\""', 'say "hi"', true],
])('filterPattern %j on %j: %s', (pattern, message, expected) => expect(filterPattern(pattern)(message)).toBe(expected));

test.each(['{ $.x = 1 }', '[ip, user]', '%ERR.*%'])('filterPattern %j is refused by name', (pattern) => {
  expect(() => filterPattern(pattern)).toThrow(/not supported by Slipway yet/);
});
