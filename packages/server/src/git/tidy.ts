import { constants, setPriority } from 'node:os';
import { finished, spawnGit } from './process.ts';
import type { GitOptions } from './process.ts';

/**
 * Enough to pack: 20 packs or 2,000 loose objects. A pack of half a gigabyte stays as it is, so that no tidying copies a
 * large repository. Objects that nothing refers to are kept for two weeks: a push or an API commit that is about to
 * refer to one has that long.
 */
const TIDYING = [
  ['gc.auto', '2000'],
  ['gc.autoPackLimit', '20'],
  ['gc.bigPackThreshold', '512m'],
  ['gc.pruneExpire', '2.weeks.ago'],
  ['pack.threads', '1'],
  ['pack.windowMemory', '64m'],
] as const;

/** Packs references and, where there is enough of them, objects: one thread, behind everything else. */
export async function tidy(repository: string, signal: AbortSignal): Promise<void> {
  await behindOthers(['pack-refs', '--all', '--prune'], { repository, signal });
  await behindOthers(['gc', '--auto', '--quiet'], { repository, signal });
}

async function behindOthers(args: readonly string[], options: GitOptions): Promise<void> {
  const child = spawnGit(args, { ...options, configuration: TIDYING });
  const ended = finished(child, args[0] ?? '');
  child.stdin.end();
  child.stdout.resume();
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch (error) {
    // It may have ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
  }
  await ended;
}
