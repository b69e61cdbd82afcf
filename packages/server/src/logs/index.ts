import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { LogEntry } from './ports.ts';
import { markOf } from './marks.ts';
import { countMarked, readEntries } from './read.ts';
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
  /** Where the next entry will stand. */
  readonly nextPosition: number;
  readonly bytes: number;
  readonly firstTimestamp?: number;
  readonly lastTimestamp?: number;
  readonly lastIngested?: number;
}

export type UnnumberedEntry = Omit<LogEntry, 'seq'>;

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
  appendUnnumbered(streamId: string, entries: readonly UnnumberedEntry[]): Promise<void>;
  /**
   * The same, for a producer that does not know after a crash whether it has appended: what was stored under this name
   * at or behind the position `from` is not stored again. One call of a name at a time.
   */
  appendOnce(streamId: string, name: string, entries: readonly UnnumberedEntry[], from: number): Promise<void>;
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
  const open = new Map<string, Promise<OpenStream | undefined>>();
  const users = new Map<string, number>();
  const followers = new Map<string, Set<() => void>>();

  const folder = (id: string): string => {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new RangeError('not a log stream id');
    return join(directory, id.slice(0, 2), id);
  };

  /** Undefined when nothing was ever appended to the stream. Whoever asks first is answered first, so that appends keep their order. */
  async function opened(id: string, create: boolean): Promise<OpenStream | undefined> {
    for (;;) {
      const opening = open.get(id) ?? look(id, create);
      open.delete(id);
      open.set(id, opening);
      const stream = await opening;
      // Another call was only looking, and found nothing.
      if (stream !== undefined || !create) return stream;
    }
  }

  /** Known as the one that opens the stream before it has: two would write the same file. */
  function look(id: string, create: boolean): Promise<OpenStream | undefined> {
    const forget = (): void => {
      if (open.get(id) === opening) open.delete(id);
    };
    const opening = openOrCreate(folder(id), create).then((stream) => {
      if (stream === undefined) forget();
      return stream;
    }, (error: unknown) => {
      forget();
      throw error;
    });
    return opening;
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
      await (await opening)?.close();
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
    async appendOnce(id, name, entries, from) {
      const mark = markOf(name);
      await using(id, true, async (stream) => {
        const stored = await countMarked(stream, mark, from);
        if (stored < entries.length) await stream.append(entries.slice(stored).map((entry) => ({ ...entry, seq: mark })), deps.clock.now());
      }, undefined);
      wake(id);
    },
    read: (id, request) => using(id, false, (stream) => readEntries(stream, request), []),
    summary: (id) => using<StreamSummary>(id, false, async (stream) => ({
      nextSeq: stream.nextSeq, nextPosition: stream.nextPosition, bytes: stream.bytes, firstTimestamp: stream.firstTimestamp, lastTimestamp: stream.lastTimestamp,
      ...(stream.lastIngested > 0 ? { lastIngested: stream.lastIngested } : {}),
    }), { nextSeq: 0, nextPosition: 0, bytes: 0 }),
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
      await Promise.all(streams.map(async (opening) => (await opening)?.close()));
    },
  };
}

async function openOrCreate(path: string, create: boolean): Promise<OpenStream | undefined> {
  if (await isThere(path)) return OpenStream.open(path);
  return create ? OpenStream.create(path) : undefined;
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
