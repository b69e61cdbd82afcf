import { describe, expect, it } from 'vitest';
import { admitted, fairOrder, positionOf, type QueueState } from './queue.ts';

const state = (waiting: string, running: Record<string, number> = {}, limits: Record<string, number> = {}): QueueState => ({
  waiting: waiting.split(' ').map((id) => ({ id, project: id.slice(0, 1) })), running: new Map(Object.entries(running)), limits: new Map(Object.entries(limits)),
});
const ids = (all: readonly { id: string }[]) => all.map(({ id }) => id).join(' ');

describe('The queue of builds', () => {
  it.each([
    ['a1 a2 a3', {}, 'a1 a2 a3'],
    ['a1 a2 a3 b1', {}, 'a1 b1 a2 a3'],
    ['a1 a2 b1 b2 c1', { a: 2 }, 'b1 c1 b2 a1 a2'],
    ['a1 b1', { a: 1, b: 1 }, 'a1 b1'],
  ])('of %s with %j running goes in the order %s', (waiting, running, order) => {
    expect(ids(fairOrder(state(waiting, running)))).toBe(order);
  });

  it('lets start whom there is room for, and holds a project at its own limit without holding others', () => {
    expect(ids(admitted(state('a1 a2 b1', { a: 1 }), 3))).toBe('b1 a1');
    expect(ids(admitted(state('a1 a2 b1 b2', { a: 1 }, { a: 1 }), 3))).toBe('b1 b2');
    expect(ids(admitted(state('a1', { a: 4 }), 3))).toBe('');
  });

  it('says where a build stands and why it waits', () => {
    expect(positionOf(state('a1 a2 b1', { a: 1 }), 2, { id: 'b1', project: 'b' })).toBeUndefined();
    expect(positionOf(state('a1 a2 b1', { a: 1 }), 2, { id: 'a2', project: 'a' })).toBe('Position 3 of 3 in the queue: 2 builds run, the limit of this installation');
    expect(positionOf(state('a1', { a: 1 }, { a: 1 }), 9, { id: 'a1', project: 'a' })).toBe("Position 1 of 1 in the queue: 1 of the project's builds run, its concurrentBuildLimit");
  });
});
