import { open, readFile, stat, writeFile, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { decodeFrame, decodeHeader, HEADER_BYTES, measureFrame } from './frames.ts';
import type { StoredEntry } from './frames.ts';

/** Neighbouring frames of a segment, read as one. What the index in memory knows of a stream's bytes. */
export interface Block {
  readonly segment: string;
  readonly offset: number;
  length: number;
  /** The position of its first entry. */
  readonly first: number;
  count: number;
  minTimestamp: number;
  maxTimestamp: number;
}

/** What is known of a segment file after a look at its bytes. */
export interface SegmentState {
  readonly blocks: Block[];
  readonly nextSeq: number;
  readonly lastIngested: number;
  /** Up to where the file is whole. */
  readonly bytes: number;
}

/** A block ends once it has this many bytes: one read of a 1 GB stream's index names 16 thousand of them. */
const BLOCK_BYTES = 64 * 1024;
const SCAN_BYTES = 1024 * 1024;

/** Adds the frame at `offset` to the blocks, joining the last one while that is small. */
export function indexFrame(blocks: Block[], segment: string, offset: number, length: number, entries: readonly StoredEntry[]): void {
  const timestamps = entries.map((entry) => entry.timestamp);
  const min = timestamps.reduce((a, b) => Math.min(a, b));
  const max = timestamps.reduce((a, b) => Math.max(a, b));
  const last = blocks.at(-1);
  if (last && last.segment === segment && last.length < BLOCK_BYTES) {
    last.length += length;
    last.count += entries.length;
    last.minTimestamp = Math.min(last.minTimestamp, min);
    last.maxTimestamp = Math.max(last.maxTimestamp, max);
  } else {
    blocks.push({ segment, offset, length, first: (entries[0] as StoredEntry).position, count: entries.length, minTimestamp: min, maxTimestamp: max });
  }
}

/** Reads a segment's frames one after the other until its end or its first torn byte. Undefined when its header is torn. */
export async function scanSegment(path: string, segment: string, first: number): Promise<SegmentState | undefined> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(HEADER_BYTES);
    await file.read(head, 0, HEADER_BYTES, 0);
    let nextSeq = decodeHeader(head);
    if (nextSeq === undefined) return undefined;
    const blocks: Block[] = [];
    let position = first;
    let lastIngested = 0;
    let bytes = HEADER_BYTES;
    for await (const frame of frames(file)) {
      const entries = decodeFrame(frame, position);
      indexFrame(blocks, segment, bytes, frame.length, entries);
      position += entries.length;
      bytes += frame.length;
      for (const entry of entries) {
        nextSeq = Math.max(nextSeq, entry.seq + 1);
        lastIngested = entry.ingested;
      }
    }
    return { blocks, nextSeq, lastIngested, bytes };
  } finally {
    await file.close();
  }
}

async function* frames(file: FileHandle): AsyncGenerator<Buffer> {
  let offset = HEADER_BYTES;
  let wanted = SCAN_BYTES;
  for (;;) {
    const buffer = Buffer.allocUnsafe(wanted);
    const { bytesRead } = await file.read(buffer, 0, wanted, offset);
    const bytes = buffer.subarray(0, bytesRead);
    let at = 0;
    let measured = measureFrame(bytes, at);
    for (; measured && 'length' in measured; measured = measureFrame(bytes, at)) {
      yield bytes.subarray(at, at + measured.length);
      at += measured.length;
    }
    if (measured === undefined || bytesRead < wanted) return;
    offset += at;
    wanted = Math.max(SCAN_BYTES, measured.more);
  }
}

/** The entries of a block, in the order of their positions. */
export async function readBlock(path: string, block: Block): Promise<StoredEntry[]> {
  // The last block grows while it is read: its length now is what is asked for, and what is compared.
  const { length } = block;
  const bytes = Buffer.allocUnsafe(length);
  const file = await open(path, 'r');
  try {
    const { bytesRead } = await file.read(bytes, 0, length, block.offset);
    if (bytesRead < length) throw new Error(`log segment ${block.segment} is cut off at byte ${block.offset + bytesRead}`);
  } finally {
    await file.close();
  }
  const entries: StoredEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const measured = measureFrame(bytes, at);
    if (!measured || !('length' in measured)) throw new Error(`log segment ${block.segment} is damaged at byte ${block.offset + at}`);
    entries.push(...decodeFrame(bytes.subarray(at, at + measured.length), block.first + entries.length));
    at += measured.length;
  }
  return entries;
}

/** Keeps what a scan would find beside a segment that no longer grows. Only a shortcut: without it the segment is scanned. */
export async function writeIndex(path: string, state: SegmentState): Promise<void> {
  await writeFile(`${path}.index.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${path}.index.new`, `${path}.index`);
}

/** Undefined when there is none that fits the segment. */
export async function readIndex(path: string): Promise<SegmentState | undefined> {
  try {
    const state = JSON.parse(await readFile(`${path}.index`, 'utf8')) as SegmentState;
    return state.bytes === (await stat(path)).size ? state : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
