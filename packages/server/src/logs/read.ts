import type { StoredEntry } from './frames.ts';
import { readBlock } from './segment.ts';
import type { Block } from './segment.ts';
import type { OpenStream } from './stream.ts';

/** A position between a stream's entries in time order: entries of one time keep the order in which they were stored. */
export interface Position {
  readonly timestamp: number;
  readonly position: number;
}

export interface ReadRequest {
  readonly direction: 'forward' | 'backward';
  /** Only entries after it (forward) or before it (backward). */
  readonly from?: Position;
  /** ms UTC, included. */
  readonly start?: number;
  /** ms UTC, excluded. */
  readonly end?: number;
  readonly limit: number;
  /** Stops before the messages outgrow this many bytes; at least one entry comes. */
  readonly maxBytes?: number;
}

/**
 * Entries in the direction asked, in time order. Blocks are read as time reaches them, so that memory holds only those
 * whose times overlap: one, unless batches came late.
 */
export async function readEntries(stream: OpenStream, request: ReadRequest): Promise<StoredEntry[]> {
  const forward = request.direction === 'forward';
  const near = (block: Block): number => (forward ? block.minTimestamp : -block.maxTimestamp);
  const order = forward ? compare : (a: StoredEntry, b: StoredEntry): number => compare(b, a);
  const blocks = stream.blocks.filter((block) => mayHold(block, request)).toSorted((a, b) => near(a) - near(b) || (forward ? a.first - b.first : b.first - a.first));
  const found: StoredEntry[] = [];
  let bytes = 0;
  let open: StoredEntry[] = [];
  let taken = 0;
  for (let next = 0; next < blocks.length || taken < open.length;) {
    const block = blocks[next];
    const first = open[taken];
    if (block && (first === undefined || near(block) <= (forward ? first.timestamp : -first.timestamp))) {
      open = [...open.slice(taken), ...(await readBlock(stream.path(block.segment), block)).filter((entry) => holds(entry, request))].toSorted(order);
      taken = 0;
      next += 1;
      continue;
    }
    const entry = open[taken] as StoredEntry;
    taken += 1;
    bytes += Buffer.byteLength(entry.message);
    if (found.length >= request.limit || (found.length > 0 && request.maxBytes !== undefined && bytes > request.maxBytes)) break;
    found.push(entry);
  }
  return found;
}

/** How many entries with this mark are stored at or behind a position. */
export async function countMarked(stream: OpenStream, mark: number, from: number): Promise<number> {
  let count = 0;
  for (const block of stream.blocks.filter(({ first, count: entries }) => first + entries > from)) {
    const entries = await readBlock(stream.path(block.segment), block);
    count += entries.filter(({ seq, position }) => seq === mark && position >= from).length;
  }
  return count;
}

export function compare(a: Position, b: Position): number {
  return a.timestamp - b.timestamp || a.position - b.position;
}

function mayHold(block: Block, { direction, from, start, end }: ReadRequest): boolean {
  if (start !== undefined && block.maxTimestamp < start) return false;
  if (end !== undefined && block.minTimestamp >= end) return false;
  if (from === undefined) return true;
  return direction === 'forward' ? block.maxTimestamp >= from.timestamp : block.minTimestamp <= from.timestamp;
}

function holds(entry: StoredEntry, { direction, from, start, end }: ReadRequest): boolean {
  if (start !== undefined && entry.timestamp < start) return false;
  if (end !== undefined && entry.timestamp >= end) return false;
  if (from === undefined) return true;
  return direction === 'forward' ? compare(entry, from) > 0 : compare(entry, from) < 0;
}
