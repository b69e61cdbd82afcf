import { describe, expect, it } from 'vitest';
import { checkRead, checkSource, type Conditions } from './conditions.ts';

const known = { etag: 'abc', modified: 10_500 };
const read = (conditions: Conditions): string => {
  try {
    checkRead(conditions, known);
    return 'ok';
  } catch (error) {
    return (error as Error).name;
  }
};

describe('conditions', () => {
  it.each<[Conditions, string]>([
    [{}, 'ok'],
    [{ IfMatch: '"abc"' }, 'ok'],
    [{ IfMatch: '"x", "abc"' }, 'ok'],
    [{ IfMatch: '*' }, 'ok'],
    [{ IfMatch: '"x"' }, 'PreconditionFailed'],
    [{ IfNoneMatch: 'abc' }, 'NotModified'],
    [{ IfNoneMatch: '"x"' }, 'ok'],
    [{ IfModifiedSince: 10_000 }, 'NotModified'],
    [{ IfModifiedSince: 9_000 }, 'ok'],
    [{ IfUnmodifiedSince: 10_000 }, 'ok'],
    [{ IfUnmodifiedSince: 9_000 }, 'PreconditionFailed'],
    [{ IfMatch: '"abc"', IfUnmodifiedSince: 9_000 }, 'ok'],
    [{ IfNoneMatch: '"x"', IfModifiedSince: 11_000 }, 'ok'],
  ])('%o answers %s', (conditions, expected) => expect(read(conditions)).toBe(expected));

  it('a copy\'s source that was not modified is a failed precondition', () => {
    expect(() => checkSource({ IfNoneMatch: 'abc' }, known)).toThrow(expect.objectContaining({ name: 'PreconditionFailed' }));
  });
});
