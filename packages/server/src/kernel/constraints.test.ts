import { expect, test } from 'vitest';
import { constrain } from './constraints.ts';

const check = constrain({
  '*': { Name: { shortest: 1, longest: 3, pattern: '[a-z]+|A' }, Limit: { least: 1, most: 10 } },
  Put: { 'Rows.*.member.id': { longest: 2 }, Rows: { longest: 2 } },
  Find: { Name: {} },
}, (message) => new Error(message));

test.each([
  ['', "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ['abcd', "Value 'abcd' at 'name' failed to satisfy constraint: Member must have length less than or equal to 3"],
  ['Ab', "Value 'Ab' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+|A"],
])('a name of %j is refused in the words of AWS', (Name, message) => {
  expect(() => check('Get', { Name })).toThrow(`1 validation error detected: ${message}`);
});

test('everything that is wrong is told at once, entries of lists counted from one', () => {
  expect(() => check('Put', { Limit: 11, Rows: [{ id: 'ab' }, { id: 'abc' }] })).toThrow(
    "2 validation errors detected: Value '11' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10; "
    + "Value 'abc' at 'rows.2.member.id' failed to satisfy constraint: Member must have length less than or equal to 2",
  );
  expect(() => check('Put', { Rows: [{}, {}, {}] })).toThrow("Value '[…]' at 'rows' failed to satisfy constraint: Member must have length less than or equal to 2");
});

test('members that are absent are not looked at, and an operation may say otherwise than all', () => {
  expect(() => check('Put', {})).not.toThrow();
  expect(() => check('Find', { Name: 'ANYTHING' })).not.toThrow();
});
