import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { syncDirectory } from '../kernel/files.ts';
import { DamagedBlob, FRAME_BYTES, HEADER_BYTES, SEALED_FRAME_BYTES, measure, newHeader, openFrame, openHeader, sealFrame } from './frames.ts';

/** Bytes `start` to `end`, both included, as HTTP counts them. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

interface OpenedFile {
  readonly id: string;
  readonly dataKey: Buffer;
  readonly frames: number;
  readonly fileBytes: number;
}

/** How many frames go to the disk, or come from it, in one call: a megabyte of memory per stream. */
const FRAMES_PER_CALL = 16;
const SHARDS = 256;

/** Blobs as files: written aside, synced, renamed; sealed as `frames.ts` says. Knows no rows. */
export interface BlobFiles {
  /** Resolves with the plain size once the file is durable under its name. When it rejects, no file is left. */
  write(id: string, source: AsyncIterable<Uint8Array>): Promise<number>;
  /** Rejects with ENOENT when there is no such file, `RangeError` when the range is not within it. */
  read(id: string, range?: ByteRange): Promise<Readable>;
  /** Removes the file and what an interrupted write left of it; what is not there is no error. */
  remove(id: string): Promise<void>;
}

/** Makes the folder and its shards. `masterKey` is 32 bytes. */
export async function openBlobFiles(directory: string, masterKey: Buffer): Promise<BlobFiles> {
  if (masterKey.length !== 32) throw new RangeError('a master key has 32 bytes');
  await makeShards(directory);
  const path = (id: string): string => join(directory, shardOf(id), id);

  return {
    async write(id, source) {
      const target = path(id);
      const aside = `${target}.new`;
      const file = await open(aside, 'wx', 0o600);
      try {
        const size = await writeFrames(file, id, source, masterKey);
        await file.sync();
        await file.close();
        await rename(aside, target);
        await syncDirectory(join(directory, shardOf(id)));
        return size;
      } catch (error) {
        await file.close();
        await rm(aside, { force: true });
        await rm(target, { force: true });
        throw error;
      }
    },

    async read(id, range) {
      const file = await open(path(id), 'r');
      try {
        const fileBytes = (await file.stat()).size;
        const { size, frames } = measure(id, fileBytes);
        const { start, end } = range ?? { start: 0, end: size - 1 };
        if (range && (start < 0 || end < start || end >= size)) throw new RangeError(`blob ${id} has no bytes ${start}-${end}`);
        const header = Buffer.alloc(HEADER_BYTES);
        await readFully(file, id, header, 0);
        const dataKey = openHeader(id, header, masterKey);
        return plainStream(file, { id, dataKey, frames, fileBytes }, start, end);
      } catch (error) {
        await file.close();
        throw error;
      }
    },

    async remove(id) {
      await rm(`${path(id)}.new`, { force: true });
      await rm(path(id), { force: true });
    },
  };
}

function shardOf(id: string): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new RangeError('not a blob id');
  return id.slice(0, 2);
}

async function makeShards(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (let shard = 0; shard < SHARDS; shard++) {
    await mkdir(join(directory, shard.toString(16).padStart(2, '0')), { recursive: true, mode: 0o700 });
  }
  await syncDirectory(directory);
}

async function writeFrames(file: FileHandle, id: string, source: AsyncIterable<Uint8Array>, masterKey: Buffer): Promise<number> {
  const { header, dataKey } = newHeader(id, masterKey);
  let sealed: Buffer[] = [header];
  let index = 0;
  let size = 0;
  let frame: Uint8Array[] = [];
  let room = FRAME_BYTES;

  const seal = async (last: boolean): Promise<void> => {
    for (const piece of sealFrame(dataKey, index, last, frame)) sealed.push(piece);
    index += 1;
    frame = [];
    room = FRAME_BYTES;
    if (!last && index % FRAMES_PER_CALL !== 0) return;
    await writeFully(file, sealed);
    sealed = [];
  };

  for await (const chunk of source) {
    size += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      // A full frame waits for a next byte: only then is it known not to be the last.
      if (room === 0) await seal(false);
      const piece = chunk.subarray(at, at + room);
      frame.push(piece);
      room -= piece.length;
      at += piece.length;
    }
  }
  await seal(true);
  return size;
}

/** `writev` may write less than it was given; the rest goes as one buffer. */
async function writeFully(file: FileHandle, pieces: readonly Buffer[]): Promise<void> {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten === total) return;
  let rest = Buffer.concat(pieces).subarray(bytesWritten);
  while (rest.length > 0) {
    const wrote = await file.write(rest);
    rest = rest.subarray(wrote.bytesWritten);
  }
}

async function readFully(file: FileHandle, id: string, into: Buffer, position: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, into.length - at, position + at);
    if (bytesRead === 0) throw new DamagedBlob(`blob ${id} is cut off`);
    at += bytesRead;
  }
}

/**
 * The plain bytes from `start` to `end`, a megabyte of frames at a time, on demand. Owns the file from here on and closes
 * it however the stream ends, also when nobody ever read from it.
 */
function plainStream(file: FileHandle, opened: OpenedFile, start: number, end: number): Readable {
  const first = Math.floor(start / FRAME_BYTES);
  // An empty blob still has its one frame opened: damage shows.
  const final = Math.max(first, Math.floor(end / FRAME_BYTES));
  let next = first;

  const step = async (): Promise<Buffer[]> => {
    const count = Math.min(FRAMES_PER_CALL, final - next + 1);
    const position = HEADER_BYTES + next * SEALED_FRAME_BYTES;
    const sealed = Buffer.allocUnsafe(Math.min(count * SEALED_FRAME_BYTES, opened.fileBytes - position));
    await readFully(file, opened.id, sealed, position);
    const plain: Buffer[] = [];
    for (const batchEnd = next + count, batchStart = next; next < batchEnd; next++) {
      const at = (next - batchStart) * SEALED_FRAME_BYTES;
      const frame = openFrame(opened.id, opened.dataKey, next, next === opened.frames - 1, sealed.subarray(at, at + SEALED_FRAME_BYTES));
      plain.push(frame.subarray(next === first ? start - first * FRAME_BYTES : 0, next === final ? end - final * FRAME_BYTES + 1 : FRAME_BYTES));
    }
    return plain;
  };

  return new Readable({
    highWaterMark: FRAME_BYTES,
    read() {
      step().then(
        (plain) => {
          for (const piece of plain) if (piece.length > 0) this.push(piece);
          if (next > final) this.push(null);
        },
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      file.close().then(() => done(error), done);
    },
  });
}
