import { gzipSync } from 'node:zlib';
import type { MetricDatum } from '@aws-sdk/client-cloudwatch';
import { signRequest } from '@slipway/sigv4';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let s: Slipway;
let Namespace: string;
let made = 0;
/** The begin of the current hour by the server's clock. */
let hour: number;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());
beforeEach(() => {
  made += 1;
  Namespace = `Shop/${made}`;
  hour = Math.floor(s.clock.now() / HOUR) * HOUR;
});

const date = (time: number): Date => new Date(time);
const put = (...MetricData: MetricDatum[]) => s.aws.cloudwatch.putMetricData({ Namespace, MetricData });
const stat = (Stat: string, more: { Period?: number; MetricName?: string; Unit?: 'Seconds' } = {}) => ({ Metric: { Namespace, MetricName: more.MetricName ?? 'Latency' }, Period: more.Period ?? 60, Stat, ...(more.Unit && { Unit: more.Unit }) });
/** Of the hour before the current one. */
const earlier = () => ({ StartTime: date(hour - HOUR), EndTime: date(hour) });
const statistics = (...ExtendedStatistics: string[]) => s.aws.cloudwatch.getMetricStatistics({ Namespace, MetricName: 'Latency', ...earlier(), Period: 3600, ExtendedStatistics });

const v = { MetricName: 'Latency', Value: 1 };
const many = (count: number) => Array.from({ length: count }, (_, i) => ({ Name: `n${i}`, Value: 'v' }));

describe('PutMetricData', () => {
  test('values, counts and statistic sets of one time are added up', async () => {
    const Timestamp = date(hour - 10 * MINUTE);
    await put({ MetricName: 'Latency', Timestamp, Value: 5, Unit: 'Seconds' }, { MetricName: 'Latency', Timestamp, Values: [1, 2], Counts: [2, 3], Unit: 'Seconds' },
      { MetricName: 'Latency', Timestamp, StatisticValues: { SampleCount: 4, Sum: 20, Minimum: 0, Maximum: 9 }, Unit: 'Seconds' });
    const { Datapoints, Label } = await s.aws.cloudwatch.getMetricStatistics({ Namespace, MetricName: 'Latency', ...earlier(), Period: 60, Statistics: ['Sum', 'SampleCount', 'Average', 'Minimum', 'Maximum'] });
    expect(Label).toBe('Latency');
    expect(Datapoints).toEqual([{ Timestamp, Sum: 33, SampleCount: 10, Average: 3.3, Minimum: 0, Maximum: 9, Unit: 'Seconds' }]);
  });

  test.each<[string, () => MetricDatum[], string, string]>([
    ['no data', () => [], 'MissingRequiredParameterException', 'The parameter MetricData is required.'],
    ['more than a thousand data', () => Array.from({ length: 1001 }, () => v), 'InvalidParameterValueException', 'The collection MetricData must not have a size greater than 1000.'],
    ['no value', () => [{ MetricName: 'Latency' }], 'MissingRequiredParameterException', 'At least one of the parameters MetricData.member.1.Value'],
    ['two kinds of values', () => [{ ...v, Values: [1] }], 'InvalidParameterCombinationException', 'The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.'],
    ['counts of another number', () => [{ MetricName: 'Latency', Values: [1, 2], Counts: [1] }], 'InvalidParameterCombinationException', 'must be of the same size'],
    ['more than 150 values', () => [{ MetricName: 'Latency', Values: Array.from({ length: 151 }, (_, i) => i) }], 'InvalidParameterValueException', 'The collection MetricData.member.1.Values must not have a size greater than 150.'],
    ['a value that is too large', () => [v, { ...v, Value: 2 ** 361 }], 'InvalidParameterValueException', 'for parameter MetricData.member.2.Value is invalid.'],
    ['an unknown unit', () => [{ ...v, Unit: 'Miles' as 'Seconds' }], 'ValidationException', "Value 'Miles' at 'metricData.1.member.unit' failed to satisfy constraint"],
    ['another resolution', () => [{ ...v, StorageResolution: 5 }], 'InvalidParameterValueException', 'The value 5 for parameter MetricData.member.1.StorageResolution is invalid.'],
    ['a time more than two weeks ago', () => [{ ...v, Timestamp: date(s.clock.now() - 15 * 24 * HOUR) }], 'InvalidParameterValueException', 'The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.'],
    ['a time more than two hours ahead', () => [{ ...v, Timestamp: date(s.clock.now() + 3 * HOUR) }], 'InvalidParameterValueException', 'The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the future.'],
    ['31 dimensions', () => [{ ...v, Dimensions: many(31) }], 'InvalidParameterValueException', 'The collection MetricData.member.1.Dimensions must not have a size greater than 30.'],
    ['a dimension twice', () => [{ ...v, Dimensions: [...many(1), ...many(1)] }], 'InvalidParameterValueException', 'is given twice'],
    ['a smallest value above the largest', () => [{ MetricName: 'Latency', StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 2, Maximum: 1 } }], 'InvalidParameterCombinationException', 'The parameter MetricData.member.1.StatisticValues.Maximum must be greater than'],
  ])('%s is refused', async (_what, data, name, message) => {
    const refused = s.aws.cloudwatch.putMetricData({ Namespace, MetricData: data() });
    await expect(refused).rejects.toMatchObject({ name, message: expect.stringContaining(message) as string });
  });

  test('namespaces of AWS, entities and numbers that are none are refused', async () => {
    await expect(s.aws.cloudwatch.putMetricData({ Namespace: 'AWS/EC2', MetricData: [v] })).rejects.toMatchObject({ name: 'InvalidParameterValueException', message: 'The value AWS/ for parameter Namespace is invalid.' });
    await expect(s.aws.cloudwatch.putMetricData({ Namespace: 'a*b', MetricData: [v] })).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    await expect(s.aws.cloudwatch.putMetricData({ Namespace, EntityMetricData: [{ MetricData: [v] }] })).rejects.toThrow('The parameter EntityMetricData is not supported by Slipway yet.');
    await expect(put({ ...v, Value: Number.NaN })).rejects.toThrow();
    await expect(put({ ...v, Value: Infinity })).rejects.toThrow();
  });

  test('a body that the client compressed is read', async () => {
    const body = gzipSync(JSON.stringify({ Namespace, MetricData: [{ ...v, Timestamp: (hour - MINUTE) / 1000 }] }));
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData', 'content-encoding': 'gzip' };
    const signed = signRequest({ method: 'POST', url: `${s.endpoint}/`, headers, body, service: 'monitoring', region: s.region, credentials: s.rootKey, now: s.clock.now() });
    expect((await fetch(s.endpoint, { method: 'POST', headers: signed, body })).status).toBe(200);
    expect((await statistics('p50')).Datapoints).toMatchObject([{ ExtendedStatistics: { p50: 1 } }]);
  });

  test('a large request of the SDK, which it compresses, is read', async () => {
    await put(...Array.from({ length: 1000 }, (_, i) => ({ MetricName: 'Latency', Value: i, Timestamp: date(hour - MINUTE), Dimensions: [{ Name: 'Number', Value: String(i) }] })));
    let NextToken: string | undefined;
    let count = 0;
    let rounds = 0;
    do {
      const page = await s.aws.cloudwatch.listMetrics({ Namespace, NextToken });
      count += page.Metrics!.length;
      rounds += 1;
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect([count, rounds]).toEqual([1000, 2]);
  });

  test('needs its permission, for the namespace', async () => {
    const user = await s.user(`writer-${made}`, { Action: 'cloudwatch:PutMetricData', Resource: '*', Condition: { StringEquals: { 'cloudwatch:namespace': Namespace } } });
    const { cloudwatch } = s.as(user);
    await cloudwatch.putMetricData({ Namespace, MetricData: [v] });
    await expect(cloudwatch.putMetricData({ Namespace: 'Other', MetricData: [v] })).rejects.toThrow('is not authorized to perform: cloudwatch:PutMetricData');
    await expect(cloudwatch.listMetrics({})).rejects.toThrow('is not authorized to perform: cloudwatch:ListMetrics');
  });
});

const ask = (more: object) => s.aws.cloudwatch.getMetricStatistics({ Namespace, MetricName: 'Latency', ...earlier(), Period: 60, Statistics: ['Sum'], ...more });

describe('GetMetricStatistics', () => {
  test('percentiles and trimmed statistics are those of the values', async () => {
    await put(...Array.from({ length: 10 }, (_, block) => ({ MetricName: 'Latency', Timestamp: date(hour - (block + 1) * MINUTE), Values: Array.from({ length: 10 }, (_each, i) => block * 10 + i + 1) })));
    const { Datapoints } = await statistics('p0', 'p50', 'p99', 'p100', 'tm90', 'TM(10%:90%)', 'TC(20:30)', 'TS(:3)', 'PR(:25)');
    expect(Datapoints).toMatchObject([{ ExtendedStatistics: { p0: 1, p50: 50, p99: 99, p100: 100, tm90: 45.5, 'TM(10%:90%)': 50.5, 'TC(20:30)': 10, 'TS(:3)': 6, 'PR(:25)': 25 } }]);
    expect((await statistics('IQM', 'WM(10%:90%)')).Datapoints).toMatchObject([{ ExtendedStatistics: { IQM: 50.5, 'WM(10%:90%)': 50.5 } }]);
  });

  test('there are no percentiles of statistic sets, nor of negative values', async () => {
    await put({ MetricName: 'Latency', Timestamp: date(hour - MINUTE), StatisticValues: { SampleCount: 10, Sum: 55, Minimum: 1, Maximum: 10 } });
    expect((await statistics('p50')).Datapoints).toEqual([]);
    Namespace += '/negative';
    await put({ MetricName: 'Latency', Timestamp: date(hour - MINUTE), Values: [-1, 5] });
    expect((await statistics('p50')).Datapoints).toEqual([]);
  });

  test('what AWS refuses is refused', async () => {
    await expect(ask({ Period: 90 })).rejects.toMatchObject({ name: 'InvalidParameterValueException', message: 'The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.' });
    await expect(ask({ StartTime: date(hour - 25 * HOUR) })).rejects.toMatchObject({ name: 'InvalidParameterCombinationException', message: expect.stringContaining('You have requested up to 1500 datapoints, which exceeds the limit of 1,440.') as string });
    await expect(ask({ StartTime: date(hour) })).rejects.toThrow('The parameter StartTime must be less than the parameter EndTime.');
    await expect(ask({ Statistics: undefined })).rejects.toThrow('Must specify either Statistics or ExtendedStatistics');
    await expect(ask({ ExtendedStatistics: ['p50'] })).rejects.toThrow('mutually exclusive');
    await expect(ask({ Statistics: undefined, ExtendedStatistics: ['p101'] })).rejects.toThrow('The value p101 for parameter ExtendedStatistics is not supported.');
  });
});

describe('ListMetrics', () => {
  test('filters by name, dimensions and recent activity', async () => {
    const Dimensions = [{ Name: 'Host', Value: 'a' }, { Name: 'Zone', Value: 'z' }];
    await put({ MetricName: 'Latency', Value: 1 }, { MetricName: 'Latency', Value: 1, Dimensions }, { MetricName: 'Errors', Value: 1, Unit: 'Count' });
    const list = async (more: object) => (await s.aws.cloudwatch.listMetrics({ Namespace, ...more })).Metrics;
    expect(await list({})).toHaveLength(3);
    expect(await list({ MetricName: 'Errors' })).toEqual([{ Namespace, MetricName: 'Errors', Dimensions: [] }]);
    expect(await list({ Dimensions: [{ Name: 'Zone' }] })).toEqual([{ Namespace, MetricName: 'Latency', Dimensions }]);
    expect(await list({ Dimensions: [{ Name: 'Zone', Value: 'other' }] })).toEqual([]);
    expect(await list({ RecentlyActive: 'PT3H' })).toHaveLength(3);
    await s.clock.advance(4 * HOUR);
    expect(await list({ RecentlyActive: 'PT3H' })).toEqual([]);
    expect(await list({})).toHaveLength(3);
    await expect(list({ NextToken: 'x' })).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });
});

const fill = () => put(...[10, 20, 30].map((Value, i) => ({ MetricName: 'Latency', Value, Timestamp: date(hour - HOUR + i * MINUTE) })), { MetricName: 'Errors', Value: 5, Timestamp: date(hour - HOUR + MINUTE) });
const get = (MetricDataQueries: Parameters<typeof s.aws.cloudwatch.getMetricData>[0]['MetricDataQueries'], more: object = {}) => s.aws.cloudwatch.getMetricData({ ...earlier(), MetricDataQueries, ScanBy: 'TimestampAscending', ...more });
/** So many minutes into the hour before the current one. */
const at = (minute: number) => date(hour - HOUR + minute * MINUTE);

describe('GetMetricData', () => {
  test('metrics and math over them', async () => {
    await fill();
    const { MetricDataResults } = await get([
      { Id: 'm1', MetricStat: stat('Sum') }, { Id: 'm2', MetricStat: stat('Sum', { MetricName: 'Errors' }), ReturnData: false },
      { Id: 'e1', Expression: 'FILL(m2, 0) / m1 * 100', Label: 'error rate' }, { Id: 'e2', Expression: 'SUM(METRICS())' }, { Id: 'm3', MetricStat: stat('Sum', { MetricName: 'None' }) },
    ]);
    expect(MetricDataResults).toEqual([
      { Id: 'm1', Label: 'Latency', Timestamps: [at(0), at(1), at(2)], Values: [10, 20, 30], StatusCode: 'Complete' },
      { Id: 'e1', Label: 'error rate', Timestamps: [at(0), at(1), at(2)], Values: [0, 25, 0], StatusCode: 'Complete' },
      { Id: 'e2', Label: 'e2', Timestamps: [at(0), at(1), at(2)], Values: [10, 25, 30], StatusCode: 'Complete' },
      { Id: 'm3', Label: 'None', Timestamps: [], Values: [], StatusCode: 'Complete' },
    ]);
    const array = await get([{ Id: 'm1', MetricStat: stat('Sum'), ReturnData: false }, { Id: 'm2', MetricStat: stat('Sum', { MetricName: 'Errors' }), ReturnData: false }, { Id: 'e1', Expression: 'METRICS() * 2', Label: 'twice' }]);
    expect(array.MetricDataResults).toMatchObject([{ Id: 'e1', Label: 'twice Latency', Values: [20, 40, 60] }, { Id: 'e1', Label: 'twice Errors', Values: [10] }]);
  });

  test('refuses a grid of more values than fit into memory', async () => {
    await expect(get([{ Id: 'e1', Expression: 'TIME_SERIES(1)', Period: 1 }], { StartTime: new Date(0) })).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining("Error in expression 'e1': The request asks for too many values at once") });
  });

  test('pages by datapoints, newest first unless told otherwise', async () => {
    await fill();
    const queries = [{ Id: 'm1', MetricStat: stat('Sum') }, { Id: 'm2', MetricStat: stat('Sum', { MetricName: 'Errors' }) }];
    const first = await get(queries, { MaxDatapoints: 2, ScanBy: undefined });
    expect(first.MetricDataResults).toMatchObject([{ Id: 'm1', Values: [30, 20], StatusCode: 'PartialData' }]);
    const second = await get(queries, { MaxDatapoints: 2, ScanBy: undefined, NextToken: first.NextToken });
    expect(second.MetricDataResults).toMatchObject([{ Id: 'm1', Values: [10], StatusCode: 'Complete' }, { Id: 'm2', Values: [5], StatusCode: 'Complete' }]);
    expect(second.NextToken).toBeUndefined();
    await expect(get(queries, { NextToken: 'x' })).rejects.toMatchObject({ name: 'InvalidNextToken' });
  });

  test('labels may hold values', async () => {
    await fill();
    const { MetricDataResults } = await get([{ Id: 'm1', MetricStat: stat('Sum'), Label: "${LABEL}: ${MAX} of ${SUM} (${PROP('Stat')}, ${PROP('Period')})" }]);
    expect(MetricDataResults![0]!.Label).toBe('Latency: 30 of 60 (Sum, 60)');
    await expect(get([{ Id: 'm1', MetricStat: stat('Sum'), Label: '${LAST_TIME}' }])).rejects.toThrow('${LAST_TIME} in a label is not supported by Slipway yet.');
  });

  test.each([
    [[{ Id: 'M1', Expression: '1' }], 'is not matching the expected pattern'],
    [[{ Id: 'm1', Expression: 'm2' }], "Error in expression 'm1': Undefined symbol 'm2'."],
    [[{ Id: 'e1', Expression: 'e2' }, { Id: 'e2', Expression: 'e1 + 1' }], 'Circular dependency e1 -> e2 -> e1'],
    [[{ Id: 'e1', Expression: 'SEARCH("x", "Sum")' }], "Error in expression 'e1': The function SEARCH is not supported by Slipway yet."],
    [[{ Id: 'e1', Expression: 'SELECT SUM(x) FROM y' }], 'Metrics Insights queries (SELECT …) are not supported by Slipway yet'],
    [[{ Id: 'e1', Expression: '1 + 1' }], 'The result must be a time series or an array of time series.'],
    [[{ Id: 'e1' }], 'mutually exclusive and exactly one of them must be specified'],
    [[{ Id: 'e1', Expression: 'TIME_SERIES(1)', ReturnData: false }], 'At least one query must have ReturnData set to true.'],
    [[{ Id: 'e1', Expression: 'TIME_SERIES(1)', AccountId: '123456789012' }], 'AccountId of another account (123456789012) is not supported by Slipway yet.'],
  ])('%j is refused', async (queries, message) => {
    await expect(get(queries)).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining(message) as string });
  });

  test('periods, statistics and spans are checked', async () => {
    await expect(get([{ Id: 'm1', MetricStat: stat('Sum', { Period: 90 }) }])).rejects.toThrow('Period must be 1, 5, 10, 20, 30 or a multiple of 60.');
    await expect(get([{ Id: 'm1', MetricStat: stat('Most') }])).rejects.toThrow('The value Most for parameter Stat is not a valid statistic.');
    await expect(get([{ Id: 'm1', MetricStat: stat('Sum') }], { StartTime: date(hour + MINUTE) })).rejects.toThrow('The parameter StartTime must be less than the parameter EndTime.');
  });
});
