import type { Build, BuildArtifacts, BuildPhase, BuildPhaseType, ExportedEnvironmentVariable, StatusType } from '@slipway/contracts/codebuild';
import { buildArn, defaultKeyArn, projectArn, SERVICE } from '../arns.ts';
import { s3Arn, s3Folder } from '../buckets.ts';
import { shownEnvironment, type BuildDefinition } from '../projects/definition.ts';
import type { BuildRow } from './store.ts';

export interface BuiltArtifacts {
  readonly primary?: BuildArtifacts;
  readonly secondary: readonly BuildArtifacts[];
}

/** A build's row with its JSON read. */
export interface StoredBuild extends Omit<BuildRow, 'definition' | 'phases' | 'exported' | 'artifacts' | 'status' | 'phase'> {
  readonly definition: BuildDefinition;
  readonly status: StatusType;
  readonly phase: BuildPhaseType;
  readonly phases: readonly BuildPhase[];
  readonly exported: readonly ExportedEnvironmentVariable[];
  readonly artifacts: BuiltArtifacts;
}

export function readBuild(row: BuildRow): StoredBuild {
  return {
    ...row,
    definition: JSON.parse(row.definition) as BuildDefinition,
    status: row.status as StatusType,
    phase: row.phase as BuildPhaseType,
    phases: JSON.parse(row.phases) as BuildPhase[],
    exported: JSON.parse(row.exported) as ExportedEnvironmentVariable[],
    artifacts: JSON.parse(row.artifacts) as BuiltArtifacts,
  };
}

/** The part of a build's id behind the project's name. */
export const uuidOf = (id: string): string => id.slice(id.indexOf(':') + 1);

/** How a build's service role is assumed. */
export const assumption = (build: StoredBuild): { roleArn: string; service: string; sessionName: string; sourceArn: string } => ({
  roleArn: build.definition.serviceRole, service: SERVICE, sessionName: `AWSCodeBuild-${uuidOf(build.id)}`, sourceArn: projectArn(build, build.project),
});

/** Whether it came past PROVISIONING: it has a folder, and FINALIZING in the end. */
export const wasProvisioned = ({ phases }: Pick<StoredBuild, 'phases'>): boolean => phases.some(({ phaseType, phaseStatus }) => phaseType === 'PROVISIONING' && phaseStatus === 'SUCCEEDED');

/** The most further builds that one may have: its project's or StartBuild's limit, or what the buildspec's `on-failure: RETRY` asks for. */
export const retryLimit = (build: Pick<StoredBuild, 'definition' | 'retry_limit'>): number => Math.max(build.definition.autoRetryLimit ?? 0, build.retry_limit ?? 0);

/** A build's log: the project's group and stream settings, else `/aws/codebuild/<project>` and the build's uuid. */
export function logNames(build: StoredBuild): { group: string; stream: string } | undefined {
  const settings = build.definition.logsConfig?.cloudWatchLogs;
  if (settings?.status === 'DISABLED') return undefined;
  const uuid = uuidOf(build.id);
  return { group: settings?.groupName ?? `/aws/codebuild/${build.project}`, stream: settings?.streamName ? `${settings.streamName}/${uuid}` : uuid };
}

/** Where in S3 a build's log goes when it is over: below the place that the settings name, by the build's uuid. */
export function s3LogPlace({ definition, id }: Pick<StoredBuild, 'definition' | 'id'>): { bucket: string; key: string } | undefined {
  const settings = definition.logsConfig?.s3Logs;
  if (settings?.status !== 'ENABLED') return undefined;
  const { bucket, folders } = s3Folder(settings.location ?? '');
  return { bucket, key: [...folders, `${uuidOf(id)}.gz`].join('/') };
}

/** Whether the build's lines are numbered and kept: for CloudWatch once that log is open, for S3 always. */
export const hasLog = (build: StoredBuild): boolean => build.log_stream !== null || s3LogPlace(build) !== undefined;

const fragmentName = (text: string): string => encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');

/** Where a person reads the log: the path of AWS's console, whose fragment carries names twice encoded with `$` for `%`. */
function logLink(endpoint: string, region: string, { group, stream }: { group: string; stream: string }): string {
  return `${endpoint}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${fragmentName(group)}/log-events/${fragmentName(stream)}`;
}

/** As BatchGetBuilds shows it; links lead to the endpoint. */
export function shownBuild(build: StoredBuild, endpoint: string): Build {
  const { definition } = build;
  const log = logNames(build);
  const opened = log && build.log_stream !== null;
  const s3Log = build.phases.some(({ phaseType }) => phaseType === 'PROVISIONING') ? s3LogPlace(build) : undefined;
  return {
    id: build.id,
    arn: buildArn(build, build.id),
    buildNumber: build.number,
    startTime: build.started_at,
    endTime: build.ended_at ?? undefined,
    currentPhase: build.phase,
    buildStatus: build.status,
    sourceVersion: definition.sourceVersion,
    resolvedSourceVersion: build.resolved_version ?? undefined,
    projectName: build.project,
    phases: [...build.phases],
    source: definition.source,
    secondarySources: definition.secondarySources ?? [],
    secondarySourceVersions: definition.secondarySourceVersions ?? [],
    artifacts: build.artifacts.primary ?? { location: '' },
    secondaryArtifacts: [...build.artifacts.secondary],
    cache: definition.cache ?? { type: 'NO_CACHE' },
    environment: shownEnvironment(definition.environment),
    serviceRole: definition.serviceRole,
    logs: {
      groupName: opened ? log.group : undefined,
      streamName: opened ? log.stream : undefined,
      deepLink: opened ? logLink(endpoint, build.region, log) : undefined,
      cloudWatchLogsArn: opened ? `arn:aws:logs:${build.region}:${build.account}:log-group:${log.group}:log-stream:${log.stream}` : undefined,
      s3DeepLink: s3Log ? `${endpoint}/s3/object/${s3Log.bucket}?region=${build.region}&prefix=${encodeURIComponent(s3Log.key)}` : undefined,
      s3LogsArn: s3Log && s3Arn(s3Log),
      cloudWatchLogs: definition.logsConfig?.cloudWatchLogs,
      s3Logs: definition.logsConfig?.s3Logs,
    },
    timeoutInMinutes: definition.timeoutInMinutes,
    queuedTimeoutInMinutes: definition.queuedTimeoutInMinutes,
    vpcConfig: definition.vpcConfig,
    buildComplete: build.status !== 'IN_PROGRESS',
    initiator: build.initiator,
    encryptionKey: definition.encryptionKey ?? defaultKeyArn(build),
    exportedEnvironmentVariables: [...build.exported],
    autoRetryConfig: autoRetries(build),
  };
}

function autoRetries(build: StoredBuild): Build['autoRetryConfig'] {
  const limit = retryLimit(build);
  if (limit === 0 && build.retry_number === 0) return undefined;
  const arn = (id: string | null): string | undefined => (id === null ? undefined : buildArn(build, id));
  return { autoRetryLimit: limit, autoRetryNumber: build.retry_number, nextAutoRetry: arn(build.next_retry), previousAutoRetry: arn(build.previous_retry) };
}
