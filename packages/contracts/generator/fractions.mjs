/**
 * The numbers that AWS's references document as Double or Float, by service and structure; lists and maps of numbers by
 * the member that holds them. The SDK's schemas do not tell, and every other number is an integer.
 */
const statistics = ['SampleCount', 'Sum', 'Minimum', 'Maximum'];

export const fractions = {
  cloudwatch: {
    Datapoint: [...statistics, 'Average', 'ExtendedStatistics'],
    GetInsightRuleReportOutput: ['AggregateValue'],
    InsightRuleContributor: ['ApproximateAggregateValue'],
    InsightRuleContributorDatapoint: ['ApproximateValue'],
    InsightRuleMetricDatapoint: [...statistics, 'Average', 'UniqueContributors', 'MaxContributorValue'],
    MetricAlarm: ['Threshold'],
    MetricDataResult: ['Values'],
    MetricDatum: ['Value', 'Values', 'Counts'],
    PutMetricAlarmInput: ['Threshold'],
    StatisticSet: statistics,
  },
  'cloudwatch-logs': {
    DeliverySourceConfigurationSchema: ['minValue', 'maxValue'],
    MetricTransformation: ['defaultValue'],
    QueryInfo: ['bytesScanned'],
    QueryStatistics: ['recordsMatched', 'recordsScanned', 'estimatedRecordsSkipped', 'bytesScanned', 'estimatedBytesSkipped', 'logGroupsScanned'],
  },
  codebuild: {
    CodeCoverage: ['lineCoveragePercentage', 'branchCoveragePercentage'],
    CodeCoverageReportSummary: ['lineCoveragePercentage', 'branchCoveragePercentage'],
    DescribeCodeCoveragesInput: ['minLineCoveragePercentage', 'maxLineCoveragePercentage'],
    TargetTrackingScalingConfiguration: ['targetValue'],
  },
  codedeploy: {
    CloudFormationTarget: ['targetVersionWeight'],
    ECSTaskSet: ['trafficWeight'],
    LambdaFunctionInfo: ['targetVersionWeight'],
  },
};
