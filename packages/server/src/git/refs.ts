import { isObjectId, isReferenceName, NO_OBJECT } from './names.ts';
import type { RefCommand } from './pkt-line.ts';
import { finished, GitFailed, ignoreClosedInput, processIdentity, spawnGit } from './process.ts';

/**
 * What stands around every movement of references, whoever moves them. `begin` is called when the git process that will
 * move them exists but cannot move anything yet; it makes the intent durable and answers the function that settles it,
 * which is called when that process has ended, well or not.
 */
export interface RefGuard {
  begin(commands: readonly RefCommand[], process: string): Promise<() => Promise<void>>;
}

/** A reference was not where the change expected it. */
export class ReferenceMoved extends Error {
  override readonly name = 'ReferenceMoved';
}

/**
 * Moves references all or none, each only from its expected old value (forty zeros: it must not exist yet).
 * Throws `ReferenceMoved` when one is elsewhere or git cannot have the name beside an existing one (`a` and `a/b`).
 */
export async function moveReferences(path: string, commands: readonly RefCommand[], guard: RefGuard): Promise<void> {
  for (const { ref, old, new: next } of commands) {
    if (!isReferenceName(ref) || !isObjectId(old) || !isObjectId(next)) throw new Error('not a reference change');
  }
  const child = spawnGit(['update-ref', '--stdin', '-z'], { repository: path });
  const ended = finished(child, 'update-ref');
  // Its failure is awaited below, after the guard; until then it must not count as unhandled.
  ended.catch(() => undefined);
  child.stdin.on('error', ignoreClosedInput);
  child.stdout.resume();
  let settle: () => Promise<void>;
  try {
    settle = await guard.begin(commands, processIdentity(child.pid ?? 0));
  } catch (error) {
    child.kill();
    throw error;
  }
  child.stdin.end(`start\0${commands.map(instruction).join('')}prepare\0commit\0`);
  try {
    await ended;
  } catch (error) {
    if (error instanceof GitFailed && error.exitCode !== null) throw new ReferenceMoved('a reference has moved meanwhile', { cause: error });
    throw error;
  } finally {
    await settle();
  }
}

function instruction({ ref, old, new: next }: RefCommand): string {
  if (next === NO_OBJECT) return `delete ${ref}\0${old}\0`;
  return old === NO_OBJECT ? `create ${ref}\0${next}\0` : `update ${ref}\0${next}\0${old}\0`;
}
