import type { IAMApi } from '@slipway/contracts';
import type { AccessKeys, AssumableRoles, Authorizer, ResourcePolicies, ServicePasswords, SshKeys } from '../../kernel/access.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { accessKeys, ensureRootKey } from './access-keys.ts';
import type { RootKey } from './access-keys.ts';
import { assumableRoles } from './assumable-roles.ts';
import { authorizer, decider } from './authorizer.ts';
import { announce, createCache } from './cache.ts';
import type { IamContext, IamDeps } from './deps.ts';
import { checkDocument } from './fail.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { operations } from './operations.ts';
import { createPages } from './pages.ts';
import { servicePasswords } from './service-credentials.ts';
import { sshKeys } from './ssh-public-keys.ts';
import { resourceTags } from './resource-tags.ts';

export type { IamDeps } from './deps.ts';

export interface IamRoom extends Room {
  /** Long-lived keys only; temporary ones are STS's. */
  readonly accessKeys: AccessKeys;
  readonly servicePasswords: ServicePasswords;
  readonly sshKeys: SshKeys;
  readonly authorizer: Authorizer;
  readonly resourcePolicies: ResourcePolicies;
  /** For STS. */
  readonly roles: AssumableRoles;
  /** See `ensureRootKey` in access-keys.ts: answers a new pair once, undefined when there is nothing to do. */
  ensureRootKey(wanted: RootKey): Promise<{ accessKeyId: string; secretAccessKey: string } | undefined>;
}

/** Users, roles, groups, policies and keys, and the decision of what a caller may do. Global: every row belongs to an account alone. */
export function createIam(deps: IamDeps): IamRoom {
  const cache = createCache(deps.db);
  const context: IamContext = {
    ...deps,
    pages: createPages(deps.paging),
    tags: resourceTags(deps.db),
    write: (account, work) => deps.db.transaction(async (tx) => {
      tx.afterCommit(() => announce(deps.db, cache, account));
      return work(tx);
    }),
  };
  const decide = decider(context, cache);
  return {
    service: service<IAMApi>()({ name: 'iam', operations: operations(context), access: access(context), notYet, validate }),
    migrations,
    accessKeys: accessKeys(context, cache),
    servicePasswords: servicePasswords(context),
    sshKeys: sshKeys(context),
    authorizer: authorizer(decide),
    resourcePolicies: { check: (document) => checkDocument(document, 'resource') },
    roles: assumableRoles(context, cache, decide),
    ensureRootKey: (wanted) => ensureRootKey(context, wanted),
  };
}
