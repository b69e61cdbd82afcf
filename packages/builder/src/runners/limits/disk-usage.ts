import { lstatSync, opendirSync, readdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { isCode } from '../../is-code.ts';

/** What lies on a disk. */
export interface DiskUsage {
  /** As allocated: a file with gaps takes less than its length says. */
  readonly bytes: number;
  /** Files and folders. */
  readonly inodes: number;
}

/** How long other work of this process waits at most, ms. */
const SLICE_MS = 5;
/** Stat's blocks, whatever the file system's are. */
const BLOCK = 512;

interface Counted {
  bytes: number;
  inodes: number;
  /** There is something that we may not look at, or that lies too deep. */
  hidden: boolean;
}

/**
 * Counts what lies below these paths, each on its own file system, hard links once. Builds change it meanwhile, and the
 * answer is as good as that allows. It stops where `enough` is exceeded.
 *
 * Synchronous in slices: the kernel answers from memory, and a thread pool would make this many times slower.
 */
export async function usageBelow(paths: readonly string[], enough: DiskUsage = { bytes: Infinity, inodes: Infinity }): Promise<Counted> {
  const counted: Counted = { bytes: 0, inodes: 0, hidden: false };
  const linked = new Set<string>();
  let since = performance.now();
  const isEnough = (): boolean => counted.bytes > enough.bytes || counted.inodes > enough.inodes;
  for (const root of paths) {
    const top = statOf(root, counted);
    if (top === undefined) continue;
    const { dev } = top;
    count(counted, top, linked);
    for (const folders = top.isDirectory() ? [root] : []; folders.length > 0 && !isEnough(); ) {
      const folder = folders.pop() ?? '';
      for (const name of namesIn(folder, counted)) {
        const path = join(folder, name);
        const stat = statOf(path, counted);
        if (stat?.dev === dev) {
          count(counted, stat, linked);
          if (stat.isDirectory()) folders.push(path);
        }
        if (performance.now() - since < SLICE_MS) continue;
        if (isEnough()) break;
        await breathe();
        since = performance.now();
      }
    }
  }
  return counted;
}

function count(counted: Counted, stat: Stats, linked: Set<string>): void {
  if (stat.nlink > 1 && !stat.isDirectory()) {
    const key = `${stat.dev}:${stat.ino}`;
    if (linked.has(key)) return;
    linked.add(key);
  }
  counted.inodes += 1;
  counted.bytes += stat.blocks * BLOCK;
}

/** One after another: a folder may hold millions. */
function* namesIn(folder: string, counted: Counted): Generator<string> {
  let opened;
  try {
    opened = opendirSync(folder, { bufferSize: 256 });
  } catch (error) {
    if (isHidden(error)) counted.hidden = true;
    else if (!isGone(error)) throw error;
    return;
  }
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) yield entry.name;
  } catch (error) {
    if (!isGone(error)) throw error;
  } finally {
    opened.closeSync();
  }
}

function statOf(path: string, counted: Counted): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isHidden(error)) counted.hidden = true;
    else if (!isGone(error)) throw error;
    return undefined;
  }
}

/** Files that no folder holds any more, as long as one of these processes has them open. */
export function usageOfUnlinked(pids: readonly number[], devices: ReadonlySet<number>): DiskUsage {
  const counted: Counted = { bytes: 0, inodes: 0, hidden: false };
  const seen = new Set<string>();
  for (const pid of pids) {
    for (const fd of descriptorsOf(pid)) {
      const stat = openStat(`/proc/${pid}/fd/${fd}`);
      if (stat === undefined || stat.nlink > 0 || !stat.isFile() || !devices.has(stat.dev) || seen.has(`${stat.dev}:${stat.ino}`)) continue;
      seen.add(`${stat.dev}:${stat.ino}`);
      counted.inodes += 1;
      counted.bytes += stat.blocks * BLOCK;
    }
  }
  return counted;
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    if (isGone(error) || isHidden(error)) return [];
    throw error;
  }
}

function openStat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isGone(error) || isHidden(error)) return undefined;
    throw error;
  }
}

const isHidden = (error: unknown): boolean => isCode(error, 'EACCES', 'EPERM', 'ENAMETOOLONG');

/** Removed or replaced between two looks, or on a machine that is gone; ESRCH: the process has ended. */
function isGone(error: unknown): boolean {
  return isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ESRCH', 'ESTALE', 'EIO', 'ENOTCONN');
}
