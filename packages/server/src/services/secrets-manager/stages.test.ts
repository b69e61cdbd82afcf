import { describe, expect, it } from 'vitest';
import { moveStages } from './stages.ts';
import type { VersionRow } from './store.ts';

const version = (id: string, ...stages: string[]): VersionRow =>
  ({ account: 'a', region: 'r', name: 'n', id, kind: 'string', value: '', stages: JSON.stringify(stages), created: 0, accessed: null });

describe('moveStages', () => {
  it.each([
    ['a new current version makes the former one previous', [version('1', 'AWSPREVIOUS'), version('2', 'AWSCURRENT'), version('3')], '3', ['AWSCURRENT'],
      { 1: [], 2: ['AWSPREVIOUS'], 3: ['AWSCURRENT'] }],
    ['a label of one\'s own moves alone', [version('1', 'AWSCURRENT', 'blue'), version('2')], '2', ['blue'], { 1: ['AWSCURRENT'], 2: ['blue'] }],
    ['what is there already changes nothing', [version('1', 'AWSCURRENT')], '1', ['AWSCURRENT'], {}],
    ['going back swaps the two', [version('1', 'AWSPREVIOUS'), version('2', 'AWSCURRENT')], '1', ['AWSCURRENT'], { 1: ['AWSCURRENT'], 2: ['AWSPREVIOUS'] }],
  ] as const)('%s', (_what, versions, target, labels, expected) => {
    const changed = moveStages(versions, target, labels);
    expect(Object.fromEntries([...changed].map(([row, stages]) => [row.id, stages]))).toEqual(expected);
  });
});
