import { expect, test } from 'vitest';
import { loadContract } from './index.ts';
import type { Apis } from './index.ts';
import type { MemberShape } from './contract.ts';

const services: readonly (keyof Apis)[] = [
  'cloudwatch', 'cloudwatch-logs', 'codebuild', 'codecommit', 'codecommit-mirroring', 'codedeploy', 'codedeploy-commands', 'codepipeline', 'eventbridge', 'iam', 's3', 'secrets-manager', 'sns',
  'sqs', 'ssm', 'sts',
];

test.each(services)('%s: every shape and error that is named is there', (service) => {
  const { shapes, operations, errors } = loadContract(service);
  const uses: MemberShape[] = Object.values(shapes).flatMap((shape) => {
    if (shape.type === 'list') return [shape.member];
    if (shape.type === 'map') return [shape.key, shape.value];
    return 'members' in shape ? Object.values(shape.members) : [];
  });
  const named = [...uses.map((use) => use.shape), ...Object.values(operations).flatMap(({ input, output }) => [input ?? [], output ?? []].flat())];
  expect(named.filter((name) => !Object.hasOwn(shapes, name))).toEqual([]);
  expect(Object.values(operations).flatMap((operation) => operation.errors).filter((name) => !Object.hasOwn(errors, name))).toEqual([]);
});

test('a member of an enum knows its values, also within lists and maps', () => {
  const { shapes } = loadContract('codebuild');
  expect(shapes['SortOrderType']).toEqual({ type: 'string', enum: ['ASCENDING', 'DESCENDING'] });
  expect(shapes['ListProjectsInput']).toMatchObject({ members: { sortOrder: { shape: 'SortOrderType' } } });
  expect(loadContract('codedeploy').shapes['ListDeploymentsInput']).toMatchObject({ members: { includeOnlyStatuses: { shape: 'ListOfDeploymentStatus' } } });
});

test('S3 has its bucket in the path, and no mark of the SDK', () => {
  const { operations } = loadContract('s3');
  expect(operations['PutObject']!.http).toEqual({ method: 'PUT', uri: '/{Bucket}/{Key+}', status: 200 });
  expect(operations['ListObjectsV2']!.http!.uri).toBe('/{Bucket}?list-type=2');
  expect(operations['ListBuckets']!.http!.uri).toBe('/');
  expect(Object.values(operations).filter(({ http }) => http!.uri.includes('x-id'))).toEqual([]);
});

test('an error of an awsQuery service has the code that is sent for it', () => {
  expect(loadContract('iam').errors['NoSuchEntityException']).toMatchObject({ code: 'NoSuchEntity', status: 404 });
});

test('required members are marked', () => {
  expect(loadContract('codepipeline').shapes['StageDeclaration']).toMatchObject({ required: ['name', 'actions'] });
});

test('numbers are integers, but for those that AWS documents as fractions', () => {
  const { shapes } = loadContract('cloudwatch');
  expect(shapes['MetricDatum']).toMatchObject({ members: { Value: { shape: 'Double' }, Values: { shape: 'ListOfDouble' }, StorageResolution: { shape: 'Integer' } } });
  expect(shapes['PutMetricAlarmInput']).toMatchObject({ members: { Threshold: { shape: 'Double' }, Period: { shape: 'Integer' }, EvaluationPeriods: { shape: 'Integer' } } });
  expect(shapes['Datapoint']).toMatchObject({ members: { ExtendedStatistics: { shape: 'MapOfDouble' } } });
  expect([shapes['Double'], shapes['Integer']]).toEqual([{ type: 'double' }, { type: 'long' }]);
  for (const service of services) expect(loadContract(service).shapes['Number']).toBeUndefined();
});
