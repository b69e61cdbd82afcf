import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const answers = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const environment = () => ({ ...process.env, ...s.cliEnvironment() });

const script = `
import boto3, datetime, json, sys
c = boto3.client('cloudwatch')
now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
minute = datetime.timedelta(minutes=1)
c.put_metric_data(Namespace='Py', MetricData=[{'MetricName': 'M', 'Timestamp': now - 2 * minute, 'Values': [1.5, 2.5], 'Counts': [1, 3], 'Unit': 'Seconds'}])
c.put_metric_data(Namespace='Py', MetricData=[{'MetricName': 'M', 'Timestamp': now - 2 * minute, 'Value': 1.0, 'Dimensions': [{'Name': 'n', 'Value': str(i)}]} for i in range(900)])
data = c.get_metric_data(StartTime=now - 5 * minute, EndTime=now, MetricDataQueries=[
  {'Id': 'm1', 'MetricStat': {'Metric': {'Namespace': 'Py', 'MetricName': 'M'}, 'Period': 60, 'Stat': 'Sum'}}, {'Id': 'e1', 'Expression': 'm1 / 2'}])
c.put_metric_alarm(AlarmName='py', Namespace='Py', MetricName='M', Statistic='Sum', Period=60, EvaluationPeriods=1, Threshold=2.5, ComparisonOperator='GreaterThanThreshold', TreatMissingData='ignore')
alarm = c.describe_alarms(AlarmNames=['py'])['MetricAlarms'][0]
statistics = c.get_metric_statistics(Namespace='Py', MetricName='M', StartTime=now - 5 * minute, EndTime=now, Period=60, Statistics=['Average', 'SampleCount'])['Datapoints'][0]
try:
  c.put_metric_data(Namespace='AWS/EC2', MetricData=[{'MetricName': 'M', 'Value': 1}])
except c.exceptions.InvalidParameterValueException as error:
  refused = error.response['Error']['Code']
try:
  c.put_metric_data(Namespace='Py', MetricData=[{'MetricName': 'M', 'Value': float('nan')}])
except Exception as error:
  nan = error.response['Error']['Code']
json.dump({'values': [r['Values'] for r in data['MetricDataResults']], 'threshold': alarm['Threshold'], 'average': statistics['Average'], 'count': statistics['SampleCount'],
  'metrics': sum(len(p['Metrics']) for p in c.get_paginator('list_metrics').paginate(Namespace='Py')), 'updated': alarm['StateUpdatedTimestamp'].isoformat(), 'refused': refused, 'nan': nan}, sys.stdout)
`;

test.skipIf(!answers('python3', '-c', 'import boto3'))('boto3 is answered (left out where python3 has no boto3)', { timeout: 60_000 }, async () => {
  const { stdout } = await run('python3', ['-c', script], { env: environment() });
  const found = JSON.parse(stdout) as Record<string, unknown>;
  expect(found).toMatchObject({ values: [[9], [4.5]], threshold: 2.5, average: 2.25, count: 4, metrics: 901 });
  expect(found['refused']).toMatch(/^InvalidParameterValue/);
  expect(found['nan']).toBeTypeOf('string');
});

const aws = async (...args: string[]): Promise<unknown> => {
  const { stdout } = await run('aws', ['cloudwatch', ...args, '--output', 'json'], { env: environment() });
  return stdout.trim() === '' ? undefined : (JSON.parse(stdout) as unknown);
};

test.skipIf(!answers('aws', '--version'))('the CLI is answered (left out where there is none)', { timeout: 60_000 }, async () => {
  await aws('put-metric-data', '--namespace', 'Cli', '--metric-name', 'M', '--value', '7', '--dimensions', 'Host=a');
  await aws('put-metric-alarm', '--alarm-name', 'cli', '--namespace', 'Cli', '--metric-name', 'M', '--statistic', 'Maximum', '--period', '60', '--evaluation-periods', '2', '--threshold', '5', '--comparison-operator', 'LessThanThreshold');
  expect(await aws('describe-alarms', '--alarm-names', 'cli')).toMatchObject({ MetricAlarms: [{ AlarmName: 'cli', Threshold: 5, EvaluationPeriods: 2 }], CompositeAlarms: [] });
  const now = Math.floor(Date.now() / 60_000) * 60;
  const query = JSON.stringify([{ Id: 'm1', MetricStat: { Metric: { Namespace: 'Cli', MetricName: 'M', Dimensions: [{ Name: 'Host', Value: 'a' }] }, Period: 60, Stat: 'Maximum' } }]);
  expect(await aws('get-metric-data', '--metric-data-queries', query, '--start-time', String(now - 300), '--end-time', String(now + 300))).toMatchObject({ MetricDataResults: [{ Id: 'm1', Values: [7] }] });
});
