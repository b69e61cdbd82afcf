import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { bootId, processStart } from '../kernel/processes.ts';

/**
 * Names an engine in its leases so that a restarted server knows its dead predecessor's at once, instead of waiting
 * for them to end: machine and pid namespace, pid, when that process started, and a random part.
 */
export function makeOwner(): string {
  return [machine(), process.pid, processStart(process.pid) ?? '', randomBytes(6).toString('hex')].join(' ');
}

/** True only when it is certain: same machine and namespace, and no such process, or one that started at another time. */
export function isDead(owner: string): boolean {
  const [place, pid, start] = owner.split(' ');
  if (place !== machine() || pid === undefined || start === undefined) return false;
  const number = Number(pid);
  if (!isRunning(number)) return true;
  const started = processStart(number);
  return start !== '' && started !== undefined && started !== start;
}

function machine(): string {
  return `${hostname().replaceAll(' ', '_')}/${linkOr('/proc/self/ns/pid')}/${bootId() ?? ''}`;
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

// Without /proc (not Linux) the parts are empty, and a lease's end decides instead.
function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
