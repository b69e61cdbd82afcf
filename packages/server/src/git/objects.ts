import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { isObjectId } from './names.ts';
import { objectCache } from './object-cache.ts';
import { GitFailed, ignoreClosedInput, spawnGit } from './process.ts';

export interface ObjectInfo {
  readonly id: string;
  readonly type: 'commit' | 'tree' | 'blob' | 'tag';
  /** bytes */
  readonly size: number;
}

export interface StoredObject extends ObjectInfo {
  readonly contents: Buffer;
}

/**
 * Reads objects through processes that stay: one `cat-file --batch-command` per repository in use, thirty times cheaper
 * than one process per object. Life: started by the first question, ended when idle for `idleMs`, when more than
 * `most` are open (the longest idle first), or by `close`.
 *
 * A name is an object id or a full reference name, never an expression: the caller checks it.
 */
export interface ObjectReaders {
  info(path: string, name: string): Promise<ObjectInfo | undefined>;
  /** Holds the whole object in memory: ask `info` for its size first where it may be large. Not to be written into. */
  contents(path: string, name: string): Promise<StoredObject | undefined>;
  /** Ends the repository's process. */
  release(path: string): void;
  close(): void;
}

export function objectReaders({ idleMs = 30_000, most = 32 }: { idleMs?: number; most?: number } = {}): ObjectReaders {
  const open = new Map<string, BatchReader>();
  const cache = objectCache();

  const readerOf = (path: string): BatchReader => {
    let reader = open.get(path);
    if (reader) {
      // The map's order is the order of use, so its first is the longest idle.
      open.delete(path);
    } else {
      reader = batchReader(path, idleMs, () => { if (open.get(path) === reader) open.delete(path); });
    }
    open.set(path, reader);
    for (const [other, idle] of open) {
      if (open.size <= most) break;
      if (idle.busy()) continue;
      open.delete(other);
      idle.end();
    }
    return reader;
  };

  return {
    async info(path, name) {
      return (isObjectId(name) ? cache.get(path, name) : undefined) ?? readerOf(path).ask('info', name);
    },
    async contents(path, name) {
      const known = isObjectId(name) ? cache.get(path, name) : undefined;
      if (known) return known;
      const object = await readerOf(path).ask('contents', name) as StoredObject | undefined;
      if (object) cache.put(path, object);
      return object;
    },
    release(path) {
      cache.forget(path);
      open.get(path)?.end();
      open.delete(path);
    },
    close() {
      for (const reader of open.values()) reader.end();
      open.clear();
    },
  };
}

interface Question {
  readonly verb: 'info' | 'contents';
  resolve(answer: ObjectInfo | StoredObject | undefined): void;
  reject(error: Error): void;
}

interface BatchReader {
  ask(verb: 'info' | 'contents', name: string): Promise<ObjectInfo | StoredObject | undefined>;
  busy(): boolean;
  end(): void;
}

/** One process; questions are answered in the order asked. */
function batchReader(path: string, idleMs: number, gone: () => void): BatchReader {
  const child: ChildProcessWithoutNullStreams = spawnGit(['cat-file', '--batch-command'], { repository: path });
  const questions: Question[] = [];
  const answers = answerParser(questions);
  let idle: NodeJS.Timeout | undefined;
  let complaint = '';
  let unsent = '';

  const send = (): void => {
    const lines = unsent;
    unsent = '';
    if (!child.stdin.destroyed && !child.stdin.writableEnded) child.stdin.write(lines);
  };
  const end = (): void => {
    clearTimeout(idle);
    gone();
    send();
    child.stdin.end();
  };
  const rest = (): void => {
    clearTimeout(idle);
    if (questions.length > 0) return;
    idle = setTimeout(end, idleMs);
    idle.unref();
    keepAlive(child, false);
  };
  const fail = (error: Error): void => {
    gone();
    clearTimeout(idle);
    for (const question of questions.splice(0)) question.reject(error);
  };

  child.stdin.on('error', ignoreClosedInput);
  child.stderr.on('data', (chunk: Buffer) => { complaint = (complaint + chunk.toString()).slice(-2_000); });
  child.once('error', fail);
  child.once('close', (code) => fail(new GitFailed('cat-file', code, complaint.trim())));
  child.stdout.on('data', (chunk: Buffer) => {
    answers(chunk);
    rest();
  });
  rest();

  return {
    ask(verb, name) {
      // The framing is by lines; an object's name never holds one.
      if (/[\n\0]/.test(name)) return Promise.resolve(undefined);
      clearTimeout(idle);
      keepAlive(child, true);
      return new Promise((resolve, reject) => {
        questions.push({ verb, resolve, reject });
        // What is asked in one turn is written at once: a write costs more than a question.
        if (unsent === '') setImmediate(send);
        unsent += `${verb} ${name}\n`;
      });
    },
    busy: () => questions.length > 0,
    end,
  };
}

/** An idle reader must not keep the server from ending; a busy one must. */
function keepAlive(child: ChildProcessWithoutNullStreams, alive: boolean): void {
  const handles = [child, child.stdin, child.stdout, child.stderr] as unknown as { ref?(): void; unref?(): void }[];
  for (const handle of handles) {
    if (alive) handle.ref?.();
    else handle.unref?.();
  }
}

/** Takes the process's output as it comes and answers the questions in turn. */
function answerParser(questions: Question[]): (chunk: Buffer) => void {
  const chunks: Buffer[] = [];
  let held = 0;
  let pending: ObjectInfo | undefined;

  const take = (count: number): Buffer => {
    const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks.length = 0;
    if (all.length > count) chunks.push(all.subarray(count));
    held = all.length - count;
    return all.subarray(0, count);
  };

  const step = (): boolean => {
    const question = questions[0];
    if (!question) return false;
    if (pending) {
      if (held < pending.size + 1) return false;
      const contents = Buffer.from(take(pending.size + 1).subarray(0, pending.size));
      questions.shift();
      question.resolve({ ...pending, contents });
      pending = undefined;
      return true;
    }
    if (held === 0) return false;
    const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const newline = all.indexOf(10);
    if (newline < 0) return false;
    const info = parseHeader(take(newline + 1).toString('utf8', 0, newline));
    if (info && question.verb === 'contents') {
      pending = info;
      return true;
    }
    questions.shift();
    question.resolve(info);
    return true;
  };

  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    while (step());
  };
}

/** `<id> <type> <size>`; anything else (`<name> missing`, `<name> ambiguous`) means there is no such object. */
function parseHeader(line: string): ObjectInfo | undefined {
  const match = /^([0-9a-f]{40}) (commit|tree|blob|tag) (\d+)$/.exec(line);
  return match ? { id: match[1]!, type: match[2] as ObjectInfo['type'], size: Number(match[3]) } : undefined;
}
