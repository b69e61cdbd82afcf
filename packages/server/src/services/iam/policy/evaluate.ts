import type { CompiledPolicy, PreparedRequest } from './compile.ts';

export type PolicyType = 'identity-based policy' | 'resource-based policy' | 'permissions boundary' | 'session policy' | 'service control policy';

export type Decision =
  | { readonly allowed: true; readonly by: StatementRef }
  | { readonly allowed: false; readonly why: 'explicit'; readonly in: PolicyType; readonly by: StatementRef }
  | { readonly allowed: false; readonly why: 'implicit'; readonly in: PolicyType };

/** The statement that decided. */
export interface StatementRef {
  readonly type: PolicyType;
  readonly policy: CompiledPolicy;
  readonly index: number;
  readonly sid: string | undefined;
}

export interface Policies {
  readonly identity: readonly CompiledPolicy[];
  readonly resource?: readonly CompiledPolicy[];
  /** Absent: not limited. */
  readonly boundary?: CompiledPolicy | undefined;
  /** Absent or empty: not limited. */
  readonly session?: readonly CompiledPolicy[];
  /** One list per level from the organisation's root to the account; each level must allow. */
  readonly serviceControl?: readonly (readonly CompiledPolicy[])[];
  /** The resource belongs to another account than the principal: identity and resource policies must both allow. */
  readonly crossAccount?: boolean;
  /** The resource policy must allow even within one account: a role's trust policy, a key policy. */
  readonly resourceRequired?: boolean;
  /** The resource policy decides alone: a service principal has no identity policies. */
  readonly resourceAlone?: boolean;
}

/** AWS's evaluation: an explicit deny anywhere wins, then every kind that is present must allow. Pure. */
export function evaluate(request: PreparedRequest, policies: Policies): Decision {
  const denied = findDeny(request, policies);
  if (denied !== undefined) return { allowed: false, why: 'explicit', in: denied.type, by: denied };
  for (const level of policies.serviceControl ?? []) {
    if (findAllow(request, level, 'service control policy') === undefined) return no('service control policy');
  }
  const resource = findResourceAllow(request, policies.resource ?? []);
  if (policies.resourceAlone === true) return resource === undefined ? no('resource-based policy') : { allowed: true, by: resource.by };
  if ((policies.crossAccount === true || policies.resourceRequired === true) && resource === undefined) return no('resource-based policy');
  const here = policies.crossAccount !== true;
  // Within one account a resource policy that names the very user or session grants past boundary and session policies;
  // one that names the role behind a session replaces only the role's identity policies.
  if (here && resource?.reach === 'direct') return { allowed: true, by: resource.by };
  const identity = findAllow(request, policies.identity, 'identity-based policy');
  if (identity === undefined && !(here && resource?.reach === 'entity')) return no('identity-based policy');
  if (policies.boundary !== undefined && findAllow(request, [policies.boundary], 'permissions boundary') === undefined) return no('permissions boundary');
  if (policies.session !== undefined && policies.session.length > 0 && findAllow(request, policies.session, 'session policy') === undefined) return no('session policy');
  const by = identity ?? resource?.by;
  return by === undefined ? no('identity-based policy') : { allowed: true, by };
}

function no(type: PolicyType): Decision {
  return { allowed: false, why: 'implicit', in: type };
}

function findDeny(request: PreparedRequest, policies: Policies): StatementRef | undefined {
  const all: readonly (readonly [PolicyType, readonly CompiledPolicy[]])[] = [
    ['service control policy', policies.serviceControl?.flat() ?? []],
    ['resource-based policy', policies.resource ?? []],
    ['identity-based policy', policies.identity],
    ['permissions boundary', policies.boundary === undefined ? [] : [policies.boundary]],
    ['session policy', policies.session ?? []],
  ];
  for (const [type, list] of all) {
    const found = find(request, list, type, 'Deny');
    if (found !== undefined) return found;
  }
  return undefined;
}

function findAllow(request: PreparedRequest, list: readonly CompiledPolicy[], type: PolicyType): StatementRef | undefined {
  return find(request, list, type, 'Allow');
}

function find(request: PreparedRequest, list: readonly CompiledPolicy[], type: PolicyType, effect: 'Allow' | 'Deny'): StatementRef | undefined {
  for (const policy of list) {
    for (const [index, statement] of policy.statements.entries()) {
      if (statement.effect === effect && statement.principal(request.principal) !== 'no' && statement.applies(request)) {
        return { type, policy, index, sid: statement.sid };
      }
    }
  }
  return undefined;
}

function findResourceAllow(request: PreparedRequest, list: readonly CompiledPolicy[]): { reach: 'account' | 'entity' | 'direct'; by: StatementRef } | undefined {
  let found: { reach: 'account' | 'entity' | 'direct'; by: StatementRef } | undefined;
  for (const policy of list) {
    for (const [index, statement] of policy.statements.entries()) {
      if (statement.effect !== 'Allow') continue;
      const reach = statement.principal(request.principal);
      if (reach === 'no' || !statement.applies(request)) continue;
      const by: StatementRef = { type: 'resource-based policy', policy, index, sid: statement.sid };
      if (reach === 'direct') return { reach, by };
      if (found === undefined || reach === 'entity') found = { reach, by };
    }
  }
  return found;
}
