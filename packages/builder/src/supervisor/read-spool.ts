import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isCode } from '../is-code.ts';
import { spoolFile } from './folder.ts';
import { SpoolDamaged, decodeFrame } from './frames.ts';
import type { Frame } from './frames.ts';
import { Bell, requestStop } from './socket.ts';
import { supervisorLives, sweepHere } from './sweep.ts';

/** The supervisor is gone without an exit record: killed, out of memory, or the machine went down. Nothing follows it. */
export interface SupervisorDied {
  readonly type: 'supervisor-died';
  readonly reason: string;
}

export interface SpoolFrame {
  readonly frame: Frame | SupervisorDied;
  /** Read on from here for the frame after this one. */
  readonly next: number;
}

export interface ReadSpoolOptions {
  /** Where to begin in the spool: 0, or a `next` from before. */
  readonly from?: number;
  /** The most frames to answer. */
  readonly most?: number;
  /** The most bytes of the spool, give or take a frame: what a build says is held in memory while it is taken over. */
  readonly mostBytes?: number;
}

export interface SpoolPart {
  /** Ends with `exit` or `supervisor-died` when the build has. */
  readonly frames: readonly SpoolFrame[];
  /** There may be further frames already. */
  readonly more: boolean;
}

/**
 * The frames that are there now, without waiting. It kills what is left of a build whose supervisor it finds
 * dead, and says so behind the last frame. Do not read on behind `exit`.
 */
export async function readSpool(buildFolder: string, { from = 0, most = 1_000, mostBytes = 2_000_000 }: ReadSpoolOptions = {}): Promise<SpoolPart> {
  const reader = new SpoolReader(buildFolder, from);
  const frames: SpoolFrame[] = [];
  const died = (reason: string): SpoolPart => ({ frames: [...frames, { frame: { type: 'supervisor-died', reason }, next: reader.offset }], more: false });
  try {
    // Asked before reading: what a supervisor wrote before it died is read in any case.
    const alive = await supervisorLives(buildFolder);
    for await (const read of reader.read()) {
      frames.push(read);
      if (read.frame.type === 'exit') return { frames, more: false };
      if (frames.length === most || read.next - from >= mostBytes) return { frames, more: true };
    }
    if (alive === true) return { frames, more: false };
    await sweepHere(buildFolder);
    return died(alive);
  } catch (error) {
    if (!(error instanceof SpoolDamaged)) throw error;
    // Nobody can tell any more what a supervisor that lives on writes.
    await requestStop(buildFolder);
    return died(error.message);
  } finally {
    await reader.close();
  }
}

/**
 * Yields whenever there may be more to read in the spool, the first time at once, and ends when the supervisor has.
 * What happens while the consumer is busy is one yield.
 */
export async function* spoolGrowth(buildFolder: string, signal: AbortSignal): AsyncGenerator<void> {
  const bell = new Bell(buildFolder, signal);
  let known = -1;
  try {
    while (!signal.aborted) {
      await bell.connect();
      const alive = await supervisorLives(buildFolder);
      const size = await spoolSize(buildFolder);
      if (size !== known || alive !== true) yield;
      known = size;
      if (alive !== true) return;
      await bell.rings();
    }
  } finally {
    bell.close();
  }
}

async function spoolSize(buildFolder: string): Promise<number> {
  try {
    return (await stat(spoolFile(buildFolder))).size;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 0;
    throw error;
  }
}

class SpoolReader {
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

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
