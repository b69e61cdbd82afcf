/** Operations of SNS that answer by name that they are missing: SMS, mobile push, data protection. */
export const notYet = [
  'CheckIfPhoneNumberIsOptedOut', 'CreatePlatformApplication', 'CreatePlatformEndpoint', 'CreateSMSSandboxPhoneNumber', 'DeleteEndpoint',
  'DeletePlatformApplication', 'DeleteSMSSandboxPhoneNumber', 'GetDataProtectionPolicy', 'GetEndpointAttributes',
  'GetPlatformApplicationAttributes', 'GetSMSAttributes', 'GetSMSSandboxAccountStatus', 'ListEndpointsByPlatformApplication',
  'ListOriginationNumbers', 'ListPhoneNumbersOptedOut', 'ListPlatformApplications', 'ListSMSSandboxPhoneNumbers', 'OptInPhoneNumber',
  'PutDataProtectionPolicy', 'SetEndpointAttributes', 'SetPlatformApplicationAttributes', 'SetSMSAttributes', 'VerifySMSSandboxPhoneNumber',
] as const;
