import { constrain } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
export const LIMITS = {
  rulesPerBus: 300,
  targetsPerRule: 5,
  patternSize: 4096,
  entriesPerPut: 10,
  /** Bytes of all entries of one PutEvents. */
  entriesSize: 1_048_576,
  /** Ours: beyond it rules and targets could not walk an event. */
  detailDepth: 1_000,
  pageSize: { default: 100, most: 100 },
  /** AWS's default retry policy, and the bounds of one's own. */
  retries: { attempts: 185, ageSeconds: 86_400, leastAgeSeconds: 60 },
} as const;

/** Between two attempts: doubling from one second up to this. */
export const LONGEST_RETRY_DELAY_MS = 10 * 60 * 1000;

/** How long an event's id is remembered, so that it is not delivered again; longer than the outbox may repeat it. */
export const REMEMBER_EVENTS_MS = 24 * 60 * 60 * 1000;

const NAME = { shortest: 1, longest: 64, pattern: '[\\.\\-_A-Za-z0-9]+' };

/** Throws AWS's ValidationException for members outside their documented bounds. */
export const validate = constrain({
  '*': {
    Name: NAME,
    Rule: NAME,
    NamePrefix: NAME,
    Description: { shortest: 1, longest: 512 },
    TargetArn: { shortest: 1, longest: 1600 },
    ResourceARN: { shortest: 1, longest: 1600 },
    Limit: { least: 1, most: LIMITS.pageSize.most },
  },
  // A bus may be named by its ARN.
  DescribeEventBus: { Name: {} },
}, (message) => fail('ValidationException', message));
