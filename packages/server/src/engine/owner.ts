import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names an engine in its leases so that a restarted server knows its dead predecessor's at once, instead of waiting
 * for them to end: machine and pid namespace, pid, when that process started, and a random part.
 */
export function makeOwner(): string {
  return [machine(), process.pid, startOf(process.pid) ?? '', randomBytes(6).toString('hex')].join(' ');
}

/** True only when it is certain: same machine and namespace, and no such process, or one that started at another time. */
export function isDead(owner: string): boolean {
  const [place, pid, start] = owner.split(' ');
  if (place !== machine() || pid === undefined || start === undefined) return false;
  const number = Number(pid);
  if (!isRunning(number)) return true;
  const started = startOf(number);
  return start !== '' && started !== undefined && started !== start;
}

function machine(): string {
  return `${hostname().replaceAll(' ', '_')}/${linkOr('/proc/self/ns/pid')}/${textOr('/proc/sys/kernel/random/boot_id')}`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as someone else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Clock ticks since boot at which the process started; the 22nd field, counted behind the name, which may hold spaces. */
function startOf(pid: number): string | undefined {
  const stat = textOr(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

// Without /proc (not Linux) the parts are empty, and a lease's end decides instead.
function textOr(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
