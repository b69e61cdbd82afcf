/** Operations of SNS that answer by name that they are missing. */
export const notYet = [
  'AddPermission', 'CheckIfPhoneNumberIsOptedOut', 'ConfirmSubscription', 'CreatePlatformApplication', 'CreatePlatformEndpoint',
  'CreateSMSSandboxPhoneNumber', 'CreateTopic', 'DeleteEndpoint', 'DeletePlatformApplication', 'DeleteSMSSandboxPhoneNumber', 'DeleteTopic',
  'GetDataProtectionPolicy', 'GetEndpointAttributes', 'GetPlatformApplicationAttributes', 'GetSMSAttributes', 'GetSMSSandboxAccountStatus',
  'GetSubscriptionAttributes', 'GetTopicAttributes', 'ListEndpointsByPlatformApplication', 'ListOriginationNumbers',
  'ListPhoneNumbersOptedOut', 'ListPlatformApplications', 'ListSMSSandboxPhoneNumbers', 'ListSubscriptions', 'ListSubscriptionsByTopic',
  'ListTagsForResource', 'ListTopics', 'OptInPhoneNumber', 'Publish', 'PublishBatch', 'PutDataProtectionPolicy', 'RemovePermission',
  'SetEndpointAttributes', 'SetPlatformApplicationAttributes', 'SetSMSAttributes', 'SetSubscriptionAttributes', 'SetTopicAttributes',
  'Subscribe', 'TagResource', 'Unsubscribe', 'UntagResource', 'VerifySMSSandboxPhoneNumber',
] as const;
