import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { NO_OBJECT } from './names.ts';
import { LARGEST_OBJECT, receiving } from './receiving.ts';
import { readPushHead } from './pkt-line.ts';
import type { PushHead } from './pkt-line.ts';
import { finished, GitFailed, processIdentity, spawnGit } from './process.ts';
import type { RefGuard } from './refs.ts';

export type GitService = 'git-upload-pack' | 'git-receive-pack';

export interface Exchange {
  /** The request's body, decompressed. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly output: Writable;
  /** The `Git-Protocol` header. */
  readonly protocol?: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface Push extends Exchange {
  readonly guard: RefGuard;
  /** Decides on the commands before git sees anything; a throw refuses the push as a whole. */
  accept(head: PushHead): Promise<void>;
  /** Called once, right before the first byte of the answer. */
  started(): void;
  /** The client goes on listening without ending what it sends, unless a pack ends it: SSH. */
  readonly open?: boolean;
}

/** Writes the references that a repository offers, as `GET info/refs` shows them; does not end `output`. */
export async function advertise(path: string, service: GitService, { output, protocol, signal }: Omit<Exchange, 'body'>): Promise<void> {
  const child = spawnGit([verbOf(service), '--stateless-rpc', '--http-backend-info-refs', '--', path], { env: protocolEnvironment(protocol) });
  await stream(child, verbOf(service), nothing(), output, signal);
}

const nothing = (): AsyncIterableIterator<Uint8Array> => Readable.from([])[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>;

/** Serves a whole fetch over one connection in both directions, as SSH has it. */
export async function converse(path: string, { body, output, protocol, signal }: Exchange): Promise<void> {
  const child = spawnGit(['upload-pack', '--', path], { env: protocolEnvironment(protocol) });
  await stream(child, 'upload-pack', body, output, signal);
}

/** Serves one request of a fetch: streams both ways, at the pace of the slower side. Ends git when the client goes. */
export async function uploadPack(path: string, { body, output, protocol, signal }: Exchange): Promise<void> {
  const child = spawnGit(['upload-pack', '--stateless-rpc', '--', path], { env: protocolEnvironment(protocol) });
  await stream(child, 'upload-pack', body, output, signal);
}

/**
 * Serves a push. Its bytes go to receive-pack as they come, but for the last piece: git can move no reference before
 * it has the end of the pack, so the guard's intent is made when the whole push has arrived, right before that end is
 * handed over. However slowly a client sends, an intent is short-lived. What receive-pack reports goes to the client
 * untouched; the answer ends only when the change is settled.
 *
 * A client that goes away before the end ends git, and nothing has changed. One that goes away later does not stop
 * what it has ordered.
 */
export async function receivePack(path: string, push: Push, largestFile?: number): Promise<void> {
  const { body, output, protocol, signal } = push;
  const chunks = body[Symbol.asyncIterator]();
  const head = await acceptedHead(chunks, push);
  const endsHere = push.open === true && !hasPack(head);
  if (head.commands.length === 0) {
    // Nothing to change, or the probe ahead of a large push: git would answer nothing either.
    push.started();
    return;
  }

  const child = spawnGit(['receive-pack', '--stateless-rpc', '--', path], { env: { ...protocolEnvironment(protocol), GIT_ALLOC_LIMIT: LARGEST_OBJECT }, configuration: await receiving(path, largestFile) });
  const patience = new AbortController();
  const leave = (): void => patience.abort(signal.reason);
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  let begun: Promise<() => Promise<void>> | undefined;
  const whenComplete = async (): Promise<void> => {
    signal.throwIfAborted();
    signal.removeEventListener('abort', leave);
    await (begun = push.guard.begin(head.commands, processIdentity(child.pid ?? 0)));
  };
  push.started();
  try {
    await stream(child, 'receive-pack', holdingTheEnd(head.bytes, endsHere ? nothing() : chunks, whenComplete), output, patience.signal);
  } finally {
    signal.removeEventListener('abort', leave);
    // Git may have ended while the guard was at it; what has begun is settled all the same.
    const settle = await begun?.catch(() => undefined);
    await settle?.();
  }
}

/** The commands, once they are accepted. A refused client is heard to its end, since it reads no answer before. */
async function acceptedHead(chunks: AsyncIterator<Uint8Array>, push: Push): Promise<PushHead> {
  let head: PushHead | undefined;
  try {
    head = await readPushHead(chunks);
    await push.accept(head);
    return head;
  } catch (error) {
    if (push.open === true && (head === undefined || !hasPack(head))) throw error;
    while (!(await chunks.next()).done);
    throw error;
  }
}

/** Whether a pack follows the commands: deletions alone need none. */
const hasPack = ({ commands }: PushHead): boolean => commands.some(({ new: next }) => next !== NO_OBJECT);

/** Passes chunks on, always one behind; calls `complete` when there are no more, before the last. */
async function* holdingTheEnd(first: Uint8Array, rest: AsyncIterator<Uint8Array, unknown>, complete: () => Promise<void>): AsyncGenerator<Uint8Array> {
  let held = first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    if (next.value.length === 0) continue;
    yield held;
    held = next.value;
  }
  await complete();
  yield held;
}

/**
 * Feeds the body to git and git's output to the client; does not end `output`. Git's own refusals are part of its
 * output and exit with 128 or 1: for those the exchange has still been had.
 */
async function stream(child: ChildProcessWithoutNullStreams, verb: string, body: AsyncIterable<Uint8Array>, output: Writable, signal: AbortSignal): Promise<void> {
  const ended = finished(child, verb);
  ended.catch(() => undefined);
  // A closed pipe shows as git's exit.
  child.stdin.on('error', () => undefined);
  const kill = (): void => { child.kill(); };
  if (signal.aborted) kill();
  signal.addEventListener('abort', kill, { once: true });
  try {
    const closed = new Promise<void>((resolve) => { child.stdin.once('close', resolve); });
    // Git may end before it has read everything, and before a client that waits for its answer sends more; its exit tells.
    const fed = Promise.race([feed(body, child.stdin), closed]).catch((error: unknown) => {
      // A body that breaks off must end git.
      child.kill();
      throw error;
    });
    // Feeding and answering end in either order; a failure of one shows as the end of the other.
    const [feeding, answering] = await Promise.allSettled([fed, answer(child, output)]);
    if (feeding.status === 'rejected') throw feeding.reason;
    signal.throwIfAborted();
    if (answering.status === 'rejected') throw answering.reason;
    await ended.catch((error: unknown) => {
      if (!(error instanceof GitFailed) || error.exitCode === null) throw error;
    });
  } finally {
    signal.removeEventListener('abort', kill);
    if (child.exitCode === null) child.kill();
    await ended.catch(() => undefined);
  }
}

/** What may wait to be written while more is read: a write for each piece that comes, awaited, costs more than the bytes. bytes */
const AHEAD = 256 * 1_024;

/** Gives git what the body brings, at git's pace. */
async function feed(body: AsyncIterable<Uint8Array>, input: Writable): Promise<void> {
  for await (const chunk of body) {
    if (input.destroyed) return;
    input.write(chunk);
    if (input.writableLength > AHEAD) await drained(input);
  }
  input.end();
}

/** Writes git's output to the client at the client's pace. For a client that has gone, git's output is read all the same. */
async function answer(child: ChildProcessWithoutNullStreams, output: Writable): Promise<void> {
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    if (output.destroyed) continue;
    output.write(chunk);
    if (output.writableLength > AHEAD) await drained(output);
  }
}

function drained(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      output.off('drain', go).off('close', go);
      resolve();
    };
    output.on('drain', go).on('close', go);
    if (output.destroyed) go();
  });
}

const verbOf = (service: GitService): string => service.slice('git-'.length);

/** Only what git's own protocol names may reach the environment. */
function protocolEnvironment(protocol: string | undefined): Record<string, string> {
  return protocol !== undefined && /^[a-z0-9=:.-]{1,200}$/i.test(protocol) ? { GIT_PROTOCOL: protocol } : {};
}
