import { Readable } from 'node:stream';
import type { Blobs, ByteRange } from '../../blobs/index.ts';

/** A piece of an object's bytes. */
export interface Piece {
  readonly blob: string;
  readonly size: number;
}

/** An object's bytes, or a range of them, through its parts in order; a part's blob is opened when its turn comes. */
export async function openContent(blobs: Blobs, parts: readonly Piece[], range: ByteRange | undefined): Promise<Readable> {
  const pieces = cut(parts, range);
  const [only] = pieces;
  if (pieces.length === 1 && only) return blobs.read(only.blob, only.range);
  return Readable.from(chain(blobs, pieces), { objectMode: false });
}

async function* chain(blobs: Blobs, pieces: readonly { blob: string; range: ByteRange | undefined }[]): AsyncGenerator<Buffer> {
  for (const { blob, range } of pieces) yield* (await blobs.read(blob, range)) as AsyncIterable<Buffer>;
}

/** Which bytes of which parts make up a range. */
export function cut(parts: readonly Piece[], range: ByteRange | undefined): { blob: string; range: ByteRange | undefined }[] {
  if (range === undefined) return parts.map(({ blob }) => ({ blob, range: undefined }));
  const pieces: { blob: string; range: ByteRange }[] = [];
  let offset = 0;
  for (const { blob, size } of parts) {
    const start = Math.max(range.start - offset, 0);
    const end = Math.min(range.end - offset, size - 1);
    if (start <= end) pieces.push({ blob, range: { start, end } });
    offset += size;
  }
  return pieces;
}
