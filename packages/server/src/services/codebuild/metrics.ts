import { availableParallelism } from 'node:os';
import { computeLimits } from '@slipway/builder';
import type { BuildPhaseType } from '@slipway/contracts/codebuild';
import type { Advance, JobKey } from '../../engine/jobs.ts';
import type { Database } from '../../kernel/database.ts';
import type { MetricPoint, MetricSink } from '../../kernel/metrics.ts';
import type { Place } from '../../kernel/place.ts';
import { readBuild } from './build.ts';
import type { StoredBuild } from './build.ts';
import { findBuild } from './store.ts';

/** The report of a build that is over: a job of its own, so that a crash between the end and the report loses neither. */
export const metricsJob = ({ account, region, id }: Place & { id: string }): JobKey => ({ kind: 'codebuild/metrics', account, region, id });

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

/**
 * "CodeBuild resource utilization metrics", as far as runners measure it: the processor's, as the mean over the commands'
 * phases. 1,024 units are one processor. Memory, storage and network are not measured and therefore not told.
 */
function utilization(build: StoredBuild): Omit<MetricPoint, 'dimensions'>[] {
  const commands = build.phases.filter(({ phaseType }) => COMMANDS.includes(phaseType));
  const [from, to] = [commands[0]?.startTime, commands.at(-1)?.endTime];
  if (!build.cpu_ms || from === undefined || to === undefined || to <= from) return [];
  const processors = build.cpu_ms / (to - from);
  const granted = Math.min(computeLimits(build.definition.environment.computeType)?.cpus ?? Infinity, availableParallelism());
  return [
    { name: 'CPUUtilized', value: processors * 1_024, unit: 'None', timestamp: to },
    { name: 'CPUUtilizedPercent', value: Math.min(100, (processors / granted) * 100), unit: 'Percent', timestamp: to },
  ];
}

const COMMANDS: readonly (BuildPhaseType | undefined)[] = ['INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD'];

/** The supervisor's clock and the server's may disagree by a little. */
const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1000;

/** What a finished build counts for, once for its project and once for the account. */
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
  const forBuild = { ProjectName: build.project, BuildId: build.id, BuildNumber: String(build.number) };
  const forWhom: readonly Readonly<Record<string, string>>[] = [{ ProjectName: build.project }, {}];
  return [...forWhom.flatMap((dimensions) => points.map((one) => ({ ...one, dimensions }))), ...[{ ProjectName: build.project }, forBuild].flatMap((dimensions) => utilization(build).map((one) => ({ ...one, dimensions })))];
}
