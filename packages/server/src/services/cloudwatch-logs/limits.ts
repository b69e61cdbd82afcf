import { ServiceError } from '../../kernel/errors.ts';

/** CloudWatch Logs User Guide, "CloudWatch Logs quotas", and the API reference of PutLogEvents. */
export const MAX_BATCH_BYTES = 1_048_576;
export const EVENT_OVERHEAD_BYTES = 26;
export const MAX_BATCH_EVENTS = 10_000;
export const MAX_BATCH_SPAN = 24 * 3600_000;
export const TOO_NEW = 2 * 3600_000;
export const TOO_OLD = 14 * 24 * 3600_000;
export const MAX_PAGE_EVENTS = 10_000;
export const MAX_PAGE_BYTES = 1_048_576;
export const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const GROUP = /^[.\-_/#A-Za-z0-9]+$/;
const STREAM = /^[^:*]*$/;

const NAMES: Readonly<Record<string, RegExp>> = { logGroupName: GROUP, logStreamName: STREAM, logGroupNamePrefix: GROUP, logStreamNamePrefix: STREAM };
const RANGES: Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>> = {
  DescribeLogGroups: { limit: [1, 50] },
  DescribeLogStreams: { limit: [1, 50] },
  GetLogEvents: { limit: [1, MAX_PAGE_EVENTS], startTime: [0, Number.MAX_SAFE_INTEGER], endTime: [0, Number.MAX_SAFE_INTEGER] },
  FilterLogEvents: { limit: [1, MAX_PAGE_EVENTS], startTime: [0, Number.MAX_SAFE_INTEGER], endTime: [0, Number.MAX_SAFE_INTEGER] },
};

/** What AWS's model constrains beyond types, in AWS's words. */
export function validate(operation: string, input: unknown): void {
  const members = input as Readonly<Record<string, unknown>>;
  const violations = [...nameViolations(members), ...rangeViolations(operation, members), ...batchViolations(members)];
  if (violations.length === 0) return;
  const heading = `${violations.length} validation error${violations.length > 1 ? 's' : ''} detected: `;
  throw new ServiceError('InvalidParameterException', heading + violations.join('; '));
}

const violation = (value: unknown, at: string, constraint: string): string => `Value '${String(value)}' at '${at}' failed to satisfy constraint: ${constraint}`;

function* nameViolations(members: Readonly<Record<string, unknown>>): Iterable<string> {
  for (const [name, pattern] of Object.entries(NAMES)) {
    const value = members[name];
    if (typeof value !== 'string') continue;
    if (value.length < 1) yield violation(value, name, 'Member must have length greater than or equal to 1');
    else if (value.length > 512) yield violation(value, name, 'Member must have length less than or equal to 512');
    else if (!pattern.test(value)) yield violation(value, name, `Member must satisfy regular expression pattern: ${pattern === GROUP ? '[\\.\\-_/#A-Za-z0-9]+' : '[^:*]*'}`);
  }
}

function* rangeViolations(operation: string, members: Readonly<Record<string, unknown>>): Iterable<string> {
  for (const [name, [least, most]] of Object.entries(RANGES[operation] ?? {})) {
    const value = members[name];
    if (typeof value !== 'number') continue;
    if (value < least) yield violation(value, name, `Member must have value greater than or equal to ${least}`);
    if (value > most) yield violation(value, name, `Member must have value less than or equal to ${most}`);
  }
}

function* batchViolations({ logEvents }: { readonly logEvents?: unknown }): Iterable<string> {
  if (!Array.isArray(logEvents)) return;
  if (logEvents.length < 1) yield violation('[]', 'logEvents', 'Member must have length greater than or equal to 1');
  if (logEvents.length > MAX_BATCH_EVENTS) yield violation('[…]', 'logEvents', `Member must have length less than or equal to ${MAX_BATCH_EVENTS}`);
  const empty = (logEvents as readonly { message: string }[]).findIndex((event) => event.message === '');
  if (empty >= 0) yield violation('', `logEvents.${empty + 1}.member.message`, 'Member must have length greater than or equal to 1');
}
