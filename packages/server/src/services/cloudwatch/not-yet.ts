/** Operations of CloudWatch that answer by name that they are missing. */
export const notYet = [
  'AssociateDatasetKmsKey', 'CreateResourceMetricsConfiguration', 'DeleteAlarmMuteRule', 'DeleteAnomalyDetector',
  'DeleteInsightRules', 'DeleteMetricStream', 'DeleteResourceMetricsConfiguration', 'DescribeAlarmContributors',
  'DescribeAnomalyDetectors', 'DescribeInsightRules',
  'DisableInsightRules', 'DisassociateDatasetKmsKey', 'EnableInsightRules', 'GetAlarmMuteRule',
  'GetDataset', 'GetInsightRuleReport', 'GetMetricStream', 'GetMetricWidgetImage',
  'GetOTelEnrichment', 'GetResourceMetricsConfiguration', 'ListAlarmMuteRules', 'ListManagedInsightRules',
  'ListMetricStreams', 'PutAlarmMuteRule', 'PutAnomalyDetector',
  'PutInsightRule', 'PutLogAlarm', 'PutManagedInsightRules', 'PutMetricStream',
  'StartMetricStreams', 'StartOTelEnrichment', 'StopMetricStreams', 'StopOTelEnrichment',
  'UpdateOTelEnrichment', 'UpdateResourceMetricsConfiguration',
] as const;
