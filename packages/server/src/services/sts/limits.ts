import { fail } from './fail.ts';

/** https://docs.aws.amazon.com/STS/latest/APIReference/: seconds. */
export const DURATIONS = {
  assumeRole: { least: 900, most: 43_200, default: 3600 },
  /** A role assumed by a role's session. */
  chained: { most: 3600 },
  user: { least: 900, most: 129_600, default: 43_200 },
  root: { most: 3600 },
} as const;

/** Characters of an inline session policy. */
export const POLICY_SIZE = 2048;
export const POLICY_ARNS = 10;
export const SESSION_TAGS = 50;

/** Expired sessions are kept for a while, so that their keys are refused as expired rather than unknown. */
export const KEEP_EXPIRED_MS = 24 * 60 * 60 * 1000;

interface Constraint {
  readonly shortest?: number;
  readonly longest?: number;
  readonly pattern?: string;
  readonly least?: number;
  readonly most?: number;
}

const MEMBERS: Readonly<Record<string, Readonly<Record<string, Constraint>>>> = {
  AssumeRole: {
    RoleArn: { shortest: 20, longest: 2048 },
    RoleSessionName: { shortest: 2, longest: 64, pattern: '[\\w+=,.@-]*' },
    DurationSeconds: DURATIONS.assumeRole,
    ExternalId: { shortest: 2, longest: 1224, pattern: '[\\w+=,.@:\\/-]*' },
    Policy: { shortest: 1, longest: POLICY_SIZE },
  },
  GetSessionToken: { DurationSeconds: DURATIONS.user },
  GetFederationToken: { Name: { shortest: 2, longest: 32, pattern: '[\\w+=,.@-]*' }, DurationSeconds: DURATIONS.user, Policy: { shortest: 1, longest: POLICY_SIZE } },
  GetAccessKeyInfo: { AccessKeyId: { shortest: 16, longest: 128, pattern: '[\\w]*' } },
};

/** Throws AWS's ValidationError for members outside their documented bounds. */
export function validate(operation: string, input: unknown): void {
  const problems: string[] = [];
  for (const [member, constraint] of Object.entries(MEMBERS[operation] ?? {})) {
    const value = ((input ?? {}) as Readonly<Record<string, unknown>>)[member];
    const broken = typeof value === 'string' ? brokenText(value, constraint) : typeof value === 'number' ? brokenNumber(value, constraint) : undefined;
    if (broken !== undefined) problems.push(`Value '${String(value)}' at '${member[0]!.toLowerCase()}${member.slice(1)}' failed to satisfy constraint: ${broken}`);
  }
  if (problems.length > 0) throw fail('ValidationError', `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`, { status: 400 });
}

function brokenText(value: string, { shortest = 0, longest = Infinity, pattern }: Constraint): string | undefined {
  if (value.length < shortest) return `Member must have length greater than or equal to ${shortest}`;
  if (value.length > longest) return `Member must have length less than or equal to ${longest}`;
  return pattern !== undefined && !new RegExp(`^${pattern}$`).test(value) ? `Member must satisfy regular expression pattern: ${pattern}` : undefined;
}

function brokenNumber(value: number, { least = -Infinity, most = Infinity }: Constraint): string | undefined {
  if (value < least) return `Member must have value greater than or equal to ${least}`;
  return value > most ? `Member must have value less than or equal to ${most}` : undefined;
}
