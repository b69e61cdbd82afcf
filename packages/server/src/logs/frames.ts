import { crc32 } from 'node:zlib';

/** One stored line. */
export interface StoredEntry {
  /** Its place in the stream, counted from 0; never reused, also after trimming. */
  readonly position: number;
  readonly seq: number;
  /** ms UTC */
  readonly timestamp: number;
  /** When it was stored: ms UTC. */
  readonly ingested: number;
  readonly message: string;
}

/*
 * A segment file is a header and frames. Header: magic, the stream's next seq when the segment began, CRC.
 * A frame is what one group of appends wrote: payload length, CRC of the payload, payload. The payload is entries:
 * seq, timestamp, ingested (doubles), message length, message (UTF-8). All numbers are little-endian.
 */
const MAGIC = 0x31474c53;
export const HEADER_BYTES = 16;
const FRAME_HEAD = 8;
const ENTRY_HEAD = 28;
/** A frame longer than this is not ours: a torn length must not make us allocate. */
const LONGEST_FRAME = 64 * 1024 * 1024;

export function encodeHeader(nextSeq: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeDoubleLE(nextSeq, 4);
  header.writeUInt32LE(crc(header.subarray(0, 12)), 12);
  return header;
}

/** The next seq that the header names; undefined when it is torn or not a header. */
export function decodeHeader(header: Buffer): number | undefined {
  if (header.length < HEADER_BYTES || header.readUInt32LE(0) !== MAGIC) return undefined;
  return header.readUInt32LE(12) === crc(header.subarray(0, 12)) ? header.readDoubleLE(4) : undefined;
}

export function encodeFrame(entries: readonly Omit<StoredEntry, 'position'>[]): Buffer {
  const messages = entries.map((entry) => Buffer.from(entry.message, 'utf8'));
  const length = messages.reduce((sum, message) => sum + ENTRY_HEAD + message.length, 0);
  const frame = Buffer.allocUnsafe(FRAME_HEAD + length);
  let at = FRAME_HEAD;
  entries.forEach((entry, index) => {
    const message = messages[index] as Buffer;
    frame.writeDoubleLE(entry.seq, at);
    frame.writeDoubleLE(entry.timestamp, at + 8);
    frame.writeDoubleLE(entry.ingested, at + 16);
    frame.writeUInt32LE(message.length, at + 24);
    message.copy(frame, at + ENTRY_HEAD);
    at += ENTRY_HEAD + message.length;
  });
  frame.writeUInt32LE(length, 0);
  frame.writeUInt32LE(crc(frame.subarray(FRAME_HEAD)), 4);
  return frame;
}

/**
 * The length of the whole frame that starts at `at`; undefined when its head or the rest is torn. `more` when the
 * buffer ends before the frame does: ask again with at least `more` bytes.
 */
export function measureFrame(bytes: Buffer, at: number): { length: number } | { more: number } | undefined {
  if (at + FRAME_HEAD > bytes.length) return { more: FRAME_HEAD };
  const length = bytes.readUInt32LE(at);
  if (length === 0 || length > LONGEST_FRAME) return undefined;
  if (at + FRAME_HEAD + length > bytes.length) return { more: FRAME_HEAD + length };
  return crc(bytes.subarray(at + FRAME_HEAD, at + FRAME_HEAD + length)) === bytes.readUInt32LE(at + 4) ? { length: FRAME_HEAD + length } : undefined;
}

/** The entries of a whole frame, `position` counted from `first`. */
export function decodeFrame(frame: Buffer, first: number): StoredEntry[] {
  const entries: StoredEntry[] = [];
  for (let at = FRAME_HEAD; at < frame.length;) {
    const length = frame.readUInt32LE(at + 24);
    entries.push({
      position: first + entries.length,
      seq: frame.readDoubleLE(at),
      timestamp: frame.readDoubleLE(at + 8),
      ingested: frame.readDoubleLE(at + 16),
      message: frame.toString('utf8', at + ENTRY_HEAD, at + ENTRY_HEAD + length),
    });
    at += ENTRY_HEAD + length;
  }
  return entries;
}

function crc(bytes: Uint8Array): number {
  return crc32(bytes);
}
