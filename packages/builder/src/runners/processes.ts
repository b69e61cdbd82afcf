import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '../is-code.ts';
import { MARK } from './layout.ts';
import { groupMembers } from './limits/groups.ts';
import { readProc } from './proc.ts';

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  /** User and system time of the process and of its children that were waited for, in clock ticks. */
  readonly ticks: number;
  /** In ticks since boot: together with the pid it names one process for ever. */
  readonly started: string;
}

export function processStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command's name may hold spaces and parentheses; fields count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
  return { pid, parent: Number(fields[1]), state: fields[0] ?? '', ticks, started: fields[19] ?? '' };
}

export const isLiving = ({ state }: ProcessStat): boolean => state !== 'Z' && state !== 'X';

/**
 * Every living process of a build: those that carry its mark in their environment or are in its control groups, and all
 * descendants of these and of `roots`. A process that both clears its environment and leaves its parents
 * (`env -i setsid … &`) is found by its group alone, or by a runner with its own process namespace.
 */
export function buildProcesses(mark: string, roots: readonly number[] = []): ProcessStat[] {
  return markedProcesses(mark, [...roots, ...groupMembers(mark)]);
}

/** The same without a look at control groups, in which there are also processes that stand around the build. */
export function markedProcesses(mark: string, roots: readonly number[] = []): ProcessStat[] {
  const needle = `\0${MARK}=${mark}\0`;
  const living = new Map<number, ProcessStat>();
  const found = new Set<number>(roots);
  // Synchronous on purpose: the kernel answers from memory, and a thread pool would make this many times slower.
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const stat = processStat(pid);
    if (stat === undefined || !isLiving(stat)) continue;
    living.set(pid, stat);
    if (`\0${readProc(`/proc/${pid}/environ`) ?? ''}`.includes(needle)) found.add(pid);
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const stat of living.values()) {
      if (found.has(stat.parent) && !found.has(stat.pid)) {
        found.add(stat.pid);
        grown = true;
      }
    }
  }
  return [...found].flatMap((pid) => living.get(pid) ?? []);
}

/** The process and its descendants, as far as none has left its parents: cheaper than a search of the whole machine. */
export function processTree(pid: number): ProcessStat[] {
  const stat = processStat(pid);
  if (stat === undefined) return [];
  const children = (readProc(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter((child) => child !== '');
  return [stat, ...children.flatMap((child) => processTree(Number(child)))];
}

export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone between the search and the signal, or not ours to signal: the next search tells.
    if (!isCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}

/** TERM to all; comes back when none is left or the grace is over. */
export async function askProcesses(find: () => readonly ProcessStat[], graceMs: number): Promise<void> {
  for (const { pid } of find()) signal(pid, 'SIGTERM');
  const until = performance.now() + graceMs;
  while (performance.now() < until && find().length > 0) await delay(25);
}

/** KILL again and again until a search finds nothing: a fork may have slipped through one round. */
export async function endProcesses(find: () => readonly ProcessStat[]): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const left = find();
    if (left.length === 0) return;
    for (const { pid } of left) signal(pid, 'SIGKILL');
    await delay(Math.min(5 * (round + 1), 100));
  }
  throw new Error('Processes of the build survive SIGKILL');
}
