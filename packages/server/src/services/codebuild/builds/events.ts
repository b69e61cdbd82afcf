import type { BuildPhase } from '@slipway/contracts/codebuild';
import type { DomainEvent } from '../../../engine/outbox.ts';
import { buildArn } from '../arns.ts';
import { logNames, type StoredBuild } from './build.ts';

/** AWS User Guide, "Build notifications input format reference". */
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

/** `Sep 1, 2017 4:12:29 PM`, in UTC: the form of dates in CodeBuild's events. */
export function eventDate(ms: number): string {
  const at = new Date(ms);
  const hour = at.getUTCHours();
  return `${months[at.getUTCMonth()]} ${at.getUTCDate()}, ${at.getUTCFullYear()} ${hour % 12 || 12}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
}

/** CodeBuild Build State Change: the build's status and everything known of it. */
export function stateChange(build: StoredBuild, endpoint: string): DomainEvent {
  return {
    ...common(build),
    detailType: 'CodeBuild Build State Change',
    detail: {
      'build-status': build.status,
      'project-name': build.project,
      'build-id': buildArn(build, build.id),
      'additional-information': additionalInformation(build, endpoint),
      'current-phase': build.phase,
      'current-phase-context': '[]',
      version: '1',
    },
  };
}

/** CodeBuild Build Phase Change: a phase has ended. */
export function phaseChange(build: StoredBuild, phase: BuildPhase, endpoint: string): DomainEvent {
  return {
    ...common(build),
    detailType: 'CodeBuild Build Phase Change',
    detail: {
      'completed-phase': phase.phaseType,
      'project-name': build.project,
      'build-id': buildArn(build, build.id),
      'completed-phase-context': `[${contextsOf(phase).join(', ')}]`,
      'additional-information': additionalInformation(build, endpoint),
      'completed-phase-status': phase.phaseStatus,
      'completed-phase-duration-seconds': phase.durationInSeconds,
      version: '1',
      'completed-phase-start': phase.startTime && eventDate(phase.startTime),
      'completed-phase-end': phase.endTime && eventDate(phase.endTime),
    },
  };
}

const common = (build: StoredBuild) => ({
  account: build.account,
  region: build.region,
  source: 'aws.codebuild',
  resources: [buildArn(build, build.id)],
  aggregate: `codebuild/build/${build.id}`,
});

/** The phases of CodeBuild's own that AWS gives no context when nothing is wrong with them; the others then have an empty one. */
const WITHOUT_CONTEXT: readonly (string | undefined)[] = ['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'COMPLETED'];

function contextsOf({ phaseType, contexts = [] }: BuildPhase): string[] {
  const told = contexts.filter(({ statusCode, message }) => statusCode || message).map(({ statusCode = '', message = '' }) => `${statusCode}: ${message}`);
  return told.length === 0 && !WITHOUT_CONTEXT.includes(phaseType) ? [': '] : told;
}

function additionalInformation(build: StoredBuild, endpoint: string): Record<string, unknown> {
  const { definition } = build;
  const { primary } = build.artifacts;
  const names = build.log_stream === null ? undefined : logNames(build);
  const deepLink = `${endpoint}/cloudwatch/home?region=${build.region}#logEvent:group=${names?.group ?? 'null'};stream=${names?.stream ?? 'null'}`;
  return {
    cache: { type: definition.cache?.type ?? 'NO_CACHE', location: definition.cache?.location },
    artifact: { md5sum: primary?.md5sum, sha256sum: primary?.sha256sum, location: primary?.location ?? '' },
    environment: {
      image: definition.environment.image,
      'privileged-mode': definition.environment.privilegedMode ?? false,
      'image-pull-credentials-type': definition.environment.imagePullCredentialsType ?? 'CODEBUILD',
      'compute-type': definition.environment.computeType,
      type: definition.environment.type,
      'environment-variables': (definition.environment.environmentVariables ?? []).map(({ name, value, type }) => ({ name, value, type: type ?? 'PLAINTEXT' })),
    },
    'timeout-in-minutes': definition.timeoutInMinutes,
    'build-complete': build.status !== 'IN_PROGRESS',
    initiator: build.initiator,
    'build-number': build.number,
    'build-start-time': eventDate(build.started_at),
    source: { buildspec: definition.source.buildspec, location: definition.source.location, type: definition.source.type },
    'source-version': definition.sourceVersion,
    'queued-timeout-in-minutes': definition.queuedTimeoutInMinutes,
    logs: { 'group-name': names?.group, 'stream-name': names?.stream, 'deep-link': deepLink },
    phases: build.phases.map((phase) => ({
      'phase-context': phase.endTime === undefined ? undefined : contextsOf(phase),
      'start-time': phase.startTime && eventDate(phase.startTime),
      'end-time': phase.endTime && eventDate(phase.endTime),
      'duration-in-seconds': phase.durationInSeconds,
      'phase-type': phase.phaseType,
      'phase-status': phase.phaseStatus,
    })),
  };
}
