import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import type { MetricReport, MetricSink } from '../../../kernel/metrics.ts';
import type { Metrics } from '../../../metrics/index.ts';
import { pointOf, pointOfSet, sortedDimensions } from '../../../metrics/index.ts';
import { seenReport } from '../store/reports.ts';

/** Other rooms' own measures, under AWS's namespaces. A report that came already changes nothing. */
export function metricSink({ db, clock, metrics }: { db: Database; clock: Clock; metrics: Metrics }): MetricSink {
  return {
    async record(report: MetricReport) {
      const measures = report.data.map(({ name, dimensions, timestamp, value, unit }) => ({
        namespace: report.namespace, name, unit, time: timestamp, highResolution: false, dimensions: sortedDimensions(Object.entries(dimensions)), point: typeof value === 'number' ? pointOf(value) : pointOfSet(value),
      }));
      await db.transaction(async (tx) => {
        if (await seenReport(tx, report, clock.now())) return;
        await metrics.record(tx, report, measures);
      });
    },
  };
}
