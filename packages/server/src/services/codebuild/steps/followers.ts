import { setTimeout as delay } from 'node:timers/promises';
import { spoolGrowth } from '@slipway/builder';
import type { Jobs } from '../../../engine/jobs.ts';
import type { Database } from '../../../kernel/database.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Place } from '../../../kernel/place.ts';
import { buildJob } from '../builds/job.ts';

/** News that comes alone is taken over at once; the more a build says, the more of it is taken over together. ms */
const PAUSE = { least: 10, most: 200 } as const;

/** Wakes a running build's job when its supervisor has told something new. One follower per build and process. */
export interface Followers {
  /** Does nothing when the build is followed already. */
  follow(build: Place & { id: string }, folder: string): void;
  end(id: string): void;
  stop(): Promise<void>;
}

export function createFollowers({ db, jobs, log }: { db: Database; jobs: Pick<Jobs, 'wake'>; log: Log }): Followers {
  const following = new Map<string, { controller: AbortController; ended: Promise<void> }>();
  let stopped = false;

  async function run(build: Place & { id: string }, folder: string, signal: AbortSignal): Promise<void> {
    let pause: number = PAUSE.least;
    let rested = 0;
    try {
      for await (const _ of spoolGrowth(folder, signal)) {
        pause = performance.now() - rested < pause ? Math.min(pause * 2, PAUSE.most) : PAUSE.least;
        await db.transaction((tx) => jobs.wake(tx, buildJob(build)));
        await delay(pause, undefined, { signal });
        rested = performance.now();
      }
    } catch (error) {
      // The job's own tick goes on without us.
      if (!signal.aborted) log.error('A running build cannot be followed', { build: build.id, error });
    }
  }

  return {
    follow(build, folder) {
      if (stopped || following.has(build.id)) return;
      const controller = new AbortController();
      const ended = run(build, folder, controller.signal).finally(() => following.delete(build.id));
      following.set(build.id, { controller, ended });
    },
    end: (id) => following.get(id)?.controller.abort(),
    async stop() {
      stopped = true;
      const all = [...following.values()];
      for (const { controller } of all) controller.abort();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}
