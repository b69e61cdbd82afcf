import { readFileSync } from 'node:fs';
import { isCode } from '../is-code.ts';

/** What the kernel says in a file of its own, or undefined where it says nothing. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    // A process or a control group that is not there or ended meanwhile, or one of another user.
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}
