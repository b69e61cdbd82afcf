import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '../processes.ts';
import type { Limits } from './compute.ts';

/** The control groups of one build. */
export interface Cgroup {
  /** A process that writes "0" into each of these is in it, with all that it starts. */
  readonly procs: readonly string[];
  /** Whether a process of the build was killed because the memory was used up. */
  outOfMemory(): Promise<boolean>;
  remove(): Promise<void>;
}

const ROOT = '/sys/fs/cgroup';
const PARENT = 'slipway';
const PERIOD_US = 100_000;

/** Makes the groups of a build, or undefined where this process may not: not root, or in a container without its own. */
export async function createCgroup(mark: string, limits: Limits): Promise<Cgroup | undefined> {
  const folders = foldersOf(mark);
  try {
    if (isUnified()) await makeUnified(folders[0] ?? '', limits);
    else await makeSeparate(mark, limits);
  } catch (error) {
    await removeCgroup(mark);
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'EBUSY', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].some((code) => isCode(error, code))) return undefined;
    throw error;
  }
  return { procs: folders.map((folder) => join(folder, 'cgroup.procs')), outOfMemory: () => outOfMemory(mark), remove: () => removeCgroup(mark) };
}

/** Removes what `createCgroup` made, by whomever: its processes must have ended or be about to. */
export async function removeCgroup(mark: string): Promise<void> {
  for (const folder of foldersOf(mark)) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await rmdir(folder);
        break;
      } catch (error) {
        if (!isCode(error, 'EBUSY')) {
          if (['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].some((code) => isCode(error, code))) break;
          throw error;
        }
        // The kernel takes a moment to forget processes that were killed.
        if (attempt >= 100) throw error;
        await delay(20);
      }
    }
  }
}

const CONTROLLERS = ['memory', 'pids', 'cpu'] as const;

const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'));

function foldersOf(mark: string): string[] {
  return isUnified() ? [join(ROOT, PARENT, mark)] : CONTROLLERS.map((controller) => join(ROOT, controller, PARENT, mark));
}

async function makeUnified(folder: string, { memoryBytes, cpus, processes }: Limits): Promise<void> {
  const enable = CONTROLLERS.map((controller) => `+${controller}`).join(' ');
  await mkdir(join(ROOT, PARENT), { recursive: true });
  for (const parent of [ROOT, join(ROOT, PARENT)]) await writeFile(join(parent, 'cgroup.subtree_control'), enable);
  await mkdir(folder);
  if (memoryBytes !== undefined) {
    await writeFile(join(folder, 'memory.max'), String(memoryBytes));
    if (existsSync(join(folder, 'memory.swap.max'))) await writeFile(join(folder, 'memory.swap.max'), '0');
  }
  if (processes !== undefined) await writeFile(join(folder, 'pids.max'), String(processes));
  if (cpus !== undefined) await writeFile(join(folder, 'cpu.max'), `${Math.round(cpus * PERIOD_US)} ${PERIOD_US}`);
}

async function makeSeparate(mark: string, { memoryBytes, cpus, processes }: Limits): Promise<void> {
  const [memory, pids, cpu] = foldersOf(mark) as [string, string, string];
  for (const folder of [memory, pids, cpu]) {
    // Never a folder on a file system that only looks like the hierarchy.
    if (!existsSync(join(folder, '..', '..', 'cgroup.procs'))) throw Object.assign(new Error(`No control groups at ${folder}`), { code: 'ENOENT' });
    await mkdir(folder, { recursive: true });
  }
  if (memoryBytes !== undefined) {
    await writeFile(join(memory, 'memory.limit_in_bytes'), String(memoryBytes));
    const swap = join(memory, 'memory.memsw.limit_in_bytes');
    if (existsSync(swap)) await writeFile(swap, String(memoryBytes));
  }
  if (processes !== undefined) await writeFile(join(pids, 'pids.max'), String(processes));
  if (cpus !== undefined) {
    await writeFile(join(cpu, 'cpu.cfs_period_us'), String(PERIOD_US));
    await writeFile(join(cpu, 'cpu.cfs_quota_us'), String(Math.round(cpus * PERIOD_US)));
  }
}

async function outOfMemory(mark: string): Promise<boolean> {
  const [folder = ''] = foldersOf(mark);
  try {
    const text = await readFile(join(folder, isUnified() ? 'memory.events' : 'memory.oom_control'), 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}
