import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '../runners/container/engine.ts';
import { sweepContainers } from '../runners/container/leftovers.ts';
import { forbidProcesses, removeCgroup } from '../runners/limits/cgroup.ts';
import { buildProcesses, endProcesses, isCode } from '../runners/processes.ts';
import { isAlive, readClaim, shortSocketPath, spoolFile } from './folder.ts';
import { decodeFrame } from './frames.ts';
import type { Frame } from './frames.ts';

/** The supervisor is gone without an exit record: killed, out of memory, or the machine went down. Nothing follows it. */
export interface SupervisorDied {
  readonly type: 'supervisor-died';
  readonly reason: string;
}

export interface Attached {
  readonly frame: Frame | SupervisorDied;
  /** Attach again from here for the frame after this one. */
  readonly next: number;
}

export interface AttachOptions {
  /** Where to begin in the spool: 0, or a `next` from before. */
  readonly from?: number;
  /** Aborting ends the iteration quietly; the build goes on. */
  readonly signal?: AbortSignal;
}

/** How long to wait for a wake-up before looking anyway: a lost wake-up costs at most this. */
const LOOK_AGAIN_MS = 2_000;

/**
 * Follows a launched build: every frame from `from` on, as they come, ending after `exit` or `supervisor-died`.
 * Any number of followers may attach, at any time, also long after the build. When it finds the supervisor dead it
 * kills what is left of the build first.
 */
export async function* attach(buildFolder: string, { from = 0, signal }: AttachOptions = {}): AsyncGenerator<Attached> {
  const reader = new SpoolReader(buildFolder, from);
  const bell = new Bell(buildFolder, signal);
  const aborted = (): boolean => signal?.aborted === true;
  try {
    while (!aborted()) {
      await bell.connect();
      // Asked before reading: what a supervisor wrote before it died is read in any case.
      const alive = await supervisorLives(buildFolder);
      for await (const attached of reader.read()) {
        if (aborted()) return;
        yield attached;
        if (attached.frame.type === 'exit') return;
      }
      if (alive !== true) {
        await sweepHere(buildFolder);
        yield { frame: { type: 'supervisor-died', reason: alive }, next: reader.offset };
        return;
      }
      await bell.rings();
    }
  } finally {
    bell.close();
    await reader.close();
  }
}

/**
 * Asks a build to stop: TERM to all its processes, KILL soon after. The outcome arrives as the `exit` frame.
 * False when there is no supervisor to ask.
 */
export async function requestStop(buildFolder: string): Promise<boolean> {
  const socket = await dial(buildFolder);
  if (socket === undefined) return false;
  try {
    return await new Promise<boolean>((resolve) => {
      socket.on('data', (chunk) => {
        if (chunk.includes('ok')) resolve(true);
      });
      // Gone while asking: it had ended by itself.
      socket.on('close', () => resolve(false));
      socket.write(`${JSON.stringify({ type: 'stop' })}\n`);
    });
  } finally {
    socket.destroy();
  }
}

/** Kills whatever is left of a build whose supervisor is dead, and removes its containers. @throws EngineError while the engine that has them does not answer */
export async function sweep(buildFolder: string): Promise<void> {
  const claim = await readClaim(buildFolder);
  if (claim === undefined || (await isAlive(claim))) return;
  await forbidProcesses(claim.mark);
  await endProcesses(() => buildProcesses(claim.mark));
  await removeCgroup(claim.mark);
  await sweepContainers(buildFolder);
}

/** The same as far as this machine alone can do it: a build has ended also where its container's engine has. */
export async function sweepHere(buildFolder: string): Promise<void> {
  try {
    await sweep(buildFolder);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
}

/** True, or in words why not. */
export async function supervisorLives(folder: string): Promise<true | string> {
  const claim = await readClaim(folder);
  if (claim === undefined) return 'The build was never launched';
  return (await isAlive(claim)) ? true : `The supervisor of the build (process ${claim.pid}) ended without a result`;
}

export class SpoolReader {
  readonly #folder: string;
  #file: FileHandle | undefined;
  #pending: Buffer = Buffer.alloc(0);
  /** Behind the last frame that was handed out. */
  offset: number;

  constructor(folder: string, from: number) {
    this.#folder = folder;
    this.offset = from;
  }

  /** All whole frames that are there now. */
  async *read(): AsyncGenerator<{ frame: Frame; next: number }> {
    this.#file ??= await openIfThere(spoolFile(this.#folder));
    if (this.#file === undefined) return;
    for (;;) {
      const decoded = decodeFrame(this.#pending);
      if ('frame' in decoded) {
        this.#pending = this.#pending.subarray(decoded.length);
        this.offset += decoded.length;
        yield { frame: decoded.frame, next: this.offset };
        continue;
      }
      const more = Buffer.allocUnsafe(Math.max(65_536, decoded.need - this.#pending.length));
      const { bytesRead } = await this.#file.read(more, 0, more.length, this.offset + this.#pending.length);
      if (bytesRead === 0) return;
      this.#pending = Buffer.concat([this.#pending, more.subarray(0, bytesRead)]);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

/** Rings when the spool may have grown or the supervisor gone. Rings that nobody waited for are remembered. */
export class Bell {
  readonly #folder: string;
  readonly #signal: AbortSignal | undefined;
  #socket: Socket | undefined;
  #rung = false;
  #wake: (() => void) | undefined;

  constructor(folder: string, signal: AbortSignal | undefined) {
    this.#folder = folder;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#ring, { once: true });
  }

  readonly #ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  async connect(): Promise<void> {
    if (this.#socket !== undefined) return;
    this.#socket = await dial(this.#folder);
    this.#socket?.on('data', this.#ring);
    this.#socket?.on('close', () => {
      this.#socket = undefined;
      this.#ring();
    });
  }

  async rings(): Promise<void> {
    const patience = new AbortController();
    // Between its claim and its socket, or on its way out, a supervisor lives without a bell: look again soon.
    const wait = this.#socket === undefined ? 20 : LOOK_AGAIN_MS;
    try {
      if (this.#rung) {
        if (this.#socket === undefined && this.#signal?.aborted !== true) await delay(wait);
        return;
      }
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([rung, delay(wait, undefined, { signal: patience.signal }).catch(() => undefined)]);
    } finally {
      patience.abort();
      this.#wake = undefined;
      this.#rung = false;
    }
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#ring);
    this.#socket?.destroy();
  }
}

async function dial(folder: string): Promise<Socket | undefined> {
  let short;
  try {
    short = shortSocketPath(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const socket = connect({ path: short.path });
  try {
    await once(socket, 'connect');
    socket.on('error', () => socket.destroy());
    return socket;
  } catch (error) {
    // No supervisor, not yet or not any more; its claim tells which.
    if (isCode(error, 'ENOENT') || isCode(error, 'ECONNREFUSED') || isCode(error, 'ECONNRESET')) return undefined;
    throw error;
  } finally {
    short.release();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
