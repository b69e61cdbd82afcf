import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isReferenceName } from './names.ts';

/** What git locks beside the references themselves: `HEAD` when the branch that it names moves, the packed ones when some are deleted or packed. */
const SHARED = ['HEAD', 'packed-refs'];

/**
 * Removes the locks that killed git processes have left on references: git waits a moment for a lock and then fails,
 * for ever. Only for a caller that knows that no process which moves, deletes or packs references is at work.
 */
export function breakReferenceLocks(path: string, refs: readonly string[]): void {
  for (const ref of [...SHARED, ...refs.filter(isReferenceName)]) rmSync(join(path, `${ref}.lock`), { force: true });
}
