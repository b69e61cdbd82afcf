import type { AssumableRole, AssumableRoles } from '../../kernel/access.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Identities } from '../../kernel/peers.ts';
import { assumedRoleArn } from './arns.ts';
import type { Sessions } from './sessions.ts';

/** Who acts in a role's session. */
export function sessionCaller(role: AssumableRole, roleArn: string, sessionName: string): Caller {
  return { account: role.account, arn: assumedRoleArn(role.account, role.name, sessionName), userId: `${role.id}:${sessionName}`, kind: 'role', principalArn: roleArn };
}

export function identities(roles: AssumableRoles, sessions: Sessions): Identities {
  return {
    async assumeForService({ roleArn, service, sessionName: wanted, sourceArn }) {
      // Names made from pipelines' and rules' names may be longer or hold other characters than a session's.
      const sessionName = wanted.replace(/[^\w+=,.@-]/g, '-').slice(0, 64);
      const role = await roles.byService({ roleArn, service, sessionName, sourceArn });
      return { ...sessionCaller(role, roleArn, sessionName), invokedBy: service, sourceArn };
    },
    credentialsFor: (caller, durationSeconds) => sessions.open(caller, durationSeconds),
  };
}
