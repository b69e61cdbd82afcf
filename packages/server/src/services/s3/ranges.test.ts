import { describe, expect, it } from 'vitest';
import { copyRangeOf, rangeOf } from './ranges.ts';

describe('ranges', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=2-', { start: 2, end: 9 }],
    ['bytes=2-100', { start: 2, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    ['bytes=5-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=1-2', undefined],
    ['bytes=-', undefined],
    [undefined, undefined],
  ])('%s of ten bytes is %o', (header, range) => expect(rangeOf(header, 10)).toEqual(range));

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])('%s of ten bytes cannot be had', (header) => {
    expect(() => rangeOf(header, 10)).toThrow(expect.objectContaining({ name: 'InvalidRange', status: 416 }));
  });

  it('a copied range lies within its source', () => {
    expect(copyRangeOf('bytes=0-9', 10)).toEqual({ start: 0, end: 9 });
    for (const header of ['bytes=0-10', 'bytes=0-', 'bytes=3-2', 'x']) expect(() => copyRangeOf(header, 10)).toThrow();
  });
});
