import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '../../is-code.ts';
import { readProc } from '../proc.ts';
import { isLiving, processStat } from '../processes.ts';
import type { ProcessStat } from '../processes.ts';
import type { Groups } from '../usage/of-groups.ts';
import type { Limits } from './compute.ts';
import { CONTROLLERS, PARENT, ROOT, folderOf, foldersOf, groupMembers, isUnified, processLimit } from './groups.ts';

/** The control groups of one build. */
export interface Cgroup {
  /** The command that starts a program in them. */
  readonly enter: readonly string[];
  /** Where the kernel counts what they use. */
  readonly groups: Groups;
  /** Everything that lives in it: nothing leaves it that cannot write control groups. */
  processes(): ProcessStat[];
  remove(): Promise<void>;
}

const PERIOD_US = 100_000;

/** Writes "0" into each group's list of processes, then becomes the program. */
const ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 1; shift; done; shift; exec "$@"';

/** Makes the groups of a build, or undefined where this process may not: not root, or in a container without its own. */
export async function createCgroup(mark: string, limits: Limits): Promise<Cgroup | undefined> {
  const folders = foldersOf(mark);
  try {
    if (isUnified()) await makeUnified(folders[0] ?? '', limits);
    else await makeSeparate(mark, limits);
  } catch (error) {
    await removeCgroup(mark);
    if (isCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'EBUSY', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP')) return undefined;
    throw error;
  }
  const groups: Groups = isUnified() ? { unified: folders[0] ?? '' } : { memory: folderOf('memory', mark), cpu: folderOf('cpuacct', mark) };
  const procs = folders.map((folder) => join(folder, 'cgroup.procs'));
  return { enter: ['/bin/sh', '-c', ENTER, 'sh', ...procs, '--'], groups, processes: () => groupMembers(mark).flatMap((pid) => processStat(pid) ?? []).filter(isLiving), remove: () => removeCgroup(mark) };
}

/** The groups that a process is in; undefined unless `name` is part of their names, and where they are not to be seen from here. */
export function groupsOf(pid: number, name: string): Groups | undefined {
  const lines = (readProc(`/proc/${pid}/cgroup`) ?? '').split('\n').map((line) => line.split(':'));
  const folder = (controller: string): string | undefined => {
    const path = lines.find(([, controllers = '']) => controllers.split(',').includes(controller))?.[2];
    const found = path === undefined ? undefined : join(ROOT, controller, path);
    return found !== undefined && found.includes(name) && existsSync(found) ? found : undefined;
  };
  if (isUnified()) {
    const unified = folder('');
    return unified === undefined ? undefined : { unified };
  }
  const [memory, cpu] = [folder('memory'), folder('cpuacct')];
  return memory === undefined || cpu === undefined ? undefined : { memory, cpu };
}

/** From here on no process of the build's groups makes another: whatever is killed then stays dead. */
export async function forbidProcesses(mark: string): Promise<void> {
  try {
    await writeFile(processLimit(mark), '0', { flag: 'r+' });
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENODEV')) throw error;
  }
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
          if (isCode(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR')) break;
          throw error;
        }
        // The kernel takes a moment to forget processes that were killed.
        if (attempt >= 100) throw error;
        await delay(20);
      }
    }
  }
}

async function makeUnified(folder: string, { memoryBytes, cpus, processes }: Limits): Promise<void> {
  const enable = CONTROLLERS.map((controller) => `+${controller}`).join(' ');
  await mkdir(join(ROOT, PARENT), { recursive: true });
  for (const parent of [ROOT, join(ROOT, PARENT)]) {
    await writeFile(join(parent, 'cgroup.subtree_control'), enable);
    // For the counts alone: no limit hangs on it, and some kernels are built without.
    if ((readProc(join(parent, 'cgroup.controllers')) ?? '').split(/\s/).includes('io')) await writeFile(join(parent, 'cgroup.subtree_control'), '+io');
  }
  await mkdir(folder);
  if (memoryBytes !== undefined) {
    await writeFile(join(folder, 'memory.max'), String(memoryBytes));
    if (existsSync(join(folder, 'memory.swap.max'))) await writeFile(join(folder, 'memory.swap.max'), '0');
  }
  if (processes !== undefined) await writeFile(join(folder, 'pids.max'), String(processes));
  if (cpus !== undefined) await writeFile(join(folder, 'cpu.max'), `${Math.round(cpus * PERIOD_US)} ${PERIOD_US}`);
}

async function makeSeparate(mark: string, { memoryBytes, cpus, processes }: Limits): Promise<void> {
  const folders = foldersOf(mark);
  const [memory, pids, cpu] = folders as [string, string, string];
  for (const folder of folders) {
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
