import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readProc } from '../proc.ts';

/** Where the control groups of builds lie. */
export const ROOT = '/sys/fs/cgroup';
export const PARENT = 'slipway';
export const CONTROLLERS = ['memory', 'pids', 'cpu'] as const;

export const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'));

/** Without a limit of its own: it counts, in the separate hierarchies where it stands beside `cpu` or under the same folder. */
const COUNTING = 'cpuacct';

export const folderOf = (controller: string, mark: string): string => join(ROOT, controller, PARENT, mark);

/** The groups of one build, of memory, processes and processors, or the one for all of them. */
export function foldersOf(mark: string): string[] {
  if (isUnified()) return [join(ROOT, PARENT, mark)];
  return [...CONTROLLERS, ...(existsSync(join(ROOT, COUNTING)) ? [COUNTING] : [])].map((controller) => folderOf(controller, mark));
}

const processGroup = (mark: string): string => foldersOf(mark)[isUnified() ? 0 : 1] ?? '';

/** The processes in a build's groups: none leaves them by leaving its parents. Empty where there are no groups. */
export function groupMembers(mark: string): number[] {
  return (readProc(join(processGroup(mark), 'cgroup.procs')) ?? '').split('\n').filter((pid) => pid !== '').map(Number);
}

/** The file that says how many processes a build may have. */
export const processLimit = (mark: string): string => join(processGroup(mark), 'pids.max');
