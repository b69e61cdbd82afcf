import { constrain } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

/** CloudWatch Logs User Guide, "CloudWatch Logs quotas", and the API reference of PutLogEvents. */
export const MAX_BATCH_BYTES = 1_048_576;
export const EVENT_OVERHEAD_BYTES = 26;
const MAX_BATCH_EVENTS = 10_000;
export const MAX_BATCH_SPAN = 24 * 3600_000;
export const TOO_NEW = 2 * 3600_000;
export const TOO_OLD = 14 * 24 * 3600_000;
export const MAX_PAGE_EVENTS = 10_000;
export const MAX_PAGE_BYTES = 1_048_576;
const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const GROUP = { shortest: 1, longest: 512, pattern: '[\\.\\-_/#A-Za-z0-9]+' };
const STREAM = { shortest: 1, longest: 512, pattern: '[^:*]*' };
const TIMES = { startTime: { least: 0, most: Number.MAX_SAFE_INTEGER }, endTime: { least: 0, most: Number.MAX_SAFE_INTEGER } };

/** What AWS's model constrains beyond types, in AWS's words. */
export const validate = constrain({
  '*': { logGroupName: GROUP, logStreamName: STREAM, logGroupNamePrefix: GROUP, logStreamNamePrefix: STREAM },
  DescribeLogGroups: { limit: { least: 1, most: 50 } },
  DescribeLogStreams: { limit: { least: 1, most: 50 } },
  PutRetentionPolicy: { retentionInDays: { oneOf: RETENTION_DAYS } },
  PutLogEvents: { logEvents: { shortest: 1, longest: MAX_BATCH_EVENTS }, 'logEvents.*.member.message': { shortest: 1 } },
  GetLogEvents: { limit: { least: 1, most: MAX_PAGE_EVENTS }, ...TIMES },
  FilterLogEvents: { limit: { least: 1, most: MAX_PAGE_EVENTS }, ...TIMES },
}, (message) => fail('InvalidParameterException', message));
