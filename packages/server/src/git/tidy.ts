import { constants, setPriority } from 'node:os';
import { finished, ignoreClosedInput, processIdentity, spawnGit } from './process.ts';
import type { GitOptions } from './process.ts';
import type { RefGuard } from './refs.ts';

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
  // References are packed by a command of their own, which has told of itself.
  ['gc.packRefs', 'false'],
] as const;

/**
 * Packs references and, where there is enough of them, objects: one thread, behind everything else. The guard stands
 * around the packing of references, which locks them as a movement does.
 */
export async function tidy(repository: string, signal: AbortSignal, guard: RefGuard): Promise<void> {
  await packReferences({ repository, signal }, guard);
  await behindOthers(['gc', '--auto', '--quiet'], { repository, signal });
}

async function packReferences(options: GitOptions, guard: RefGuard): Promise<void> {
  let settle: (() => Promise<void>) | undefined;
  try {
    await behindOthers(['pack-refs', '--all', '--prune'], { ...options, told: true }, async (process) => { settle = await guard.begin([], process); });
  } finally {
    await settle?.();
  }
}

async function behindOthers(args: readonly string[], options: GitOptions & { told?: boolean }, before?: (process: string) => Promise<void>): Promise<void> {
  const child = spawnGit(args, { ...options, configuration: TIDYING });
  const ended = finished(child, args[0] ?? '');
  // Awaited below, after `before`; until then a failure must not count as unhandled.
  ended.catch(() => undefined);
  child.stdin.on('error', ignoreClosedInput);
  child.stdout.resume();
  try {
    await before?.(processIdentity(child.pid ?? 0));
  } catch (error) {
    child.kill();
    throw error;
  }
  child.stdin.end('go\n');
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch (error) {
    // It may have ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
  }
  await ended;
}
