import { expect, test } from 'vitest';
import { isAskedFor, refuseMembers } from './refusals.ts';

test.each([undefined, null, false, '', [], {}, { enabled: false, alarms: [], more: { name: '' } }])('%j is not asked for', (value) => {
  expect(isAskedFor(value)).toBe(false);
});

test.each([true, 0, 'x', [''], [{}], { enabled: false, alarms: [{ name: 'x' }] }, new Date(0), Buffer.alloc(0)])('%j is asked for', (value) => {
  expect(isAskedFor(value)).toBe(true);
});

const refuse = (name: string): Error => new Error(`no ${name}`);

test('refuseMembers: the first member that is asked for is refused by its name, others are let be', () => {
  const input = { first: '', second: ['x'], third: 1, other: 'y' };
  expect(() => refuseMembers(input, ['first', 'second', 'third'], refuse)).toThrow('no second');
  expect(() => refuseMembers(input, ['first'], refuse)).not.toThrow();
  expect(() => refuseMembers(undefined as typeof input | undefined, ['second'], refuse)).not.toThrow();
});
