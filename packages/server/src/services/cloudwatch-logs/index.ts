import type { CloudWatchLogsApi } from '@slipway/contracts';
import type { Jobs } from '../../engine/jobs.ts';
import type { Authorizer } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import type { LogSink, LogStore } from '../../logs/index.ts';
import { access } from './access.ts';
import { events } from './events.ts';
import { filter } from './filter.ts';
import { groups } from './groups.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { handleJobs } from './retention.ts';
import { createLogSink } from './sink.ts';
import { store } from './store.ts';
import { streams } from './streams.ts';

/** CloudWatch Logs: names, retention and search over the log store; and the port through which other rooms write. */
export function createCloudWatchLogs(deps: { db: Database; clock: Clock; jobs: Jobs; paging: Paging; logs: LogStore; authorizer: Authorizer }): Room & { readonly logSink: LogSink } {
  const rows = store(deps.db);
  const inside = { ...deps, rows };
  handleJobs(inside);
  return {
    service: service<CloudWatchLogsApi>()({
      name: 'cloudwatch-logs',
      actionPrefix: 'logs',
      operations: { ...groups(inside), ...streams(inside), ...events(inside), ...filter(inside) },
      access,
      notYet,
      validate,
    }),
    migrations,
    logSink: createLogSink(inside),
  };
}
