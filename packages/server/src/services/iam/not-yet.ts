import type { IAMApi } from '@slipway/contracts';
import type { Implemented } from './operations.ts';

/** Operations of IAM that answer by name that they are missing. */
export const notYet = [
  'AcceptDelegationRequest', 'AcquireRole', 'AddClientIDToOpenIDConnectProvider', 'AddRoleToInstanceProfile', 'AssociateDelegationRequest',
  'ChangePassword', 'CreateAccountAlias', 'CreateDelegationRequest', 'CreateInstanceProfile', 'CreateLoginProfile', 'CreateOpenIDConnectProvider',
  'CreateSAMLProvider', 'CreateServiceLinkedRole', 'CreateVirtualMFADevice', 'DeactivateMFADevice', 'DeleteAccountAlias',
  'DeleteAccountPasswordPolicy', 'DeleteInstanceProfile', 'DeleteLoginProfile', 'DeleteOpenIDConnectProvider', 'DeleteSAMLProvider',
  'DeleteServerCertificate', 'DeleteServiceLinkedRole', 'DeleteSigningCertificate', 'DeleteVirtualMFADevice',
  'DisableOrganizationsRootCredentialsManagement', 'DisableOrganizationsRootSessions', 'DisableOutboundWebIdentityFederation', 'EnableMFADevice',
  'EnableOrganizationsRootCredentialsManagement', 'EnableOrganizationsRootSessions', 'EnableOutboundWebIdentityFederation',
  'GenerateCredentialReport', 'GenerateOrganizationsAccessReport', 'GenerateServiceLastAccessedDetails', 'GetAccessKeyLastUsed',
  'GetAccountAuthorizationDetails', 'GetAccountPasswordPolicy', 'GetAccountProperties', 'GetAccountSummary', 'GetContextKeysForCustomPolicy',
  'GetContextKeysForPrincipalPolicy', 'GetCredentialReport', 'GetDelegationRequest', 'GetHumanReadableSummary', 'GetInstanceProfile',
  'GetLoginProfile', 'GetMFADevice', 'GetOpenIDConnectProvider', 'GetOrganizationsAccessReport', 'GetOutboundWebIdentityFederationInfo',
  'GetRoleTemplateVersion', 'GetSAMLProvider', 'GetServerCertificate', 'GetServiceLastAccessedDetails',
  'GetServiceLastAccessedDetailsWithEntities', 'GetServiceLinkedRoleDeletionStatus', 'ListAccountAliases', 'ListDelegationRequests',
  'ListInstanceProfileTags', 'ListInstanceProfiles', 'ListInstanceProfilesForRole', 'ListMFADeviceTags', 'ListMFADevices',
  'ListOpenIDConnectProviderTags', 'ListOpenIDConnectProviders', 'ListOrganizationsFeatures', 'ListPoliciesGrantingServiceAccess', 'ListPolicyTags',
  'ListSAMLProviderTags', 'ListSAMLProviders', 'ListServerCertificateTags', 'ListServerCertificates', 'ListSigningCertificates',
  'ListVirtualMFADevices', 'PutAccountProperties', 'RejectDelegationRequest', 'RemoveClientIDFromOpenIDConnectProvider',
  'RemoveRoleFromInstanceProfile', 'ResyncMFADevice', 'SendDelegationToken', 'SetSecurityTokenServicePreferences', 'SimulateCustomPolicy',
  'SimulatePrincipalPolicy', 'TagInstanceProfile', 'TagMFADevice', 'TagOpenIDConnectProvider', 'TagPolicy', 'TagSAMLProvider',
  'TagServerCertificate', 'UntagInstanceProfile', 'UntagMFADevice', 'UntagOpenIDConnectProvider', 'UntagPolicy', 'UntagSAMLProvider',
  'UntagServerCertificate', 'UpdateAccountPasswordPolicy', 'UpdateDelegationRequest', 'UpdateGroup', 'UpdateLoginProfile',
  'UpdateOpenIDConnectProviderThumbprint', 'UpdateSAMLProvider', 'UpdateServerCertificate', 'UpdateSigningCertificate',
  'UpdateUser', 'UploadServerCertificate', 'UploadSigningCertificate',
] as const satisfies readonly Exclude<keyof IAMApi, Implemented>[];
