import { createHash } from 'node:crypto';

const MARK_BITS = 52n;

/**
 * What an entry of an append that is done once has in place of its producer's number: a negative number that only this
 * append has, so that it disturbs no numbering and is found again after a crash.
 */
export function markOf(name: string): number {
  const digest = createHash('sha256').update(name).digest();
  return -1 - Number(digest.readBigUInt64LE() >> (64n - MARK_BITS));
}

export const isMark = (seq: number): boolean => seq < 0;
