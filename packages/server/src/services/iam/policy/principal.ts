import type { Statement } from './document.ts';

/** Who asks, as resource and trust policies name principals. */
export interface RequestPrincipal {
  readonly kind: 'root' | 'user' | 'role' | 'service';
  readonly account: string;
  /** `arn:aws:sts::A:assumed-role/R/S` for a session, the entity's own ARN otherwise; a service's name for `service`. */
  readonly arn: string;
  /** The user's or role's ARN. */
  readonly principalArn: string;
  /** AIDA…, AROA…:session */
  readonly userId: string;
}

/**
 * How far a statement reaches the principal: `account` hands the decision to the account's own identity policies,
 * `entity` names the role behind a session, `direct` names the very principal (or everybody).
 */
export type PrincipalMatch = 'no' | 'account' | 'entity' | 'direct';

export function principalTest(statement: Statement): (principal: RequestPrincipal) => PrincipalMatch {
  const { principals } = statement;
  if (principals === undefined) return () => 'direct';
  const find = principals === '*' ? (): PrincipalMatch => 'direct' : (principal: RequestPrincipal): PrincipalMatch => best(principals, principal);
  return statement.notPrincipals ? (principal) => (find(principal) === 'no' ? 'direct' : 'no') : find;
}

function best(principals: Readonly<Record<string, readonly string[]>>, principal: RequestPrincipal): PrincipalMatch {
  // AWS reads { "AWS": "*" } as it reads "*": everybody, services too.
  if (principal.kind === 'service') return principals['AWS']?.includes('*') === true || principals['Service']?.some((name) => name.toLowerCase() === principal.arn.toLowerCase()) === true ? 'direct' : 'no';
  let found: PrincipalMatch = 'no';
  for (const name of principals['AWS'] ?? []) {
    const match = reach(name, principal);
    if (match === 'direct') return 'direct';
    if (match === 'entity' || (match === 'account' && found === 'no')) found = match;
  }
  return found;
}

function reach(name: string, principal: RequestPrincipal): PrincipalMatch {
  if (name === '*' || name === principal.arn || name === principal.userId) return 'direct';
  if (name === principal.principalArn || name === principal.userId.split(':')[0]) return principal.kind === 'role' ? 'entity' : 'direct';
  return name === principal.account || (name.endsWith(`::${principal.account}:root`) && name.startsWith('arn:')) ? 'account' : 'no';
}
