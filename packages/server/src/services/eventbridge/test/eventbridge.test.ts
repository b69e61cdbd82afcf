import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

let s: Slipway;
let name: string;
let made = 0;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());
beforeEach(() => {
  made += 1;
  name = `rule-${made}`;
});

const put = (...entries: { detail: object; type?: string; source?: string }[]) =>
  s.aws.eventbridge.putEvents({ Entries: entries.map(({ detail, type = 'Test', source = 'shop' }) => ({ Source: source, DetailType: type, Detail: JSON.stringify(detail) })) });
const rule = (pattern: object) => s.aws.eventbridge.putRule({ Name: name, EventPattern: JSON.stringify(pattern) });

async function logGroup(): Promise<{ arn: string; messages(): Promise<string[]> }> {
  const logGroupName = `/aws/events/${name}`;
  await s.aws.cloudwatchLogs.createLogGroup({ logGroupName });
  return {
    arn: `arn:aws:logs:us-east-1:${s.account}:log-group:${logGroupName}`,
    async messages() {
      await s.settled();
      const { events = [] } = await s.aws.cloudwatchLogs.filterLogEvents({ logGroupName });
      return events.map((event) => event.message ?? '');
    },
  };
}

describe('rules', () => {
  test('PutRule, DescribeRule, ListRules, DisableRule, DeleteRule', async () => {
    const arn = `arn:aws:events:us-east-1:${s.account}:rule/${name}`;
    expect((await rule({ source: ['shop'] })).RuleArn).toBe(arn);
    expect(await s.aws.eventbridge.describeRule({ Name: name })).toMatchObject({ Arn: arn, State: 'ENABLED', EventBusName: 'default', EventPattern: '{"source":["shop"]}' });
    await s.aws.eventbridge.disableRule({ Name: name });
    expect((await s.aws.eventbridge.listRules({ NamePrefix: name })).Rules).toMatchObject([{ Name: name, State: 'DISABLED' }]);
    await s.aws.eventbridge.tagResource({ ResourceARN: arn, Tags: [{ Key: 'a', Value: 'b' }] });
    expect((await s.aws.eventbridge.listTagsForResource({ ResourceARN: arn })).Tags).toEqual([{ Key: 'a', Value: 'b' }]);
    await s.aws.eventbridge.deleteRule({ Name: name });
    await s.aws.eventbridge.deleteRule({ Name: name });
    await expect(s.aws.eventbridge.describeRule({ Name: name })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: `Rule ${name} does not exist on EventBus default.` });
  });

  test('PutRule: wrong schedules, unknown buses and bad patterns are refused', async () => {
    const { eventbridge } = s.aws;
    await expect(eventbridge.putRule({ Name: name, ScheduleExpression: 'rate(5 minute)' })).rejects.toMatchObject({ name: 'ValidationException', message: 'Parameter ScheduleExpression is not valid.' });
    await expect(eventbridge.putRule({ Name: name })).rejects.toThrow('Parameter(s) EventPattern or ScheduleExpression must be specified.');
    await expect(eventbridge.putRule({ Name: name, EventPattern: '{"a":[1]}', State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' })).rejects.toThrow('State ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is not supported by Slipway yet.');
    await expect(eventbridge.putRule({ Name: name, EventPattern: '{"a":[1]}', EventBusName: 'mine' })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'Event bus mine does not exist.' });
    await expect(rule({ detail: { state: 'x' } })).rejects.toMatchObject({ name: 'InvalidEventPatternException', message: 'Event pattern is not valid. Reason: "state" must be an object or an array at detail.state' });
    await expect(eventbridge.putRule({ Name: 'no spaces', EventPattern: '{"a":[1]}' })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('TestEventPattern answers whether an event matches', async () => {
    const event = { id: '1', account: s.account, source: 'shop', time: '2030-01-01T00:00:00Z', region: 'us-east-1', resources: [], 'detail-type': 'Test', detail: { n: 5 } };
    const ask = (pattern: object) => s.aws.eventbridge.testEventPattern({ EventPattern: JSON.stringify(pattern), Event: JSON.stringify(event) });
    expect((await ask({ detail: { n: [{ numeric: ['>', 4] }] } })).Result).toBe(true);
    expect((await ask({ detail: { n: [{ numeric: ['>', 5] }] } })).Result).toBe(false);
  });
});

describe('targets', () => {
  test('PutTargets: targets that cannot be served fail by themselves, with the reason', async () => {
    await rule({ source: ['shop'] });
    const group = await logGroup();
    const answer = await s.aws.eventbridge.putTargets({
      Rule: name,
      Targets: [
        { Id: 'good', Arn: group.arn },
        { Id: 'function', Arn: `arn:aws:lambda:us-east-1:${s.account}:function:f` },
        { Id: 'machine', Arn: `arn:aws:states:us-east-1:${s.account}:stateMachine:m` },
        { Id: 'stream', Arn: group.arn, KinesisParameters: { PartitionKeyPath: '$.id' } },
        { Id: 'queue', Arn: `arn:aws:sqs:us-east-1:${s.account}:queue.fifo` },
        { Id: 'letter', Arn: group.arn, DeadLetterConfig: { Arn: `arn:aws:sqs:us-east-1:${s.account}:dead.fifo` } },
        { Id: 'far', Arn: 'arn:aws:sqs:eu-west-1:111122223333:queue' },
        { Id: 'topic', Arn: `arn:aws:sns:us-east-1:${s.account}:t.fifo` },
        { Id: 'bare', Arn: 'queue' },
      ],
    });
    expect(answer).toMatchObject({
      FailedEntryCount: 8,
      FailedEntries: [
        { TargetId: 'function', ErrorMessage: expect.stringContaining('the service lambda are not supported') },
        { TargetId: 'machine', ErrorMessage: expect.stringContaining('the service states are not supported') },
        { TargetId: 'stream', ErrorMessage: 'KinesisParameters is not supported by Slipway yet.' },
        { TargetId: 'queue', ErrorMessage: 'Parameter(s) SqsParameters must be specified for target: queue.' },
        { TargetId: 'letter', ErrorMessage: expect.stringContaining('a FIFO queue cannot be the dead-letter queue') },
        { TargetId: 'far', ErrorMessage: expect.stringContaining('must be in the region of its rule') },
        { TargetId: 'topic', ErrorMessage: 'A FIFO topic cannot be the target of a rule.' },
        { TargetId: 'bare', ErrorMessage: 'Provided Arn is not in correct format.' },
      ],
    });
    expect((await s.aws.eventbridge.listTargetsByRule({ Rule: name })).Targets).toEqual([{ Id: 'good', Arn: group.arn }]);
    expect((await s.aws.eventbridge.listRuleNamesByTarget({ TargetArn: group.arn })).RuleNames).toEqual([name]);
    await expect(s.aws.eventbridge.deleteRule({ Name: name })).rejects.toThrow("Rule can't be deleted since it has targets.");
    expect(await s.aws.eventbridge.removeTargets({ Rule: name, Ids: ['good', 'gone'] })).toMatchObject({ FailedEntryCount: 1, FailedEntries: [{ TargetId: 'gone' }] });
    await s.aws.eventbridge.deleteRule({ Name: name });
  });

  test('PutTargets: a pipeline needs a role, and the caller the right to pass it', async () => {
    await rule({ source: ['shop'] });
    const Arn = `arn:aws:codepipeline:us-east-1:${s.account}:site`;
    await expect(s.aws.eventbridge.putTargets({ Rule: name, Targets: [{ Id: '1', Arn }] })).rejects.toThrow(`RoleArn is required for target ${Arn}.`);
    const RoleArn = await s.role(`${name}-role`, 'events.amazonaws.com');
    const caller = s.as(await s.user(`${name}-user`, { Action: 'events:*', Resource: '*' }));
    await expect(caller.eventbridge.putTargets({ Rule: name, Targets: [{ Id: '1', Arn, RoleArn }] })).rejects.toThrow(`is not authorized to perform: iam:PassRole on resource: ${RoleArn}`);
    expect((await s.aws.eventbridge.putTargets({ Rule: name, Targets: [{ Id: '1', Arn, RoleArn }] })).FailedEntryCount).toBe(0);
  });
});

describe('delivery', () => {
  test('PutEvents: an event reaches the log group of each rule that matches, in AWS\'s shape', async () => {
    await rule({ source: [name], detail: { state: [{ prefix: 'DO' }] } });
    const group = await logGroup();
    await s.aws.eventbridge.putTargets({ Rule: name, Targets: [{ Id: 'log', Arn: group.arn }] });
    const { Entries } = await put({ source: name, detail: { state: 'DONE' } }, { source: name, detail: { state: 'NEW' } });
    const messages = await group.messages();
    expect(messages.map((text) => JSON.parse(text) as unknown)).toEqual([
      {
        version: '0', id: Entries![0]!.EventId, 'detail-type': 'Test', source: name, account: s.account, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/), region: 'us-east-1',
        resources: [], detail: { state: 'DONE' },
      },
    ]);
  });

  test('PutEvents: bad entries fail by themselves', async () => {
    const { FailedEntryCount, Entries } = await s.aws.eventbridge.putEvents({
      Entries: [
        { Source: 'shop', DetailType: 'T', Detail: '{}' },
        { Source: 'shop', DetailType: 'T', Detail: '{' },
        { Source: 'shop', DetailType: 'T', Detail: `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}` },
        { Source: 'aws.s3', DetailType: 'T', Detail: '{}' },
        { Source: 'shop', Detail: '{}' },
      ],
    });
    expect(FailedEntryCount).toBe(4);
    expect(Entries!.map((entry) => entry.ErrorCode)).toEqual([undefined, 'MalformedDetail', 'MalformedDetail', 'NotAuthorizedForSourceException', 'InvalidArgument']);
  });

  test('an input transformer makes the log line', async () => {
    await rule({ source: [name] });
    const group = await logGroup();
    const InputTransformer = { InputPathsMap: { who: '$.detail.who', at: '$.time' }, InputTemplate: '{"timestamp":<at>,"message":"<who> came"}' };
    await s.aws.eventbridge.putTargets({ Rule: name, Targets: [{ Id: 'log', Arn: group.arn, InputTransformer }] });
    await put({ source: name, detail: { who: 'Ann "A"' } });
    expect(await group.messages()).toEqual(['Ann "A" came']);
  });

  test('a target that refuses is given up; a disabled rule delivers nothing', async () => {
    await rule({ source: [name] });
    const group = await logGroup();
    const gone = `arn:aws:logs:us-east-1:${s.account}:log-group:/aws/events/nowhere`;
    await s.aws.eventbridge.putTargets({ Rule: name, Targets: [{ Id: 'gone', Arn: gone }, { Id: 'log', Arn: group.arn }] });
    await put({ source: name, detail: {} });
    expect(await group.messages()).toHaveLength(1);
    await s.aws.eventbridge.disableRule({ Name: name });
    await put({ source: name, detail: {} });
    expect(await group.messages()).toHaveLength(1);
  });
});
