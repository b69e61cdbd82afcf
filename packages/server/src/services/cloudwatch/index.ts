import type { CloudWatchApi } from '@slipway/contracts';
import type { Jobs } from '../../engine/jobs.ts';
import type { Outbox } from '../../engine/outbox.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Log } from '../../kernel/log.ts';
import type { MetricSink } from '../../kernel/metrics.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Peers } from '../../kernel/peers.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import type { Metrics } from '../../metrics/index.ts';
import { access } from './access.ts';
import { actInJobs } from './alarms/actions.ts';
import { evaluateInJobs } from './alarms/advance.ts';
import { alarms } from './alarms/alarms.ts';
import { compositeAlarms } from './alarms/composite-alarms.ts';
import { dashboards } from './dashboards/dashboards.ts';
import { getMetricData } from './metrics/get-metric-data.ts';
import { getMetricStatistics } from './metrics/get-metric-statistics.ts';
import { validate } from './limits.ts';
import { listMetrics } from './metrics/list-metrics.ts';
import { metricAlarms } from './alarms/metric-alarms.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { putMetricData } from './metrics/put-metric-data.ts';
import { metricSink } from './metrics/sink.ts';
import { tagOperations } from './tags.ts';
import { tidyInJobs } from './tidy.ts';

export interface CloudWatchDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly log: Log;
  /** Where the points are kept. */
  readonly metrics: Metrics;
}

export interface CloudWatchRoom extends Room {
  /** By which other rooms report measures of their own. */
  readonly metrics: MetricSink;
}

/** Metrics, math over them, and alarms on both. */
export function createCloudWatch(deps: CloudWatchDeps): CloudWatchRoom {
  evaluateInJobs(deps);
  actInJobs(deps);
  const tidy = tidyInJobs(deps);
  return {
    service: service<CloudWatchApi>()({
      name: 'cloudwatch',
      operations: {
        ...putMetricData(deps), ...getMetricData(deps), ...getMetricStatistics(deps), ...listMetrics(deps),
        ...metricAlarms(deps), ...compositeAlarms(deps), ...alarms(deps), ...dashboards(deps), ...tagOperations(deps),
      },
      access,
      notYet,
      validate,
    }),
    migrations,
    start: tidy,
    metrics: metricSink(deps),
  };
}
