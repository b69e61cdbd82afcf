import { constrain } from '../../kernel/constraints.ts';
import type { Constraint } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
export const LIMITS = {
  /** Beside the default one. */
  buses: 100,
  rulesPerBus: 300,
  targetsPerRule: 5,
  patternSize: 4096,
  /** Bytes of a bus's policy. */
  policySize: 10_240,
  entriesPerPut: 10,
  /** Bytes of all entries of one PutEvents; 256 KiB until https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb (January 2026). */
  entriesSize: 1_048_576,
  /** Ours: beyond it rules and targets could not walk an event. */
  detailDepth: 1_000,
  pageSize: { default: 100, most: 100 },
  /** AWS's default retry policy, and the bounds of one's own. */
  retries: { attempts: 185, ageSeconds: 86_400, leastAgeSeconds: 60 },
  connections: 3_000,
  apiDestinations: 3_000,
  invocationsPerSecond: 300,
  runningReplays: 10,
  inputPaths: 100,
  /** Ours, in characters of what a template makes: twice the largest event. It may name the whole event a thousand times. */
  inputSize: 2_097_152,
} as const;

/** Between two attempts: doubling from one second up to this. */
export const LONGEST_RETRY_DELAY_MS = 10 * 60 * 1000;

/** How long an event's id is remembered, so that it is not delivered again; longer than the outbox may repeat it. */
export const REMEMBER_EVENTS_MS = 24 * 60 * 60 * 1000;

/** AWS shows replays for 90 days after their end. */
export const REMEMBER_REPLAYS_MS = 90 * 24 * 60 * 60 * 1000;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html: requests take at most this. ms */
export const HTTP_TIMEOUT_MS = 5_000;

const NAME = { shortest: 1, longest: 64, pattern: '[\\.\\-_A-Za-z0-9]+' };
const BUS_NAME = { shortest: 1, longest: 256, pattern: '[/\\.\\-_A-Za-z0-9]+' };
const BUS_NAME_OR_ARN = { shortest: 1, longest: 1600, pattern: '(arn:aws[\\w-]*:events:[a-z]+-[a-z]+-[\\w-]+:[0-9]{12}:event-bus\\/)?[/\\.\\-_A-Za-z0-9]+' };
const ARCHIVE_NAME = { shortest: 1, longest: 48, pattern: '[\\.\\-_A-Za-z0-9]+' };
const STATEMENT_ID = { shortest: 1, longest: 64, pattern: '[a-zA-Z0-9-_]+' };
const DESCRIPTION = { longest: 512 };
const ARN = { shortest: 1, longest: 1600 };
const CONNECTION_ARN = { shortest: 1, longest: 1600, pattern: 'arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/[\\-A-Za-z0-9]+' };
const RATE = { least: 1, most: LIMITS.invocationsPerSecond };
const ENDPOINT = { shortest: 1, longest: 2048, pattern: '((%[0-9A-Fa-f]{2}|[-()_.!~*\';/?:@\\x26=+$,A-Za-z0-9])+)([).!\';/?:,])?' };

/** Throws AWS's ValidationException for members outside their documented bounds. */
export const validate = constrain({
  '*': {
    Name: NAME,
    Rule: NAME,
    NamePrefix: NAME,
    Description: DESCRIPTION,
    EventBusName: BUS_NAME_OR_ARN,
    TargetArn: ARN,
    ResourceARN: ARN,
    ArchiveName: ARCHIVE_NAME,
    ReplayName: NAME,
    EventSourceArn: ARN,
    RetentionDays: { least: 0, most: Number.MAX_SAFE_INTEGER },
    Limit: { least: 1, most: LIMITS.pageSize.most },
  },
  CreateEventBus: { Name: BUS_NAME },
  UpdateEventBus: { Name: BUS_NAME },
  DeleteEventBus: { Name: BUS_NAME },
  // A bus may be named by its ARN.
  DescribeEventBus: { Name: BUS_NAME_OR_ARN },
  ListEventBuses: { NamePrefix: BUS_NAME },
  ListArchives: { NamePrefix: ARCHIVE_NAME },
  PutRule: { ScheduleExpression: { longest: 256 } },
  PutTargets: targetMembers(),
  RemoveTargets: { Ids: { shortest: 1, longest: 100 }, 'Ids.*.member': NAME },
  PutPermission: {
    EventBusName: BUS_NAME,
    Action: { shortest: 1, longest: 64, pattern: 'events:[a-zA-Z]+' },
    Principal: { shortest: 1, longest: 12, pattern: '(\\d{12}|\\*)' },
    StatementId: STATEMENT_ID,
  },
  RemovePermission: { EventBusName: BUS_NAME, StatementId: STATEMENT_ID },
  CreateApiDestination: { InvocationRateLimitPerSecond: RATE, InvocationEndpoint: ENDPOINT, ConnectionArn: CONNECTION_ARN },
  UpdateApiDestination: { InvocationRateLimitPerSecond: RATE, InvocationEndpoint: ENDPOINT, ConnectionArn: CONNECTION_ARN },
  CreateConnection: authParameters(),
  UpdateConnection: authParameters(),
}, (message) => fail('ValidationException', message));

function targetMembers(): Record<string, Constraint> {
  return {
    Targets: { shortest: 1, longest: 100 },
    'Targets.*.member.Id': NAME,
    'Targets.*.member.Arn': ARN,
    'Targets.*.member.RoleArn': ARN,
    'Targets.*.member.Input': { longest: 8192 },
    'Targets.*.member.InputPath': { longest: 256 },
    'Targets.*.member.InputTransformer.InputTemplate': { shortest: 1, longest: 8192 },
    'Targets.*.member.DeadLetterConfig.Arn': ARN,
    'Targets.*.member.RetryPolicy.MaximumRetryAttempts': { least: 0, most: LIMITS.retries.attempts },
    'Targets.*.member.RetryPolicy.MaximumEventAgeInSeconds': { least: LIMITS.retries.leastAgeSeconds, most: LIMITS.retries.ageSeconds },
  };
}

function authParameters(): Record<string, Constraint> {
  const value = { shortest: 1, longest: 512 };
  return {
    'AuthParameters.BasicAuthParameters.Username': value,
    'AuthParameters.BasicAuthParameters.Password': value,
    'AuthParameters.ApiKeyAuthParameters.ApiKeyName': value,
    'AuthParameters.ApiKeyAuthParameters.ApiKeyValue': value,
    'AuthParameters.OAuthParameters.ClientParameters.ClientID': value,
    'AuthParameters.OAuthParameters.ClientParameters.ClientSecret': value,
    'AuthParameters.OAuthParameters.AuthorizationEndpoint': ENDPOINT,
    'AuthParameters.InvocationHttpParameters.HeaderParameters': { longest: 100 },
    'AuthParameters.InvocationHttpParameters.QueryStringParameters': { longest: 100 },
    'AuthParameters.InvocationHttpParameters.BodyParameters': { longest: 100 },
  };
}
