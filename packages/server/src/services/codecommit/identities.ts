import { parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

/** What filters by a user find wrong with its ARN. */
export type IdentityFault = 'invalid' | 'unknown';

/**
 * Checks an ARN by which a listing is filtered. Whether the user exists (still) is IAM's to know, and a listing by one who
 * is gone is worth having: only other accounts' users are unknown.
 */
export function identityFault(arn: string, { account }: Place): IdentityFault | undefined {
  const parsed = parseArn(arn);
  if (!parsed || !['iam', 'sts'].includes(parsed.service) || !/^(root$|(user|assumed-role|federated-user)\/.+)/.test(parsed.resource)) return 'invalid';
  return parsed.account === account ? undefined : 'unknown';
}
