import type { Credentials, PolicyDescriptorType } from '@slipway/contracts/sts';
import type { AssumableRoles } from '../../kernel/access.ts';
import type { SessionCredentials } from '../../kernel/peers.ts';
import { fail } from './fail.ts';
import { POLICY_ARNS, POLICY_SIZE } from './limits.ts';

/** The inline and managed policies that narrow a session, as documents. */
export async function sessionPolicies(roles: AssumableRoles, account: string, input: { Policy?: string | undefined; PolicyArns?: readonly PolicyDescriptorType[] | undefined }): Promise<string[]> {
  if (input.Policy !== undefined) roles.checkSessionPolicy(input.Policy);
  const arns = (input.PolicyArns ?? []).map(({ arn }) => {
    if (arn === undefined) throw fail('ValidationError', 'The ARN of a session policy is missing.', { status: 400 });
    return arn;
  });
  if (arns.length > POLICY_ARNS) throw fail('ValidationError', `Member must have length less than or equal to ${POLICY_ARNS}`, { status: 400 });
  return [...(input.Policy === undefined ? [] : [input.Policy]), ...(await roles.sessionDocuments(account, arns))];
}

/** Per cent of the space that AWS allows for session policies. */
export function packedSize(policies: readonly string[]): number | undefined {
  if (policies.length === 0) return undefined;
  return Math.ceil((policies.join('').length / (POLICY_SIZE * policies.length)) * 100);
}

export function toCredentials(session: SessionCredentials): Credentials {
  return { AccessKeyId: session.accessKeyId, SecretAccessKey: session.secretAccessKey, SessionToken: session.sessionToken, Expiration: session.expiration };
}
