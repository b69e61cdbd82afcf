import { readFileSync } from 'node:fs';

/**
 * Tells a process from a later one with the same id: clock ticks since boot at which it started. Undefined for one
 * that has ended, though its parent may not have taken note, for one that the system hides, and where there is no /proc.
 */
export function processStart(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command's name, in parentheses, may itself hold spaces and parentheses; the start is the 22nd field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** Names the time since the machine was started; undefined where there is no /proc. */
export const bootId = (): string | undefined => textOf('/proc/sys/kernel/random/boot_id');

/** What says that there is nothing to read; any other fault must not pass for a process that has ended. */
const UNREADABLE: readonly (string | undefined)[] = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (UNREADABLE.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
