import type { STSApi } from '@slipway/contracts';
import type { AccessKeys, AssumableRoles } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Identities } from '../../kernel/peers.ts';
import type { Seal } from '../../kernel/seal.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { assumeRole } from './assume-role.ts';
import { fail } from './fail.ts';
import { identities } from './identities.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { createSessions } from './sessions.ts';
import { userSessions } from './user-sessions.ts';

export interface StsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: Seal;
  /** IAM's `roles`. */
  readonly roles: AssumableRoles;
  /** IAM's long-lived keys. */
  readonly lastingKeys: AccessKeys;
}

export interface StsRoom extends Room {
  /** Every key there is: IAM's lasting ones and the temporary ones. For the edge and for doors. */
  readonly accessKeys: AccessKeys;
  readonly identities: Identities;
}

/** Who the caller is, and temporary keys for roles and users. */
export function createSts(deps: StsDeps): StsRoom {
  const { roles, lastingKeys } = deps;
  const sessions = createSessions(deps);
  return {
    service: service<STSApi>()({
      name: 'sts',
      operations: {
        ...assumeRole({ roles, sessions }),
        ...userSessions({ roles, sessions }),

        async GetCallerIdentity(_input, call) {
          return { UserId: call.caller.userId, Account: call.caller.account, Arn: call.caller.arn };
        },

        async GetAccessKeyInfo(input) {
          const Account = (await sessions.accountOf(input.AccessKeyId)) ?? (await lastingKeys.find(input.AccessKeyId))?.caller.account;
          if (Account === undefined) throw fail('ValidationError', `The access key ${input.AccessKeyId} is not known.`, { status: 400 });
          return { Account };
        },
      },
      access,
      notYet,
      validate,
    }),
    migrations,
    accessKeys: { find: (accessKeyId) => (accessKeyId.startsWith('ASIA') ? sessions : lastingKeys).find(accessKeyId) },
    identities: identities(roles, sessions),
  };
}
