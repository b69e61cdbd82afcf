/** Operations of EventBridge that answer by name that they are missing: global endpoints, and partners' event sources. */
export const notYet = [
  'ActivateEventSource', 'CreateEndpoint', 'CreatePartnerEventSource', 'DeactivateEventSource', 'DeleteEndpoint', 'DeletePartnerEventSource', 'DescribeEndpoint',
  'DescribeEventSource', 'DescribePartnerEventSource', 'ListEndpoints', 'ListEventSources', 'ListPartnerEventSourceAccounts', 'ListPartnerEventSources',
  'PutPartnerEvents', 'UpdateEndpoint',
] as const;
