import type { IAMApi } from '@slipway/contracts';
import type { AccessKeys, Authorizer, ServicePasswords } from '../../kernel/access.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { accessKeys, ensureRootKey } from './access-keys.ts';
import type { RootKey } from './access-keys.ts';
import { assumableRoles } from './assumable-roles.ts';
import type { AssumableRoles } from './assumable-roles.ts';
import { authorizer, decider } from './authorizer.ts';
import { announce, createCache } from './cache.ts';
import type { IamContext, IamDeps } from './deps.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { operations } from './operations.ts';
import type { Implemented } from './operations.ts';
import { createPages } from './pages.ts';
import { servicePasswords } from './service-credentials.ts';
import { resourceTags } from './tags.ts';

export type { AssumableRole, AssumableRoles } from './assumable-roles.ts';
export type { IamDeps } from './deps.ts';

export interface IamRoom extends Room {
  /** Long-lived keys only; temporary ones are STS's. */
  readonly accessKeys: AccessKeys;
  readonly servicePasswords: ServicePasswords;
  readonly authorizer: Authorizer;
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
    authorizer: authorizer(decide),
    roles: assumableRoles(context, cache, decide),
    ensureRootKey: (wanted) => ensureRootKey(context, wanted),
  };
}

const notYet = [
  'AcceptDelegationRequest', 'AcquireRole', 'AddClientIDToOpenIDConnectProvider', 'AddRoleToInstanceProfile', 'AssociateDelegationRequest',
  'ChangePassword', 'CreateAccountAlias', 'CreateDelegationRequest', 'CreateInstanceProfile', 'CreateLoginProfile', 'CreateOpenIDConnectProvider',
  'CreateSAMLProvider', 'CreateServiceLinkedRole', 'CreateVirtualMFADevice', 'DeactivateMFADevice', 'DeleteAccountAlias',
  'DeleteAccountPasswordPolicy', 'DeleteInstanceProfile', 'DeleteLoginProfile', 'DeleteOpenIDConnectProvider', 'DeleteSAMLProvider',
  'DeleteSSHPublicKey', 'DeleteServerCertificate', 'DeleteServiceLinkedRole', 'DeleteSigningCertificate', 'DeleteVirtualMFADevice',
  'DisableOrganizationsRootCredentialsManagement', 'DisableOrganizationsRootSessions', 'DisableOutboundWebIdentityFederation', 'EnableMFADevice',
  'EnableOrganizationsRootCredentialsManagement', 'EnableOrganizationsRootSessions', 'EnableOutboundWebIdentityFederation',
  'GenerateCredentialReport', 'GenerateOrganizationsAccessReport', 'GenerateServiceLastAccessedDetails', 'GetAccessKeyLastUsed',
  'GetAccountAuthorizationDetails', 'GetAccountPasswordPolicy', 'GetAccountProperties', 'GetAccountSummary', 'GetContextKeysForCustomPolicy',
  'GetContextKeysForPrincipalPolicy', 'GetCredentialReport', 'GetDelegationRequest', 'GetHumanReadableSummary', 'GetInstanceProfile',
  'GetLoginProfile', 'GetMFADevice', 'GetOpenIDConnectProvider', 'GetOrganizationsAccessReport', 'GetOutboundWebIdentityFederationInfo',
  'GetRoleTemplateVersion', 'GetSAMLProvider', 'GetSSHPublicKey', 'GetServerCertificate', 'GetServiceLastAccessedDetails',
  'GetServiceLastAccessedDetailsWithEntities', 'GetServiceLinkedRoleDeletionStatus', 'ListAccountAliases', 'ListDelegationRequests',
  'ListInstanceProfileTags', 'ListInstanceProfiles', 'ListInstanceProfilesForRole', 'ListMFADeviceTags', 'ListMFADevices',
  'ListOpenIDConnectProviderTags', 'ListOpenIDConnectProviders', 'ListOrganizationsFeatures', 'ListPoliciesGrantingServiceAccess', 'ListPolicyTags',
  'ListSAMLProviderTags', 'ListSAMLProviders', 'ListSSHPublicKeys', 'ListServerCertificateTags', 'ListServerCertificates', 'ListSigningCertificates',
  'ListVirtualMFADevices', 'PutAccountProperties', 'RejectDelegationRequest', 'RemoveClientIDFromOpenIDConnectProvider',
  'RemoveRoleFromInstanceProfile', 'ResyncMFADevice', 'SendDelegationToken', 'SetSecurityTokenServicePreferences', 'SimulateCustomPolicy',
  'SimulatePrincipalPolicy', 'TagInstanceProfile', 'TagMFADevice', 'TagOpenIDConnectProvider', 'TagPolicy', 'TagSAMLProvider',
  'TagServerCertificate', 'UntagInstanceProfile', 'UntagMFADevice', 'UntagOpenIDConnectProvider', 'UntagPolicy', 'UntagSAMLProvider',
  'UntagServerCertificate', 'UpdateAccountPasswordPolicy', 'UpdateDelegationRequest', 'UpdateGroup', 'UpdateLoginProfile',
  'UpdateOpenIDConnectProviderThumbprint', 'UpdateSAMLProvider', 'UpdateSSHPublicKey', 'UpdateServerCertificate', 'UpdateSigningCertificate',
  'UpdateUser', 'UploadSSHPublicKey', 'UploadServerCertificate', 'UploadSigningCertificate',
] as const satisfies readonly Exclude<keyof IAMApi, Implemented>[];
