import { describe, expect, test } from 'vitest';
import { faultOf, matchesAny, matchesSet } from './tag-filters.ts';

const tags = [{ Key: 'Name', Value: 'web' }, { Key: 'Stage', Value: 'prod' }];

describe('tag filters', () => {
  test.each([
    [[{ Key: 'Name', Value: 'web', Type: 'KEY_AND_VALUE' as const }], true],
    [[{ Key: 'Name', Value: 'prod', Type: 'KEY_AND_VALUE' as const }], false],
    [[{ Key: 'Name', Type: 'KEY_ONLY' as const }], true],
    [[{ Value: 'prod', Type: 'VALUE_ONLY' as const }], true],
    [[{ Value: 'Name', Type: 'VALUE_ONLY' as const }], false],
    [[{ Key: 'None', Type: 'KEY_ONLY' as const }, { Key: 'Stage', Value: 'prod' }], true],
    [[{ Key: 'name' }], false],
    [[], false],
  ])('%j: %s', (filters, expected) => {
    expect(matchesAny(filters, tags)).toBe(expected);
  });

  test('every list of a set must have the instance', () => {
    expect(matchesSet([[{ Key: 'Name' }], [{ Value: 'prod' }, { Value: 'test' }]], tags)).toBe(true);
    expect(matchesSet([[{ Key: 'Name' }], [{ Value: 'test' }]], tags)).toBe(false);
    expect(matchesSet([], tags)).toBe(false);
  });

  test('a filter that says too little is named', () => {
    expect(faultOf({})).toBe('A tag filter needs a Key, a Value, or both.');
    expect(faultOf({ Type: 'KEY_AND_VALUE', Key: 'a' })).toBe('A tag filter of type KEY_AND_VALUE needs a Value.');
    expect(faultOf({ Type: 'KEY_ONLY' })).toBe('A tag filter of type KEY_ONLY needs a Key.');
    expect(faultOf({ Key: 'a' })).toBeUndefined();
  });
});
