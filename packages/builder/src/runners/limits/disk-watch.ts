import { lstat } from 'node:fs/promises';
import type { Writable } from '../runner.ts';
import { isCode } from '../../is-code.ts';
import { buildProcesses } from '../processes.ts';
import type { Limits } from './compute.ts';
import { MARGIN, countOf, roomAt, sizeOf } from './disk.ts';
import type { Room } from './disk.ts';
import { usageBelow, usageOfUnlinked } from './disk-usage.ts';
import type { DiskUsage } from './disk-usage.ts';

export interface WatchOptions {
  /** The build's own. */
  readonly folder: string;
  /** By which the build's processes are found, where there are any. */
  readonly mark?: string;
  readonly limits: Required<Pick<Limits, 'diskBytes' | 'inodes'>>;
  /** Once, with the cause in words. */
  readonly onExceeded: (cause: string) => void;
}

/** Faster than this no disk fills, preallocation included; per ms. */
const FASTEST = { bytes: 200_000_000, inodes: 500 };
/** Between two looks at what the disks have left, ms. */
const LOOK_MS = { least: 20, most: 250 };
/** Counting may take this part of the time; where there is reason to fear the worst, a third. */
const COUNTING = { share: 1 / 20, urgent: 1 / 3, firstMs: 1_500, leastMs: 5_000 };
/** Who uses less than this part of the reserve is not why a disk is full. */
const INNOCENT = 1 / 64;

const NO_DEVICE = 0;

/** Long enough to end a build and to remove what it has written. */
const PATIENCE_MS = 3_000;

/** A file system that the build writes to, by one of its paths. */
interface FileSystem {
  readonly path: string;
  readonly dev: number;
  /** When the watch began. */
  readonly first: Room;
  /** When the build's files were last counted. */
  counted: Room;
  now: Room;
}

/**
 * Ends a build that uses more of the disk than it may. A build cannot have used more than the disks have lost, and to ask
 * for that costs next to nothing; its files are counted only when that is too much, and otherwise at long intervals, for
 * what others free meanwhile hides what it takes.
 *
 * Life: `begin` when the workspace is open → looks by itself → `check` before its end → `close`.
 */
export class DiskWatch {
  readonly #options: WatchOptions;
  readonly #fileSystems: FileSystem[] = [];
  readonly #devices = new Set<number>();
  #places: Writable = { paths: [] };
  #image: DiskUsage = { bytes: 0, inodes: 0 };
  #used: DiskUsage = { bytes: 0, inodes: 0 };
  #countedAt = performance.now();
  #countingMs = 0;
  #counts = 0;
  #lowSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;
  /** Why the build was ended. */
  exceeded: string | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** What the build's files took when they were last counted; counted again by `check` only where the limits may be exceeded. */
  get used(): DiskUsage {
    return this.#used;
  }

  async begin(places: Writable = { paths: [] }): Promise<void> {
    this.#places = places;
    for (const path of [this.#options.folder, ...places.paths, ...(places.filled ?? [])]) {
      const dev = await deviceOf(path);
      if (dev === undefined || this.#fileSystems.some((known) => known.dev === dev)) continue;
      const room = await roomAt(path);
      this.#fileSystems.push({ path, dev, first: room, counted: room, now: room });
      this.#devices.add(dev);
    }
    for (const path of places.mounts ?? []) this.#devices.add((await deviceOf(path)) ?? NO_DEVICE);
    if (places.filled !== undefined) this.#image = await usageBelow(places.filled);
    this.#schedule();
  }

  /** Looks at all that has been written by now, and counts it where it may be too much. */
  async check(): Promise<void> {
    // A look that is under way may have passed by what came last.
    await this.#looking;
    await this.#lookAlone(true);
  }

  async #lookAlone(last: boolean): Promise<void> {
    if (this.#closed || this.exceeded !== undefined) return;
    await (this.#looking ??= this.#look(last).finally(() => {
      this.#looking = undefined;
    }));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#closed || this.exceeded !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#lookAlone(false).finally(() => this.#schedule()).catch((error: unknown) => this.#end(`the disk cannot be watched: ${error instanceof Error ? error.message : String(error)}`));
    }, this.#pause());
    this.#timer.unref();
  }

  /** Half of how long it takes at the very least until something has run out. */
  #pause(): number {
    const { diskBytes, inodes } = this.#options.limits;
    const most = this.#atMost();
    const left = [
      ...this.#fileSystems.map(({ now }) => Math.min((spare(now).bytes - MARGIN * most.bytes) / FASTEST.bytes, (spare(now).inodes - MARGIN * most.inodes) / FASTEST.inodes)),
      (diskBytes - most.bytes) / FASTEST.bytes, (inodes - most.inodes) / FASTEST.inodes,
    ];
    return Math.min(Math.max(Math.min(...left) / 2, LOOK_MS.least), LOOK_MS.most);
  }

  async #look(last: boolean): Promise<void> {
    for (const fileSystem of this.#fileSystems) fileSystem.now = await roomOf(fileSystem);
    const most = this.#atMost();
    const feared = this.#beyondLimits(most) !== undefined || this.#beyondMachine(most) !== undefined;
    if (!feared) this.#lowSince = undefined;
    if (!(last && feared) && !this.#mayCount(feared)) return;
    const before = this.#fileSystems.map(({ now }) => now);
    const from = performance.now();
    this.#used = await this.#count();
    this.#countedAt = performance.now();
    this.#countingMs = this.#countedAt - from;
    this.#counts += 1;
    for (const [index, fileSystem] of this.#fileSystems.entries()) fileSystem.counted = before[index] ?? fileSystem.now;
    this.#judge();
  }

  #mayCount(feared: boolean): boolean {
    const passed = performance.now() - this.#countedAt;
    if (feared) return passed >= this.#countingMs / COUNTING.urgent;
    return passed >= (this.#counts === 0 ? COUNTING.firstMs : Math.max(COUNTING.leastMs, this.#countingMs / COUNTING.share));
  }

  /** Nothing that others have freed counts against what the build may have taken. */
  #atMost(): DiskUsage {
    return {
      bytes: this.#fileSystems.reduce((sum, { counted, now }) => sum + Math.max(0, counted.bytes - now.bytes), this.#used.bytes),
      inodes: this.#fileSystems.reduce((sum, { counted, now }) => sum + lost(counted.inodes, now.inodes), this.#used.inodes),
    };
  }

  async #count(): Promise<DiskUsage> {
    const { folder, mark, limits } = this.#options;
    const { paths, filled = [], elsewhere } = this.#places;
    const enough = { bytes: limits.diskBytes + this.#image.bytes, inodes: limits.inodes + this.#image.inodes };
    const below = await usageBelow([folder, ...paths, ...filled], enough);
    const unlinked = usageOfUnlinked(mark === undefined ? [] : buildProcesses(mark).map(({ pid }) => pid), this.#devices);
    const bytes = Math.max(0, below.bytes - this.#image.bytes) + unlinked.bytes + ((await elsewhere?.()) ?? 0);
    const inodes = Math.max(0, below.inodes - this.#image.inodes) + unlinked.inodes;
    if (!below.hidden) return { bytes, inodes };
    // What cannot be looked at may be all that is gone.
    return {
      bytes: this.#fileSystems.reduce((most, { first, now }) => Math.max(most, first.bytes - now.bytes), bytes),
      inodes: this.#fileSystems.reduce((most, { first, now }) => Math.max(most, lost(first.inodes, now.inodes)), inodes),
    };
  }

  /** The build's own limits. */
  #beyondLimits(used: DiskUsage): string | undefined {
    const { diskBytes, inodes } = this.#options.limits;
    if (used.bytes > diskBytes) return `out of disk: the limit of the build is ${sizeOf(diskBytes)}`;
    return used.inodes > inodes ? `out of inodes: the limit of the build is ${countOf(inodes)} files and folders` : undefined;
  }

  /** The machine's: in words, and how long a build that is not alone in using the disk waits for others to make room, ms. */
  #beyondMachine(used: DiskUsage): { cause: string; patienceMs: number } | undefined {
    for (const { now, first } of this.#fileSystems) {
      const { bytes, inodes } = now.reserve;
      if (used.bytes > bytes * INNOCENT && spare(now).bytes < MARGIN * (used.bytes - bytes * INNOCENT)) {
        const cause = `out of disk: this machine has ${sizeOf(now.bytes)} left, ${sizeOf(bytes)} stay free for others, and the build uses ${sizeOf(used.bytes)}`;
        return { cause, patienceMs: patienceMs(used.bytes / (first.bytes - now.bytes)) };
      }
      if (used.inodes > inodes * INNOCENT && spare(now).inodes < MARGIN * (used.inodes - inodes * INNOCENT)) {
        const cause = `out of inodes: this machine has ${countOf(now.inodes)} left, ${countOf(inodes)} stay free for others, and the build uses ${countOf(used.inodes)}`;
        return { cause, patienceMs: patienceMs(used.inodes / (first.inodes - now.inodes)) };
      }
    }
    return undefined;
  }

  #judge(): void {
    const cause = this.#beyondLimits(this.#used);
    if (cause !== undefined) return this.#end(cause);
    const machine = this.#beyondMachine(this.#used);
    if (machine === undefined) {
      this.#lowSince = undefined;
      return;
    }
    this.#lowSince ??= performance.now();
    if (performance.now() - this.#lowSince >= machine.patienceMs) this.#end(machine.cause);
  }

  #end(why: string): void {
    if (this.#closed || this.exceeded !== undefined) return;
    this.exceeded = why;
    this.close();
    this.#options.onExceeded(this.exceeded);
  }
}

/** Above the reserve. */
function spare({ bytes, inodes, reserve }: Room): DiskUsage {
  return { bytes: bytes - reserve.bytes, inodes: inodes - reserve.inodes };
}

/** Who has taken the smaller part of what the disk has lost gives others time to be ended. */
function patienceMs(part: number): number {
  return part >= 1 / 2 ? 0 : PATIENCE_MS * (1 - part);
}

/** Where inodes are not counted, none is lost. */
function lost(before: number, now: number): number {
  return before === Infinity ? 0 : Math.max(0, before - now);
}

async function roomOf({ path, now }: FileSystem): Promise<Room> {
  try {
    return await roomAt(path);
  } catch (error) {
    // A container that has just ended takes its places with it.
    if (isCode(error, 'ENOENT', 'ESRCH')) return now;
    throw error;
  }
}

async function deviceOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).dev;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
}
