import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { MARK } from './layout.ts';

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  /** User and system time of the process and of its children that were waited for, in clock ticks. */
  readonly ticks: number;
  /** In ticks since boot: together with the pid it names one process for ever. */
  readonly started: string;
}

export async function processStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command's name may hold spaces and parentheses; fields count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
  return { pid, parent: Number(fields[1]), state: fields[0] ?? '', ticks, started: fields[19] ?? '' };
}

/**
 * Every living process of a build: those that carry its mark in their environment and all descendants of these and of
 * `roots`. A process that both clears its environment and leaves its parents (`env -i setsid … &`) escapes this search;
 * only a runner with its own process namespace catches that one.
 */
export async function buildProcesses(mark: string, roots: readonly number[] = []): Promise<ProcessStat[]> {
  const needle = `${MARK}=${mark}\0`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const living = new Map<number, ProcessStat>();
  const found = new Set<number>(roots);
  await Promise.all(pids.map(async (pid) => {
    if (pid === process.pid) return;
    const [stat, environment] = await Promise.all([processStat(pid), readProc(`/proc/${pid}/environ`)]);
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return;
    living.set(pid, stat);
    if (environment !== undefined && `\0${environment}`.includes(`\0${needle}`)) found.add(pid);
  }));
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

export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone between the search and the signal, or not ours to signal: the next search tells.
    if (!isCode(error, 'ESRCH') && !isCode(error, 'EPERM')) throw error;
  }
}

/** TERM to all, then KILL again and again until a search finds nothing: a fork may have slipped through one round. */
export async function endProcesses(find: () => Promise<readonly ProcessStat[]>, graceMs: number): Promise<void> {
  if (graceMs > 0) {
    for (const { pid } of await find()) signal(pid, 'SIGTERM');
    const until = performance.now() + graceMs;
    while (performance.now() < until && (await find()).length > 0) await delay(25);
  }
  for (let round = 0; round < 200; round += 1) {
    const left = await find();
    if (left.length === 0) return;
    for (const { pid } of left) signal(pid, 'SIGKILL');
    await delay(Math.min(5 * (round + 1), 100));
  }
  throw new Error('Processes of the build survive SIGKILL');
}

async function readProc(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    // A process that ended meanwhile, or one of another user.
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH') || isCode(error, 'EACCES') || isCode(error, 'EPERM')) return undefined;
    throw error;
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
