import type { STSApi } from '@slipway/contracts';
import type { AssumableRoles } from '../../kernel/access.ts';
import type { Caller } from '../../kernel/caller.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { federatedUserArn } from './arns.ts';
import { fail, notSupported } from './fail.ts';
import { DURATIONS } from './limits.ts';
import { packedSize, sessionPolicies, toCredentials } from './session-policies.ts';
import type { Sessions } from './sessions.ts';

const document = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** AWS keeps IAM, and most of STS, from keys that GetSessionToken made without a second factor. */
const WITHOUT_IAM = document(
  { Effect: 'Allow', Action: '*', Resource: '*' },
  { Effect: 'Deny', Action: 'iam:*', Resource: '*' },
  { Effect: 'Deny', NotAction: ['sts:AssumeRole', 'sts:TagSession', 'sts:GetCallerIdentity'], Resource: 'arn:aws:sts:*' },
);

/** A federated user without policies of its own may do nothing. */
const NOTHING = document({ Effect: 'Deny', Action: '*', Resource: '*' });

/** Sessions of users, and of users whom users vouch for. */
export function userSessions({ roles, sessions }: { roles: AssumableRoles; sessions: Sessions }) {
  return {
    async GetSessionToken(input, call) {
      refuseMembers(input, ['SerialNumber', 'TokenCode', 'MinimumSessionTokenSize'], notSupported);
      refuseSessions(call, 'GetSessionToken');
      const caller: Caller = { ...call.caller, sessionPolicies: [WITHOUT_IAM] };
      return { Credentials: toCredentials(await sessions.open(caller, duration(call, input.DurationSeconds))) };
    },

    async GetFederationToken(input, call) {
      refuseMembers(input, ['Tags', 'MinimumSessionTokenSize'], notSupported);
      refuseSessions(call, 'GetFederationToken');
      const policies = await sessionPolicies(roles, call.account, input);
      const caller: Caller = {
        ...call.caller, arn: federatedUserArn(call.account, input.Name), userId: `${call.account}:${input.Name}`, sessionPolicies: policies.length > 0 ? policies : [NOTHING],
      };
      const credentials = await sessions.open(caller, duration(call, input.DurationSeconds));
      return { Credentials: toCredentials(credentials), FederatedUser: { FederatedUserId: caller.userId, Arn: caller.arn }, PackedPolicySize: packedSize(policies) };
    },
  } satisfies Partial<Operations<STSApi>>;
}

function refuseSessions(call: Call, operation: string): void {
  if (call.caller.kind === 'role' || call.caller.accessKeyId?.startsWith('ASIA') === true) {
    throw fail('AccessDenied', `Cannot call ${operation} with session credentials`, { status: 403 });
  }
}

/** Root's sessions last an hour at most; AWS shortens them without a word. */
function duration(call: Call, wanted: number | undefined): number {
  const seconds = wanted ?? DURATIONS.user.default;
  return call.caller.kind === 'root' ? Math.min(seconds, DURATIONS.root.most) : seconds;
}
