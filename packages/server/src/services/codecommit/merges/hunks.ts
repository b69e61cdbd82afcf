import type { MergeHunk, MergeHunkDetail } from '@slipway/contracts/codecommit';
import type { LineChange } from '../../../git/index.ts';

/** A text's lines, each with its line break. */
export function linesOf(contents: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < contents.length;) {
    const end = contents.indexOf(10, at);
    const next = end < 0 ? contents.length : end + 1;
    lines.push(contents.subarray(at, next));
    at = next;
  }
  return lines;
}

export interface HunkTexts {
  readonly base: readonly Buffer[];
  readonly source: readonly Buffer[];
  readonly destination: readonly Buffer[];
}

/**
 * Where three versions of a text differ: each run of lines that a side changed, in conflict where both changed it or
 * changed side by side, unless to the same. Lines count from 0 and ends are exclusive, as in AWS's answers.
 */
export function mergeHunks(texts: HunkTexts, changes: { source: readonly LineChange[]; destination: readonly LineChange[] }): MergeHunk[] {
  const sides = ['source', 'destination'] as const;
  const all = sides.flatMap((side) => changes[side].map((change) => ({ side, change })))
    .toSorted((a, b) => a.change.before[0] - b.change.before[0] || a.change.before[1] - b.change.before[1]);
  const shift = { source: 0, destination: 0 };
  const hunks: MergeHunk[] = [];
  for (let at = 0; at < all.length;) {
    const [start, firstEnd] = all[at]!.change.before;
    let end = firstEnd;
    const from = { source: start + shift.source, destination: start + shift.destination };
    const changed = new Set<(typeof sides)[number]>();
    while (at < all.length && all[at]!.change.before[0] <= end) {
      const { side, change } = all[at]!;
      // A side's own changes never touch each other: touching ones are both sides' doing.
      changed.add(side);
      end = Math.max(end, change.before[1]);
      shift[side] += change.after[1] - change.after[0] - (change.before[1] - change.before[0]);
      at += 1;
    }
    const detail = {
      source: hunkDetail(texts.source, from.source, end + shift.source),
      destination: hunkDetail(texts.destination, from.destination, end + shift.destination),
      base: hunkDetail(texts.base, start, end),
    };
    hunks.push({ isConflict: changed.size === 2 && detail.source.hunkContent !== detail.destination.hunkContent, ...detail });
  }
  return hunks;
}

export function hunkDetail(lines: readonly Buffer[], startLine = 0, endLine = lines.length): MergeHunkDetail {
  return { startLine, endLine, hunkContent: Buffer.concat(lines.slice(startLine, endLine)).toString('base64') };
}
