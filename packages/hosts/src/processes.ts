import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that a number cannot be mistaken for once it is reused: the kernel's start time belongs to it. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTime: string;
}

/** Undefined when there is no such process, or only its zombie. */
export async function markOf(pid: number): Promise<ProcessMark | undefined> {
  const fields = await statOf(pid);
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, startTime: fields[19] ?? '' };
}

export async function isAlive(mark: ProcessMark): Promise<boolean> {
  return (await markOf(mark.pid))?.startTime === mark.startTime;
}

/** Kills the process and waits until it is gone. */
export async function killMarked(mark: ProcessMark): Promise<void> {
  while (await isAlive(mark)) {
    sendKill(mark.pid);
    await sleep(POLL_MS);
  }
}

/**
 * Kills every process whose environment holds `entry` (`NAME=value`), and waits until none is left. Children inherit the
 * entry, daemons that left their process group and session too.
 */
export async function killByEnvironment(entry: string): Promise<void> {
  // Twice empty: a process may be born, its environment not yet readable, while the list is read.
  for (let empty = 0; empty < 2;) {
    const found = await withEnvironment(entry);
    if (found.length === 0) empty += 1;
    else empty = 0;
    for (const pid of found) sendKill(pid);
    await sleep(POLL_MS);
  }
}

export async function withEnvironment(entry: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    // Gone by now, or another user's.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(entry)) found.push(Number(name));
  }
  return found;
}

const POLL_MS = 10;

/** The fields of /proc/PID/stat after the command's name, which may hold blanks and brackets. */
async function statOf(pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
