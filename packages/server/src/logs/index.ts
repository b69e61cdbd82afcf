import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { LogEntry } from './ports.ts';
import { readEntries } from './read.ts';
import type { ReadRequest } from './read.ts';
import type { StoredEntry } from './frames.ts';
import { OpenStream } from './stream.ts';

export type { StoredEntry } from './frames.ts';
export { compare } from './read.ts';
export type { Position, ReadRequest } from './read.ts';
export type { LogEntry, LogSink, LogSinkRequest, LogWriter } from './ports.ts';

/** What is known of a stream without reading its lines. */
export interface StreamSummary {
  /** One more than the highest number stored. */
  readonly nextSeq: number;
  readonly bytes: number;
  readonly firstTimestamp?: number;
  readonly lastTimestamp?: number;
  readonly lastIngested?: number;
}

/**
 * The bytes of log streams: append-only segment files under a folder, the truth from which everything else is rebuilt.
 *
 * Life of a stream: the first `append` makes it → appends are durable when they resolve → `trim` drops what is old →
 * `delete`. A stream nobody appended to reads as empty. Ids are the caller's: 32 hexadecimal digits, never reused.
 */
export interface LogStore {
  /** Drops entries whose `seq` is already stored. */
  append(streamId: string, entries: readonly LogEntry[]): Promise<void>;
  /** For a producer that does not number its lines. Never drops. */
  appendUnnumbered(streamId: string, entries: readonly Omit<LogEntry, 'seq'>[]): Promise<void>;
  read(streamId: string, request: ReadRequest): Promise<StoredEntry[]>;
  summary(streamId: string): Promise<StreamSummary>;
  /** Calls `wake` after each append until the answer is called. */
  follow(streamId: string, wake: () => void): () => void;
  /** Drops whole segments that hold nothing as young as `before` (ms UTC). */
  trim(streamId: string, before: number): Promise<void>;
  delete(streamId: string): Promise<void>;
  close(): Promise<void>;
}

/** Streams kept open; the least recently used ones beyond it are closed. */
const OPEN_STREAMS = 200;

/** Opens the folder, making it where absent. One store per folder at a time. */
export async function openLogs(directory: string, deps: { clock: Clock }): Promise<LogStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  /** In the order of use. */
  const open = new Map<string, Promise<OpenStream>>();
  const users = new Map<string, number>();
  const followers = new Map<string, Set<() => void>>();

  const folder = (id: string): string => {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new RangeError('not a log stream id');
    return join(directory, id.slice(0, 2), id);
  };

  /** Undefined when nothing was ever appended to the stream. */
  async function opened(id: string, create: boolean): Promise<OpenStream | undefined> {
    const path = folder(id);
    if (!open.has(id)) {
      const exists = await isThere(path);
      if (!exists && !create) return undefined;
      // Another call may have opened it meanwhile: two would write the same file.
      if (!open.has(id)) open.set(id, exists ? OpenStream.open(path) : OpenStream.create(path));
    }
    const opening = open.get(id) as Promise<OpenStream>;
    open.delete(id);
    open.set(id, opening);
    return opening.catch((error: unknown) => {
      open.delete(id);
      throw error;
    });
  }

  /** Runs `work` on the open stream, which is not closed meanwhile. */
  async function using<T>(id: string, create: boolean, work: (stream: OpenStream) => Promise<T>, absent: T): Promise<T> {
    users.set(id, (users.get(id) ?? 0) + 1);
    try {
      const stream = await opened(id, create);
      return stream === undefined ? absent : await work(stream);
    } finally {
      const left = (users.get(id) ?? 1) - 1;
      if (left === 0) users.delete(id);
      else users.set(id, left);
      await evict();
    }
  }

  async function evict(): Promise<void> {
    for (const [id, opening] of open) {
      if (open.size <= OPEN_STREAMS) return;
      if (users.has(id)) continue;
      open.delete(id);
      await (await opening).close();
    }
  }

  const wake = (id: string): void => {
    for (const follower of followers.get(id) ?? []) follower();
  };

  return {
    async append(id, entries) {
      if (entries.length === 0) return;
      await using(id, true, (stream) => stream.append(entries, deps.clock.now()), undefined);
      wake(id);
    },
    async appendUnnumbered(id, entries) {
      if (entries.length === 0) return;
      const number = (next: number): LogEntry[] => entries.map((entry, index) => ({ ...entry, seq: next + index }));
      await using(id, true, (stream) => stream.append(number, deps.clock.now()), undefined);
      wake(id);
    },
    read: (id, request) => using(id, false, (stream) => readEntries(stream, request), []),
    summary: (id) => using<StreamSummary>(id, false, async (stream) => ({
      nextSeq: stream.nextSeq, bytes: stream.bytes, firstTimestamp: stream.firstTimestamp, lastTimestamp: stream.lastTimestamp,
      ...(stream.lastIngested > 0 ? { lastIngested: stream.lastIngested } : {}),
    }), { nextSeq: 0, bytes: 0 }),
    follow(id, run) {
      const set = followers.get(id) ?? new Set();
      followers.set(id, set.add(run));
      return () => {
        set.delete(run);
        if (set.size === 0) followers.delete(id);
      };
    },
    trim: (id, before) => using(id, false, (stream) => stream.trim(before), undefined),
    async delete(id) {
      const opening = open.get(id);
      open.delete(id);
      await (await opening)?.close();
      await rm(folder(id), { recursive: true, force: true });
    },
    async close() {
      const streams = [...open.values()];
      open.clear();
      await Promise.all(streams.map(async (opening) => (await opening).close()));
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
