import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const Tags = [{ Key: 'owner', Value: 'me' }];
const alarm = { Namespace: 'N', MetricName: 'M', Statistic: 'Sum', Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' } as const;

type Clients = ReturnType<Slipway['as']>;
const makers: [create: string, tag: string, make: (aws: Clients, name: string) => Promise<unknown>][] = [
  ['secretsmanager:CreateSecret', 'secretsmanager:TagResource', (aws, Name) => aws.secretsManager.createSecret({ Name, SecretString: 'x', Tags })],
  ['ssm:PutParameter', 'ssm:AddTagsToResource', (aws, Name) => aws.ssm.putParameter({ Name, Type: 'String', Value: 'x', Tags })],
  ['cloudwatch:PutMetricAlarm', 'cloudwatch:TagResource', (aws, AlarmName) => aws.cloudwatch.putMetricAlarm({ AlarmName, ...alarm, Tags })],
  ['cloudwatch:PutCompositeAlarm', 'cloudwatch:TagResource', (aws, AlarmName) => aws.cloudwatch.putCompositeAlarm({ AlarmName, AlarmRule: 'TRUE', Tags })],
  ['events:PutRule', 'events:TagResource', (aws, Name) => aws.eventbridge.putRule({ Name, EventPattern: '{"source":["a"]}', Tags })],
  ['events:CreateEventBus', 'events:TagResource', (aws, Name) => aws.eventbridge.createEventBus({ Name, Tags })],
  ['codecommit:CreateRepository', 'codecommit:TagResource', (aws, repositoryName) => aws.codecommit.createRepository({ repositoryName, tags: { owner: 'me' } })],
];

test.each(makers)('%s with tags needs %s too, and tells policies which tags', async (create, tag, make) => {
  const name = `of-${create.replace(':', '-')}`;
  const [maker, tagger, other] = [
    await s.user(`${name}-maker`, { Action: create, Resource: '*' }),
    await s.user(`${name}-tagger`, { Action: [create, tag], Resource: '*', Condition: { StringEquals: { 'aws:RequestTag/owner': 'me' }, 'ForAllValues:StringEquals': { 'aws:TagKeys': ['owner'] } } }),
    await s.user(`${name}-other`, { Action: [create, tag], Resource: '*', Condition: { StringEquals: { 'aws:RequestTag/owner': 'somebody' } } }),
  ];
  const refused = { name: expect.stringMatching(/^AccessDenied/) };
  await expect(make(s.as(maker), name)).rejects.toMatchObject(refused);
  await expect(make(s.as(other), name)).rejects.toMatchObject(refused);
  await make(s.as(tagger), name);
});
