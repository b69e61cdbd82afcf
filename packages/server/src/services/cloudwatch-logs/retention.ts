import type { Jobs } from '../../engine/jobs.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { LogStore } from '../../logs/index.ts';
import { DELETION, RETENTION } from './groups.ts';
import type { LogsTables } from './store.ts';

const DAY = 24 * 3600_000;

/** Background work: the bytes of deleted streams, and once a day what is older than a group's retention. */
export function handleJobs(deps: { jobs: Jobs; clock: Clock; logs: LogStore; rows: LogsTables }): void {
  const { jobs, clock, logs, rows } = deps;
  jobs.handle(DELETION, ({ key }) => logs.delete(key.id));
  jobs.handle(RETENTION, async (run) => {
    const group = await rows.group(run.key, run.key.id);
    if (group === undefined || group.retention_days === null) return;
    for (const stream of await rows.streams(run.key, group.name)) await logs.trim(stream.storage_id, clock.now() - group.retention_days * DAY);
    run.again(clock.now() + DAY);
  });
}
