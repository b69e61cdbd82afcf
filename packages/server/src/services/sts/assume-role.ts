import type { STSApi } from '@slipway/contracts';
import type { Tag } from '@slipway/contracts/sts';
import type { AssumableRoles } from '../../kernel/access.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Operations } from '../../kernel/service.ts';
import { fail, notSupported } from './fail.ts';
import { sessionCaller } from './identities.ts';
import { DURATIONS, SESSION_TAGS } from './limits.ts';
import { packedSize, sessionPolicies, toCredentials } from './session-policies.ts';
import type { Sessions } from './sessions.ts';

export function assumeRole({ roles, sessions }: { roles: AssumableRoles; sessions: Sessions }) {
  return {
    async AssumeRole(input, call) {
      refuseMembers(input, ['SerialNumber', 'TokenCode', 'SourceIdentity', 'TransitiveTagKeys', 'ProvidedContexts', 'MinimumSessionTokenSize'], notSupported);
      const { RoleArn: roleArn, RoleSessionName: sessionName } = input;
      if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(roleArn)) throw fail('ValidationError', `${roleArn} is invalid`, { status: 400 });
      const tags = readTags(input.Tags);
      const role = await roles.byCaller({
        caller: call.caller, roleArn, sessionName, externalId: input.ExternalId, tags,
        circumstances: { region: call.region, sourceIp: call.sourceIp, secure: call.secure, userAgent: call.userAgent },
      });
      const seconds = input.DurationSeconds ?? DURATIONS.assumeRole.default;
      if (call.caller.kind === 'role' && seconds > DURATIONS.chained.most) {
        throw fail('ValidationError', 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining', { status: 400 });
      }
      if (seconds > role.maxSessionSeconds) throw fail('ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.', { status: 400 });
      const policies = await sessionPolicies(roles, role.account, input);
      const caller = { ...sessionCaller(role, roleArn, sessionName), ...(policies.length > 0 ? { sessionPolicies: policies } : {}), ...(tags === undefined ? {} : { sessionTags: tags }) };
      const credentials = await sessions.open(caller, seconds);
      return { Credentials: toCredentials(credentials), AssumedRoleUser: { AssumedRoleId: caller.userId, Arn: caller.arn }, PackedPolicySize: packedSize(policies) };
    },
  } satisfies Partial<Operations<STSApi>>;
}

function readTags(tags: readonly Tag[] | undefined): Record<string, string> | undefined {
  if (tags === undefined || tags.length === 0) return undefined;
  const keys = tags.map((tag) => tag.Key.toLowerCase());
  if (keys.length > SESSION_TAGS) throw fail('ValidationError', `Member must have length less than or equal to ${SESSION_TAGS}`, { status: 400 });
  if (new Set(keys).size !== keys.length) throw fail('ValidationError', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.', { status: 400 });
  if (keys.some((key) => key.startsWith('aws:'))) throw fail('ValidationError', 'System tags cannot be added.', { status: 400 });
  return Object.fromEntries(tags.map((tag) => [tag.Key, tag.Value]));
}
