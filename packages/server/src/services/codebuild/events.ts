import type { BuildPhase } from '@slipway/contracts/codebuild';
import type { DomainEvent } from '../../engine/outbox.ts';
import { buildArn } from './arns.ts';
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
export function stateChange(build: StoredBuild): DomainEvent {
  return {
    ...common(build),
    detailType: 'CodeBuild Build State Change',
    detail: {
      'build-status': build.status,
      'project-name': build.project,
      'build-id': buildArn(build, build.id),
      'additional-information': additionalInformation(build),
      'current-phase': build.phase,
      'current-phase-context': '[]',
      version: '1',
    },
  };
}

/** CodeBuild Build Phase Change: a phase has ended. */
export function phaseChange(build: StoredBuild, phase: BuildPhase): DomainEvent {
  return {
    ...common(build),
    detailType: 'CodeBuild Build Phase Change',
    detail: {
      'completed-phase': phase.phaseType,
      'project-name': build.project,
      'build-id': buildArn(build, build.id),
      'completed-phase-context': contexts(phase),
      'additional-information': additionalInformation(build),
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

/** `[: ]` is AWS's form for a phase without a message. */
const contexts = (phase: BuildPhase): string => `[${(phase.contexts ?? []).map(({ statusCode = '', message = '' }) => `${statusCode}: ${message}`).join(', ') || ': '}]`;

function additionalInformation(build: StoredBuild): Record<string, unknown> {
  const { definition } = build;
  const { primary } = build.artifacts;
  const log = logNames(build);
  return {
    ...(primary ? { artifact: { md5sum: primary.md5sum, sha256sum: primary.sha256sum, location: primary.location } } : {}),
    environment: {
      image: definition.environment.image,
      'privileged-mode': definition.environment.privilegedMode ?? false,
      'compute-type': definition.environment.computeType,
      type: definition.environment.type,
      'environment-variables': (definition.environment.environmentVariables ?? []).map(({ name, value, type }) => ({ name, value, type: type ?? 'PLAINTEXT' })),
    },
    'timeout-in-minutes': definition.timeoutInMinutes,
    'build-complete': build.status !== 'IN_PROGRESS',
    initiator: build.initiator,
    'build-number': build.number,
    'build-start-time': eventDate(build.started_at),
    source: { location: definition.source.location, type: definition.source.type },
    'source-version': definition.sourceVersion,
    ...(log && build.log_stream !== null ? { logs: { 'group-name': log.group, 'stream-name': log.stream } } : {}),
    phases: build.phases.map((phase) => ({
      'phase-context': phase.contexts ? [contexts(phase).slice(1, -1)] : [],
      'start-time': phase.startTime && eventDate(phase.startTime),
      'end-time': phase.endTime && eventDate(phase.endTime),
      'duration-in-seconds': phase.durationInSeconds,
      'phase-type': phase.phaseType,
      'phase-status': phase.phaseStatus,
    })),
  };
}
