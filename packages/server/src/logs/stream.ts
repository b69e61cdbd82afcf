import { mkdir, open, readdir, rm, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../kernel/files.ts';
import { encodeFrame, encodeHeader, HEADER_BYTES } from './frames.ts';
import type { StoredEntry } from './frames.ts';
import type { LogEntry } from './ports.ts';
import { isMark } from './marks.ts';
import { indexFrame, readIndex, scanSegment, writeIndex } from './segment.ts';
import type { Block, SegmentState } from './segment.ts';

/** A full segment is closed and its index kept; the next append begins another. */
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** An append larger than this is written as several frames, so that no block outgrows memory. */
const FRAME_ENTRIES = 1000;

interface Pending {
  readonly entries: readonly LogEntry[] | ((nextSeq: number) => readonly LogEntry[]);
  readonly ingested: number;
  readonly done: (error?: unknown) => void;
}

/** The segment that grows. */
interface Active {
  readonly name: string;
  readonly file: FileHandle;
  size: number;
}

/** One stream's segments, open for reading and appending. One at a time per folder: the server holds the data folder's lock. */
export class OpenStream {
  readonly directory: string;
  /** In the order of positions. */
  readonly blocks: Block[] = [];
  nextSeq = 0;
  nextPosition = 0;
  lastIngested = 0;
  bytes = 0;
  #active: Active | undefined;
  #pending: Pending[] = [];
  #draining = false;
  /** Writes and trims follow one another. */
  #tail: Promise<void> = Promise.resolve();

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Rebuilds what is known from the segments; a torn tail of the newest one is cut off. */
  static async open(directory: string): Promise<OpenStream> {
    const stream = new OpenStream(directory);
    const names = (await readdir(directory)).filter((name) => name.endsWith('.seg')).toSorted();
    for (const [index, name] of names.entries()) await stream.#load(name, index === names.length - 1);
    return stream;
  }

  static async create(directory: string): Promise<OpenStream> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await syncDirectory(dirname(directory));
    await syncDirectory(dirname(dirname(directory)));
    return new OpenStream(directory);
  }

  get firstTimestamp(): number | undefined {
    return this.blocks.reduce<number | undefined>((least, block) => Math.min(least ?? Infinity, block.minTimestamp), undefined);
  }

  get lastTimestamp(): number | undefined {
    return this.blocks.reduce<number | undefined>((most, block) => Math.max(most ?? -Infinity, block.maxTimestamp), undefined);
  }

  path(segment: string): string {
    return join(this.directory, segment);
  }

  /** Resolves once the entries are on disk; appends that come meanwhile share the next sync. */
  append(entries: Pending['entries'], ingested: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entries, ingested, done: (error) => (error === undefined ? resolve() : reject(error as Error)) });
      if (this.#draining) return;
      this.#draining = true;
      void this.#enqueue(() => this.#drain());
    });
  }

  /** Drops whole segments whose newest entry is older than `before`. The newest segment gives way to an empty one. */
  trim(before: number): Promise<void> {
    return this.#enqueue(() => this.#trim(before));
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#active?.file.close();
    this.#active = undefined;
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    // A failure is its caller's to hear; what follows in the queue goes on.
    this.#tail = done.then(nothing, nothing);
    return done;
  }

  async #trim(before: number): Promise<void> {
    const old = [...new Set(this.blocks.map((block) => block.segment))]
      .filter((segment) => this.blocks.every((block) => block.segment !== segment || block.maxTimestamp < before));
    if (old.length === 0) return;
    if (this.#active && old.includes(this.#active.name)) await this.#roll();
    for (const segment of old) {
      await rm(this.path(segment), { force: true });
      await rm(`${this.path(segment)}.index`, { force: true });
    }
    const kept = this.blocks.filter((block) => !old.includes(block.segment));
    this.blocks.splice(0, this.blocks.length, ...kept);
    this.bytes = kept.reduce((sum, block) => sum + block.length, 0);
  }

  async #load(name: string, newest: boolean): Promise<void> {
    const first = Number.parseInt(name, 10);
    const path = this.path(name);
    const kept = newest ? undefined : await readIndex(path);
    const state = kept ?? await scanSegment(path, name, first);
    if (state === undefined) {
      // The crash came before the header was whole, so the segment holds nothing.
      if (!newest) throw new Error(`log segment ${path} has no header`);
      await rm(path);
      return;
    }
    this.#adopt(state, first);
    if (!newest) return;
    await truncate(path, state.bytes);
    this.#active = { name, file: await open(path, 'r+'), size: state.bytes };
  }

  #adopt(state: SegmentState, first: number): void {
    this.blocks.push(...state.blocks);
    this.nextSeq = Math.max(this.nextSeq, state.nextSeq);
    this.nextPosition = first + state.blocks.reduce((sum, block) => sum + block.count, 0);
    this.lastIngested = Math.max(this.lastIngested, state.lastIngested);
    this.bytes += state.bytes - HEADER_BYTES;
  }

  async #drain(): Promise<void> {
    this.#draining = false;
    const group = this.#pending;
    this.#pending = [];
    try {
      await this.#write(group);
      for (const { done } of group) done();
    } catch (error) {
      for (const { done } of group) done(error);
    }
  }

  async #write(group: readonly Pending[]): Promise<void> {
    let nextSeq = this.nextSeq;
    const fresh: StoredEntry[] = [];
    for (const { entries, ingested } of group) {
      for (const { seq, timestamp, message } of typeof entries === 'function' ? entries(nextSeq) : entries) {
        if (!isMark(seq) && seq < nextSeq) continue;
        fresh.push({ position: this.nextPosition + fresh.length, seq, timestamp, ingested, message });
        if (!isMark(seq)) nextSeq = seq + 1;
      }
    }
    if (fresh.length === 0) return;
    const active = this.#active && this.#active.size < SEGMENT_BYTES ? this.#active : await this.#roll();
    const frames: { bytes: Buffer; entries: StoredEntry[] }[] = [];
    for (let at = 0; at < fresh.length; at += FRAME_ENTRIES) {
      const entries = fresh.slice(at, at + FRAME_ENTRIES);
      frames.push({ bytes: encodeFrame(entries), entries });
    }
    const bytes = Buffer.concat(frames.map((frame) => frame.bytes));
    try {
      await writeFully(active.file, bytes, active.size);
      await active.file.datasync();
    } catch (error) {
      // What got there must not be read as stored: the producer was told that it was not.
      await active.file.truncate(active.size);
      throw error;
    }
    for (const frame of frames) {
      indexFrame(this.blocks, active.name, active.size, frame.bytes.length, frame.entries);
      active.size += frame.bytes.length;
    }
    this.nextSeq = nextSeq;
    this.nextPosition += fresh.length;
    this.lastIngested = (fresh.at(-1) as StoredEntry).ingested;
    this.bytes += bytes.length;
  }

  async #roll(): Promise<Active> {
    if (this.#active) {
      const { name, file, size } = this.#active;
      await file.close();
      const blocks = this.blocks.filter((block) => block.segment === name);
      this.#active = undefined;
      await writeIndex(this.path(name), { blocks, nextSeq: this.nextSeq, lastIngested: this.lastIngested, bytes: size });
    }
    const name = `${String(this.nextPosition).padStart(15, '0')}.seg`;
    const file = await open(this.path(name), 'w+', 0o600);
    await writeFully(file, encodeHeader(this.nextSeq), 0);
    await file.sync();
    await syncDirectory(this.directory);
    this.#active = { name, file, size: HEADER_BYTES };
    return this.#active;
  }
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

function nothing(): void {}
