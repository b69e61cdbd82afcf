import { setTimeout as delay } from 'node:timers/promises';
import type { JobRun } from '../../../engine/jobs.ts';
import { readBuild, type StoredBuild } from '../builds/build.ts';
import { endHere, interruption, type Ending } from './decide.ts';
import type { StepDeps } from './step.ts';
import { findBuild } from '../builds/store.ts';

/** How often is looked whether a build is to end that waits for others. ms */
const LOOK_MS = 300;

/**
 * Does what a step needs of others, who may take for ever: a registry, a git server, a bucket. When StopBuild or the end
 * of the build's time comes before or meanwhile, the work is given up, the build ends, and the answer is undefined.
 */
export async function unlessInterrupted<T>(deps: Pick<StepDeps, 'db' | 'clock' | 'log' | 'commit'>, run: JobRun, build: StoredBuild, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const { clock, commit } = deps;
  const over = new AbortController();
  const halt = new AbortController();
  let ending: Ending | undefined = interruption(build, clock.now());

  async function look(): Promise<void> {
    while (ending === undefined) {
      await delay(LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      const row = await findBuild(deps.db, build, build.id);
      ending = row && interruption(readBuild(row), clock.now());
    }
    halt.abort();
  }

  async function attempt(): Promise<T | undefined> {
    if (ending !== undefined) return undefined;
    const looking = look().catch((error: unknown) => deps.log.warn('Nobody looks whether a build is to end', { build: build.id, error }));
    try {
      return await work(AbortSignal.any([run.signal, halt.signal]));
    } catch (error) {
      // What is given up fails in ways of its own.
      if (!halt.signal.aborted) throw error;
      return undefined;
    } finally {
      over.abort();
      await looking;
    }
  }

  const done = await attempt();
  if (ending === undefined) return done;
  await commit(run, build, endHere(build, clock.now(), ending));
  return undefined;
}
