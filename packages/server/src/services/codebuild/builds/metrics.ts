import type { UsageInterval } from '@slipway/builder';
import type { BuildPhaseType } from '@slipway/contracts/codebuild';
import type { Advance, JobKey } from '../../../engine/jobs.ts';
import type { Database } from '../../../kernel/database.ts';
import type { MetricPoint, MetricReport, MetricSink, MetricValues } from '../../../kernel/metrics.ts';
import type { Place } from '../../../kernel/place.ts';
import { readBuild, type StoredBuild } from './build.ts';
import { findBuild } from './store.ts';

export const METRICS_JOB = 'codebuild/metrics';

/** The report of a build that is over: a job of its own, so that a crash between the end and the report loses neither. */
export const metricsJob = ({ account, region, id }: Place & { id: string }): JobKey => ({ kind: METRICS_JOB, account, region, id });

export function reportMetrics({ db, metrics }: { readonly db: Database; readonly metrics: MetricSink }): Advance {
  return async (run) => {
    const { account, region, id } = run.key;
    const row = await findBuild(db, run.key, id);
    if (row) await metrics.record({ account, region, namespace: 'AWS/CodeBuild', once: `codebuild/${id}`, data: buildMetrics(readBuild(row)) });
  };
}

/** AWS CodeBuild User Guide, "CodeBuild CloudWatch metrics". */
const DURATIONS: Partial<Record<BuildPhaseType, string>> = {
  SUBMITTED: 'SubmittedDuration',
  QUEUED: 'QueuedDuration',
  PROVISIONING: 'ProvisioningDuration',
  DOWNLOAD_SOURCE: 'DownloadSourceDuration',
  INSTALL: 'InstallDuration',
  PRE_BUILD: 'PreBuildDuration',
  BUILD: 'BuildDuration',
  POST_BUILD: 'PostBuildDuration',
  UPLOAD_ARTIFACTS: 'UploadArtifactsDuration',
  FINALIZING: 'FinalizingDuration',
};

/** What a build has used while it runs, from a frame of its spool that ends at `next`. */
export function usageReport(build: StoredBuild, interval: UsageInterval, next: number): MetricReport {
  const { account, region, id } = build;
  return { account, region, namespace: 'AWS/CodeBuild', once: `codebuild/${id}/usage/${next}`, data: utilization(build, interval) };
}

const MIB = 1024 ** 2;

/**
 * AWS CodeBuild User Guide, "CodeBuild CloudWatch resource utilization metrics": 1,024 units are one processor, bytes are by
 * the second. The network's are not among AWS's; they are named as those of its containers are. What a runner does not know
 * is not told.
 */
function utilization(build: StoredBuild, { from, to, granted, cpuMs, memoryBytes, ...bytes }: UsageInterval): MetricPoint[] {
  const took = Math.max(1, to - from);
  const points: Omit<MetricPoint, 'dimensions' | 'timestamp'>[] = [];
  if (cpuMs !== undefined) {
    points.push({ name: 'CPUUtilized', value: (cpuMs / took) * 1_024, unit: 'None' }, { name: 'CPUUtilizedPercent', value: Math.min(100, (cpuMs / took / granted.cpus) * 100), unit: 'Percent' });
  }
  if (memoryBytes !== undefined) {
    points.push({ name: 'MemoryUtilized', value: scaled(memoryBytes, 1 / MIB), unit: 'Megabytes' }, { name: 'MemoryUtilizedPercent', value: scaled(memoryBytes, 100 / granted.memoryBytes), unit: 'Percent' });
  }
  for (const [member, name] of RATES) {
    const used = bytes[member];
    if (used !== undefined) points.push({ name, value: (used / took) * 1_000, unit: 'Bytes/Second' });
  }
  return dimensionsOf(build).flatMap((dimensions) => points.map((point) => ({ ...point, dimensions, timestamp: to })));
}

const RATES = [['storageReadBytes', 'StorageReadBytes'], ['storageWrittenBytes', 'StorageWriteBytes'], ['networkReceivedBytes', 'NetworkRxBytes'], ['networkSentBytes', 'NetworkTxBytes']] as const;

const scaled = ({ count, sum, min, max }: MetricValues, by: number): MetricValues => ({ count, sum: sum * by, min: min * by, max: max * by });

const dimensionsOf = ({ project, id, number }: StoredBuild): readonly Readonly<Record<string, string>>[] => [{ ProjectName: project }, { ProjectName: project, BuildId: id, BuildNumber: String(number) }];

/** The supervisor's clock and the server's may disagree by a little. */
const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1000;

/** What a finished build counts for, once for its project and once for the account, and what it used at last. */
export function buildMetrics(build: StoredBuild): MetricPoint[] {
  const end = build.ended_at ?? build.started_at;
  const point = (name: string, value: number, unit: string, timestamp = end) => ({ name, value, unit, timestamp });
  const points = [
    point('Builds', 1, 'Count', build.started_at),
    ...(build.status === 'SUCCEEDED' ? [point('SucceededBuilds', 1, 'Count')] : []),
    // AWS counts client errors and timeouts; a fault is the service's own.
    ...(build.status === 'FAILED' || build.status === 'TIMED_OUT' ? [point('FailedBuilds', 1, 'Count')] : []),
    point('Duration', seconds(build.started_at, end), 'Seconds'),
    ...build.phases.flatMap(({ phaseType, startTime, endTime }) => {
      const name = phaseType && DURATIONS[phaseType];
      return name && startTime !== undefined && endTime !== undefined ? [point(name, seconds(startTime, endTime), 'Seconds', endTime)] : [];
    }),
  ];
  const forWhom: readonly Readonly<Record<string, string>>[] = [{ ProjectName: build.project }, {}];
  return [...forWhom.flatMap((dimensions) => points.map((one) => ({ ...one, dimensions }))), ...(build.usage === null ? [] : utilization(build, JSON.parse(build.usage) as UsageInterval))];
}
