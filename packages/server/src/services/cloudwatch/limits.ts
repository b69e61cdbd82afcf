import { constrain } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html */
export const LIMITS = {
  /** Of one PutMetricData: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
  data: 1_000,
  dimensions: 30,
  valuesPerDatum: 150,
  /** Values lie between −2^360 and 2^360. */
  largestValue: 2 ** 360,
  oldestDatum: 14 * DAY,
  /** AWS documents two hours, and takes a little more for clocks that are off. */
  latestDatum: 2 * HOUR,
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
  queries: 500,
  datapointsPerPage: { default: 100_800, most: 100_800 },
  expressionLength: 2_048,
  /** Ours: values that one request's queries read and make on the way, so that none takes all of the memory. */
  valuesAtOnce: 3_000_000,
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html */
  datapointsOfStatistics: 1_440,
  extendedStatistics: 10,
  metricsPerPage: 500,
  /** ListMetrics leaves out what had no data for that long. */
  metricsVisible: 14 * DAY,
  recentlyActive: 3 * HOUR,
  alarms: 5_000,
  actionsPerState: 5,
  metricsPerAlarm: 10,
  /** Periods × length: a day, and a week for periods of an hour and more. */
  evaluated: { short: 86_400, long: 604_800 },
  alarmsPerPage: { default: 50, most: 100 },
  historyPerPage: 100,
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html */
  historyKept: 30 * DAY,
  childrenOfComposite: 100,
  parentsOfAlarm: 150,
  ruleLength: 10_240,
  ruleElements: 500,
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
  widgets: 500,
  metricsPerWidget: 500,
  dashboardSize: 1_048_576,
} as const;

/** An action that is not delivered is tried again, with growing delay, for this long. */
export const ACTION_RETRIES = { forMs: HOUR, firstMs: SECOND, mostMs: 5 * 60 * SECOND } as const;

/** Seconds. Everything from a minute on is a multiple of it. */
const SHORT_PERIODS: readonly number[] = [1, 5, 10, 20, 30];
export const isPeriod = (period: number): boolean => SHORT_PERIODS.includes(period) || (period > 0 && period % 60 === 0);

const NAME = { shortest: 1, longest: 255 };
const NAMESPACE = { shortest: 1, longest: 255, pattern: '[^:].*' };
const ARN = { shortest: 1, longest: 1024 };

/** Throws AWS's ValidationError for members outside their documented bounds. */
export const validate = constrain({
  '*': {
    AlarmName: NAME,
    AlarmNamePrefix: NAME,
    'AlarmNames.*.member': NAME,
    AlarmNames: { longest: 100 },
    AlarmDescription: { longest: 1024 },
    MetricName: NAME,
    Namespace: NAMESPACE,
    'Dimensions.*.member.Name': NAME,
    'Dimensions.*.member.Value': { shortest: 1, longest: 1024 },
    Dimensions: { longest: LIMITS.dimensions },
    ResourceARN: ARN,
    Period: { least: 1 },
    EvaluationPeriods: { least: 1 },
    DatapointsToAlarm: { least: 1 },
    StateReason: { longest: 1023 },
    StateReasonData: { longest: 4000 },
    ActionPrefix: ARN,
    OKActions: { longest: LIMITS.actionsPerState },
    AlarmActions: { longest: LIMITS.actionsPerState },
    InsufficientDataActions: { longest: LIMITS.actionsPerState },
    AlarmRule: { shortest: 1, longest: LIMITS.ruleLength },
    MaxRecords: { least: 1, most: LIMITS.alarmsPerPage.most },
    TreatMissingData: { shortest: 1, longest: 255, oneOf: ['breaching', 'notBreaching', 'ignore', 'missing'] },
    EvaluateLowSampleCountPercentile: { shortest: 1, longest: 255, oneOf: ['evaluate', 'ignore'] },
    MetricDataQueries: { longest: LIMITS.queries },
    'MetricDataQueries.*.member.Id': { shortest: 1, longest: 255 },
    'MetricDataQueries.*.member.Expression': { shortest: 1, longest: LIMITS.expressionLength },
    'Metrics.*.member.Id': { shortest: 1, longest: 255 },
    'Metrics.*.member.Expression': { shortest: 1, longest: LIMITS.expressionLength },
    Statistics: { shortest: 1, longest: 5 },
    ExtendedStatistics: { shortest: 1, longest: LIMITS.extendedStatistics },
  },
  // These name their own errors.
  PutMetricData: { Namespace: {}, MetricName: {}, Dimensions: {}, 'Dimensions.*.member.Name': {}, 'Dimensions.*.member.Value': {} },
  ListMetrics: { Dimensions: { longest: 30 } },
}, (message) => fail('ValidationException', message));
