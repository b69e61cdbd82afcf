import type { IAMApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import { accessKeyOperations } from './access-keys.ts';
import type { IamContext } from './deps.ts';
import { groups } from './groups.ts';
import { managedPolicies } from './managed-policies.ts';
import { ownerPolicies } from './owner-policies.ts';
import { roles } from './roles.ts';
import { serviceCredentials } from './service-credentials.ts';
import { sshPublicKeys } from './ssh-public-keys.ts';
import { tags } from './tags.ts';
import { users } from './users.ts';

export const operations = (context: IamContext) => ({
  ...users(context),
  ...roles(context),
  ...groups(context),
  ...ownerPolicies(context),
  ...managedPolicies(context),
  ...accessKeyOperations(context),
  ...serviceCredentials(context),
  ...sshPublicKeys(context),
  ...tags(context),
}) satisfies Partial<Operations<IAMApi>>;

export type Implemented = keyof ReturnType<typeof operations>;
