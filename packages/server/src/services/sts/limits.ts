import { constrain } from '../../kernel/constraints.ts';
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

/** Throws AWS's ValidationError for members outside their documented bounds. */
export const validate = constrain({
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
}, (message) => fail('ValidationError', message, { status: 400 }));
