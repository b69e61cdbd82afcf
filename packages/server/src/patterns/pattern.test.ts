import { expect, test } from 'vitest';
import { parsePattern } from './pattern.ts';

const event = {
  source: 'aws.codebuild', 'detail-type': 'CodeBuild Build State Change', resources: ['arn:a', 'arn:b'],
  detail: {
    'build-status': 'SUCCEEDED', number: 300, zero: 0, empty: '', nothing: null, flag: true, ip: '10.0.0.7', ip6: '2001:db8::10.0.0.7', path: 'refs/heads/main', none: [],
    list: [{ name: 'x', size: 1 }, { name: 'y', size: 2 }],
  },
};
const detail = (pattern: object): object => ({ detail: pattern });

test.each<[string, object, boolean]>([
  ['exact', { source: ['aws.codebuild'] }, true],
  ['exact, one of several', { source: ['aws.s3', 'aws.codebuild'] }, true],
  ['exact, every key', { source: ['aws.codebuild'], 'detail-type': ['Other'] }, false],
  ['a missing key', { account: ['1'] }, false],
  ['an element of an array', { resources: ['arn:b'] }, true],
  ['no element of an array', { resources: ['arn:c'] }, false],
  ['number', detail({ number: [300] }), true],
  ['number written otherwise', detail({ number: [3e2] }), true],
  ['number is no text', detail({ number: ['300'] }), false],
  ['null', detail({ nothing: [null] }), true],
  ['null is not empty', detail({ empty: [null] }), false],
  ['empty text', detail({ empty: [''] }), true],
  ['boolean', detail({ flag: [true] }), true],
  ['prefix', detail({ path: [{ prefix: 'refs/heads/' }] }), true],
  ['prefix, no number', detail({ number: [{ prefix: '3' }] }), false],
  ['prefix ignoring case', detail({ path: [{ prefix: { 'equals-ignore-case': 'REFS/' } }] }), true],
  ['suffix', detail({ path: [{ suffix: '/main' }] }), true],
  ['suffix ignoring case', detail({ path: [{ suffix: { 'equals-ignore-case': '/MAIN' } }] }), true],
  ['equals-ignore-case', detail({ 'build-status': [{ 'equals-ignore-case': 'succeeded' }] }), true],
  ['wildcard', detail({ path: [{ wildcard: 'refs/*/ma*n' }] }), true],
  ['wildcard, anchored at both ends', detail({ path: [{ wildcard: '*heads' }] }), false],
  ['wildcard, parts must not overlap', { source: [{ wildcard: 'aws.codebuild*codebuild' }] }, false],
  ['wildcard, escaped', detail({ path: [{ wildcard: 'refs/\\*' }] }), false],
  ['anything-but', { source: [{ 'anything-but': 'aws.s3' }] }, true],
  ['anything-but a list', { source: [{ 'anything-but': ['aws.s3', 'aws.codebuild'] }] }, false],
  ['anything-but numbers', detail({ number: [{ 'anything-but': [1, 300] }] }), false],
  ['anything-but a missing key', { account: [{ 'anything-but': 'x' }] }, false],
  ['anything-but prefix', { source: [{ 'anything-but': { prefix: 'aws.' } }] }, false],
  ['anything-but prefixes', { source: [{ 'anything-but': { prefix: ['x', 'y'] } }] }, true],
  ['anything-but suffix', { source: [{ 'anything-but': { suffix: 'build' } }] }, false],
  ['anything-but wildcard', { source: [{ 'anything-but': { wildcard: '*code*' } }] }, false],
  ['anything-but ignoring case', { source: [{ 'anything-but': { 'equals-ignore-case': ['AWS.CODEBUILD'] } }] }, false],
  ['numeric range', detail({ number: [{ numeric: ['>', 0, '<=', 300] }] }), true],
  ['numeric below', detail({ number: [{ numeric: ['<', 300] }] }), false],
  ['numeric equal', detail({ zero: [{ numeric: ['=', 0] }] }), true],
  ['exists', detail({ zero: [{ exists: true }] }), true],
  ['exists, missing', detail({ missing: [{ exists: true }] }), false],
  ['exists, a branch is no leaf', { detail: [{ exists: true }] }, false],
  ['exists false', detail({ missing: [{ exists: false }] }), true],
  ['exists false below a missing branch', detail({ missing: { deep: [{ exists: false }] } }), true],
  ['exists false on a present key', detail({ zero: [{ exists: false }] }), false],
  ['exists false or a value', detail({ zero: [{ exists: false }, 0] }), true],
  ['exists false on an empty array', detail({ none: [{ exists: false }] }), true],
  ['exists false where one element has it', detail({ list: { size: [{ exists: false }] } }), false],
  ['cidr', detail({ ip: [{ cidr: '10.0.0.0/24' }] }), true],
  ['cidr elsewhere', detail({ ip: [{ cidr: '10.1.0.0/24' }] }), false],
  ['cidr of every address', detail({ ip: [{ cidr: '0.0.0.0/0' }] }), true],
  ['cidr of one address', detail({ ip: [{ cidr: '10.0.0.7/32' }] }), true],
  ['cidr, no address', detail({ path: [{ cidr: '0.0.0.0/0' }] }), false],
  ['cidr, IPv6', detail({ ip6: [{ cidr: '2001:db8::/32' }] }), true],
  ['cidr, IPv6 elsewhere', detail({ ip6: [{ cidr: '2001:db9::/32' }] }), false],
  ['cidr, one IPv6 address written out', detail({ ip6: [{ cidr: '2001:0db8:0:0:0:0:a00:7/128' }] }), true],
  ['cidr, IPv6 is not IPv4', detail({ ip: [{ cidr: '::/0' }] }), false],
  ['within one element of an array', detail({ list: { name: ['x'], size: [1] } }), true],
  ['not across elements', detail({ list: { name: ['x'], size: [2] } }), false],
  ['$or', { $or: [{ source: ['x'] }, { 'detail-type': [{ prefix: 'CodeBuild' }] }] }, true],
  ['$or beside a key', { source: ['x'], $or: [{ resources: ['arn:a'] }, { resources: ['arn:b'] }] }, false],
  ['$or below a key', detail({ $or: [{ number: [1] }, { zero: [0] }] }), true],
])('%s', (_what, pattern, expected) => expect(parsePattern(JSON.stringify(pattern)).matches(event)).toBe(expected));

test.each<[string, string]>([
  ['[]', 'Filter is not an object'],
  ['{}', 'Empty objects are not allowed'],
  ['{"source":"aws.s3"}', '"source" must be an object or an array at source'],
  ['{"detail":{"state":[]}}', 'Empty arrays are not allowed at detail.state'],
  ['{"detail":{"state":[{"like":"x"}]}}', 'Unrecognized match type like at detail.state'],
  ['{"detail":{"state":[["x"]]}}', 'Match value must be String, number, true, false, or null at detail.state'],
  ['{"a":[{"prefix":"x","suffix":"y"}]}', 'Only one key allowed in match expression at a'],
  ['{"a":[{"prefix":1}]}', 'prefix match pattern must be a string at a'],
  ['{"a":[{"numeric":[">","1"]}]}', 'Value of > must be numeric at a'],
  ['{"a":[{"numeric":["~",1]}]}', 'Unrecognized numeric range operator: ~ at a'],
  ['{"a":[{"numeric":[">",5,"<",1]}]}', 'Bottom must be less than top at a'],
  ['{"a":[{"exists":"yes"}]}', 'exists match pattern must be either true or false. at a'],
  ['{"a":[{"cidr":"10.0.0.0"}]}', 'Malformed CIDR'],
  ['{"a":[{"wildcard":"x**"}]}', 'Consecutive wildcard characters at pos 1 at a'],
  ['{"a":[{"anything-but":[null]}]}', 'Inside anything but list'],
  ['{"$or":[{"a":[1]}]}', 'There must have at least 2 objects in the array of "$or" at $or'],
  ['{"a":', 'Event pattern is not valid. Reason: '],
])('%s is refused: %s', (text, reason) => expect(() => parsePattern(text)).toThrow(reason));

test('a long array whose last element only has what must not exist is walked once', () => {
  const pattern = parsePattern('{"detail":{"list":{"x":[{"exists":false}]}}}');
  const list = [...Array.from({ length: 60_000 }, () => ({})), { x: 1 }];
  const began = performance.now();
  expect(pattern.matches({ detail: { list } })).toBe(false);
  expect(performance.now() - began).toBeLessThan(2_000);
});
