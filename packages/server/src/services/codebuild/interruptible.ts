import type { Database } from '../../kernel/database.ts';
import { readBuild } from './build.ts';
import { interruption } from './decide.ts';
import type { StepRunner } from './steps.ts';
import { findBuild } from './store.ts';

/** How often a step that takes long is compared with what has been asked meanwhile. ms */
const LOOK = 300;

/**
 * A step that may wait for others, such as a registry or a git server: it is given up as soon as its build is to be
 * stopped or its time is over. The step itself, taken again, then ends the build.
 */
export function interruptible(db: Database, step: StepRunner): StepRunner {
  return async (deps, run, build) => {
    const given = new AbortController();
    const look = async (): Promise<void> => {
      const row = await findBuild(db, build, build.id);
      if (!row || interruption(readBuild(row), deps.clock.now())) given.abort();
    };
    // What cannot be read now is read the next time.
    const timer = setInterval(() => void look().catch((error: unknown) => deps.log.warn('A build cannot be looked at', { build: build.id, error })), LOOK);
    try {
      return await step(deps, { ...run, signal: AbortSignal.any([run.signal, given.signal]), fence: (tx) => run.fence(tx), again: (due) => run.again(due) }, build);
    } catch (error) {
      if (given.signal.aborted && !run.signal.aborted) return 'on';
      throw error;
    } finally {
      clearInterval(timer);
    }
  };
}
