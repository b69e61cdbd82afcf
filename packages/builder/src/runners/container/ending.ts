import { setTimeout as delay } from 'node:timers/promises';
import { buildProcesses, signal } from '../processes.ts';
import { EngineError } from './engine.ts';
import type { Engine } from './engine.ts';

/** A container, and what tells its processes from others. */
export interface Running {
  readonly engine: Engine;
  readonly id: string;
  readonly mark: string;
  /** The first process, as far as it is known on this machine; 0 where not. */
  readonly pid: number;
}

/** TERM to everything but the keeper; comes back when nothing else is left or the grace is over. */
export async function terminate({ engine, id, mark, pid: keeper }: Running, graceMs: number): Promise<void> {
  const until = performance.now() + graceMs;
  const all = buildProcesses(mark);
  const visible = all.length > 0;
  if (visible && maySignal(keeper)) {
    for (const { pid } of all) if (pid !== keeper) signal(pid, 'SIGTERM');
  } else {
    // From inside, "-1" is everybody but the first process and whoever asks. It takes the engine a while.
    await engine.exec(id, ['/bin/sh', '-c', 'kill -TERM -1']).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
    });
  }
  const left = (): boolean => !visible || buildProcesses(mark).some(({ pid }) => pid !== keeper);
  while (performance.now() < until && left()) await delay(25);
}

/** Not the processes of root's engine, where we are not root. */
function maySignal(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Ends whatever runs and removes the container. `rootless`: whether the engine is. */
export async function removeContainer({ engine, id, mark }: Running, { rootless }: { rootless: boolean }): Promise<void> {
  if (!rootless) await reclaim(engine, id);
  // An engine takes its time, in which a build that is to end could do more of what it is ended for. With the first
  // process of a container the kernel ends all others.
  for (const { pid } of buildProcesses(mark)) signal(pid, 'SIGKILL');
  await engine.remove(id);
}

/** Root's files in a container of a root engine are root's on this machine: whoever runs Slipway could not remove them. */
async function reclaim(engine: Engine, id: string): Promise<void> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid === 0 || (await engine.inspect(id))?.running !== true) return;
  await engine.exec(id, ['/bin/sh', '-c', 'kill -KILL -1; chown -R -h "$0" /codebuild /slipway/state', `${uid}:${gid}`]);
}

/** Why a container ended, if it was its engine that did. */
export async function lostEngine(engine: Engine): Promise<string | undefined> {
  try {
    await engine.ping();
    return undefined;
  } catch (error) {
    return `The build's container was lost with its engine: ${error instanceof Error ? error.message : String(error)}`;
  }
}
