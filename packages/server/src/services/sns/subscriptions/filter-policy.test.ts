import { expect, test } from 'vitest';
import { checkFilterPolicy, passes } from './filter-policy.ts';
import type { Content } from '../publishing/message.ts';

const content: Content = {
  message: '',
  attributes: {
    store: { type: 'String', value: 'example_corp' }, price: { type: 'Number', value: '100.5' }, ip: { type: 'String', value: '10.1.2.3' },
    interests: { type: 'String.Array', value: '["rugby","tennis",1,true,null]' }, bytes: { type: 'Binary', value: 'eA==' },
  },
};

test.each<[string, object, boolean]>([
  ['nothing asked', {}, true],
  ['exact', { store: ['example_corp'] }, true],
  ['an element of an array', { interests: ['tennis'] }, true],
  ['a number, a boolean and null in an array', { interests: [1] }, true],
  ['every key must match', { store: ['example_corp'], price: [1] }, false],
  ['$or', { $or: [{ store: ['x'] }, { price: [{ numeric: ['>=', 100] }] }] }, true],
  ['prefix', { store: [{ prefix: 'example' }] }, true],
  ['suffix', { store: [{ suffix: 'corp' }] }, true],
  ['equals-ignore-case', { store: [{ 'equals-ignore-case': 'EXAMPLE_CORP' }] }, true],
  ['anything-but', { store: [{ 'anything-but': ['example_corp'] }] }, false],
  ['anything-but prefix', { store: [{ 'anything-but': { prefix: 'order-' } }] }, true],
  ['anything-but suffix', { store: [{ 'anything-but': { suffix: 'corp' } }] }, false],
  ['a range', { price: [{ numeric: ['>', 100, '<=', 101] }] }, true],
  ['a string is no number', { store: [{ numeric: ['>', 0] }] }, false],
  ['exists', { store: [{ exists: true }] }, true],
  ['exists: false', { other: [{ exists: false }] }, true],
  ['cidr', { ip: [{ cidr: '10.0.0.0/8' }] }, true],
  ['binary attributes take no part', { bytes: [{ exists: true }] }, false],
])('filter policy over attributes: %s', (_name, policy, expected) => {
  const text = JSON.stringify(policy);
  checkFilterPolicy(text, 'MessageAttributes');
  expect(passes(text, 'MessageAttributes', content, '')).toBe(expected);
});

test('filter policy over bodies: nested keys, arrays of objects, and nothing that is no object', () => {
  const policy = JSON.stringify({ order: { items: { name: ['pen'] } } });
  checkFilterPolicy(policy, 'MessageBody');
  const over = (body: string): boolean => passes(policy, 'MessageBody', content, body);
  expect([over('{"order":{"items":[{"name":"ink"},{"name":"pen"}]}}'), over('{"order":1}'), over('[1]'), over('text')]).toEqual([true, false, false, false]);
});

test('filter policy over bodies: each level of nesting multiplies the combinations', () => {
  const values = Array.from({ length: 51 }, String);
  expect(() => checkFilterPolicy(JSON.stringify({ a: { b: { c: values } } }), 'MessageBody')).toThrow(/too complex/);
  expect(() => checkFilterPolicy(JSON.stringify({ a: values }), 'MessageBody')).not.toThrow();
});

test('policies and bodies of a hundred thousand brackets are refused and match nothing', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect(passes('{"a":["x"]}', 'MessageBody', content, `{"a":${deep}}`)).toBe(false);
  expect(() => checkFilterPolicy(`{"a":${deep}}`, 'MessageBody')).toThrow('nested too deeply');
});
