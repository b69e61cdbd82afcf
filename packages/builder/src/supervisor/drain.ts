import { stat } from 'node:fs/promises';
import { isCode } from '../runners/processes.ts';
import { Bell, SpoolReader, supervisorLives, sweepHere } from './attach.ts';
import type { Attached } from './attach.ts';
import { spoolFile } from './folder.ts';
import { SpoolDamaged } from './frames.ts';

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
  readonly frames: readonly Attached[];
  /** There may be further frames already. */
  readonly more: boolean;
}

/**
 * The frames that are there now, without waiting. Like `attach`, it kills what is left of a build whose supervisor it
 * finds dead, and says so behind the last frame. Do not read on behind `exit`.
 */
export async function readSpool(buildFolder: string, { from = 0, most = 1_000, mostBytes = 2_000_000 }: ReadSpoolOptions = {}): Promise<SpoolPart> {
  const reader = new SpoolReader(buildFolder, from);
  const frames: Attached[] = [];
  const died = (reason: string): SpoolPart => ({ frames: [...frames, { frame: { type: 'supervisor-died', reason }, next: reader.offset }], more: false });
  try {
    // Asked before reading: what a supervisor wrote before it died is read in any case.
    const alive = await supervisorLives(buildFolder);
    for await (const attached of reader.read()) {
      frames.push(attached);
      if (attached.frame.type === 'exit') return { frames, more: false };
      if (frames.length === most || attached.next - from >= mostBytes) return { frames, more: true };
    }
    if (alive === true) return { frames, more: false };
    await sweepHere(buildFolder);
    return died(alive);
  } catch (error) {
    if (!(error instanceof SpoolDamaged)) throw error;
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
