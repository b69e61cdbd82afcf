/** Operations of EventBridge that answer by name that they are missing. */
export const notYet = [
  'ActivateEventSource', 'CancelReplay', 'CreateApiDestination', 'CreateArchive', 'CreateConnection', 'CreateEndpoint', 'CreateEventBus',
  'CreatePartnerEventSource', 'DeactivateEventSource', 'DeauthorizeConnection', 'DeleteApiDestination', 'DeleteArchive', 'DeleteConnection',
  'DeleteEndpoint', 'DeleteEventBus', 'DeletePartnerEventSource', 'DescribeApiDestination', 'DescribeArchive', 'DescribeConnection',
  'DescribeEndpoint', 'DescribeEventSource', 'DescribePartnerEventSource', 'DescribeReplay', 'ListApiDestinations', 'ListArchives',
  'ListConnections', 'ListEndpoints', 'ListEventSources', 'ListPartnerEventSourceAccounts', 'ListPartnerEventSources', 'ListReplays',
  'PutPartnerEvents', 'PutPermission', 'RemovePermission', 'StartReplay', 'UpdateApiDestination', 'UpdateArchive', 'UpdateConnection',
  'UpdateEndpoint', 'UpdateEventBus',
] as const;
