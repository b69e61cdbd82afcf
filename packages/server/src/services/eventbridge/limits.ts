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

interface Constraint {
  readonly longest: number;
  readonly pattern?: string;
}

const NAME: Constraint = { longest: 64, pattern: '[\\.\\-_A-Za-z0-9]+' };
const MEMBERS: Readonly<Record<string, Constraint>> = {
  Name: NAME,
  Rule: NAME,
  NamePrefix: NAME,
  Description: { longest: 512 },
  TargetArn: { longest: 1600 },
  ResourceARN: { longest: 1600 },
};

/** Throws AWS's ValidationException for members outside their documented bounds. */
export function validate(operation: string, input: unknown): void {
  const members = (input ?? {}) as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  for (const [member, { longest, pattern }] of Object.entries(MEMBERS)) {
    const value = members[member];
    if (typeof value !== 'string' || (operation === 'DescribeEventBus' && member === 'Name')) continue;
    const at = `Value '${value}' at '${member[0]!.toLowerCase()}${member.slice(1)}' failed to satisfy constraint`;
    if (value.length < 1) problems.push(`${at}: Member must have length greater than or equal to 1`);
    else if (value.length > longest) problems.push(`${at}: Member must have length less than or equal to ${longest}`);
    else if (pattern !== undefined && !new RegExp(`^${pattern}$`).test(value)) problems.push(`${at}: Member must satisfy regular expression pattern: ${pattern}`);
  }
  const limit = members['Limit'];
  if (typeof limit === 'number' && (limit < 1 || limit > LIMITS.pageSize.most)) {
    problems.push(`Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value ${limit < 1 ? 'greater than or equal to 1' : `less than or equal to ${LIMITS.pageSize.most}`}`);
  }
  if (problems.length > 0) throw fail('ValidationException', `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`);
}
