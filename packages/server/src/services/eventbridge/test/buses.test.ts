import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { put, ruleWithLog } from './house.ts';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const busArn = (name: string): string => `arn:aws:events:us-east-1:${s.account}:event-bus/${name}`;
const pattern = (source: string): string => JSON.stringify({ source: [source] });

describe('event buses', () => {
  test('CreateEventBus, UpdateEventBus, DescribeEventBus, ListEventBuses, tags, DeleteEventBus', async () => {
    const { eventbridge } = s.aws;
    expect(await eventbridge.createEventBus({ Name: 'orders', Description: 'first', Tags: [{ Key: 'a', Value: 'b' }] })).toMatchObject({ EventBusArn: busArn('orders'), Description: 'first' });
    await eventbridge.updateEventBus({ Name: 'orders', Description: 'second' });
    expect(await eventbridge.describeEventBus({ Name: busArn('orders') })).toMatchObject({ Name: 'orders', Description: 'second', CreationTime: expect.any(Date) });
    expect((await eventbridge.listTagsForResource({ ResourceARN: busArn('orders') })).Tags).toEqual([{ Key: 'a', Value: 'b' }]);
    const first = await eventbridge.listEventBuses({ Limit: 1 });
    const second = await eventbridge.listEventBuses({ Limit: 1, NextToken: first.NextToken });
    expect([...first.EventBuses!, ...second.EventBuses!].map((bus) => bus.Name)).toEqual(['default', 'orders']);
    await eventbridge.putRule({ Name: 'r', EventBusName: 'orders', EventPattern: pattern('x') });
    await expect(eventbridge.deleteEventBus({ Name: 'orders' })).rejects.toThrow("Event bus can't be deleted since it has rules.");
    await eventbridge.deleteRule({ Name: 'r', EventBusName: 'orders' });
    await eventbridge.deleteEventBus({ Name: 'orders' });
    await eventbridge.deleteEventBus({ Name: 'orders' });
    await expect(eventbridge.describeEventBus({ Name: 'orders' })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'Event bus orders does not exist.' });
  });

  test('what a bus cannot be is refused', async () => {
    const { eventbridge } = s.aws;
    await expect(eventbridge.createEventBus({ Name: 'default' })).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException', message: 'Event bus default already exists.' });
    await expect(eventbridge.createEventBus({ Name: 'aws.mine' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(eventbridge.createEventBus({ Name: 'a/b' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(eventbridge.createEventBus({ Name: 'x', EventSourceName: 'aws.partner/x' })).rejects.toThrow('EventSourceName is not supported by Slipway yet.');
    await expect(eventbridge.createEventBus({ Name: 'x', KmsKeyIdentifier: 'k' })).rejects.toThrow('KmsKeyIdentifier of an event bus is not supported by Slipway yet.');
    await expect(eventbridge.createEventBus({ Name: 'x', DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:000000000000:q' } })).rejects.toThrow('DeadLetterConfig of an event bus is not supported by Slipway yet.');
    await expect(eventbridge.createEventBus({ Name: 'x', LogConfig: { Level: 'INFO' } })).rejects.toThrow('LogConfig of an event bus is not supported by Slipway yet.');
    await expect(eventbridge.deleteEventBus({ Name: 'default' })).rejects.toThrow('Cannot delete event bus default.');
    await expect(eventbridge.putRule({ Name: 'r', EventBusName: 'nowhere', EventPattern: pattern('x') })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(eventbridge.listRules({ EventBusName: busArn('default').replace('us-east-1', 'eu-west-1') })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(eventbridge.listRules({ EventBusName: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('events stay on their bus; rules of one name on two buses are two rules', async () => {
    await s.aws.eventbridge.createEventBus({ Name: 'left' });
    const log = await ruleWithLog(s, 'both', { EventBusName: 'left', EventPattern: pattern('both') });
    expect(log.ruleArn).toBe(`arn:aws:events:us-east-1:${s.account}:rule/left/both`);
    await s.aws.eventbridge.putRule({ Name: 'both', EventPattern: pattern('other') });
    await put(s, 'both', { on: 'default' });
    await put(s, 'both', { on: 'left' }, 'left');
    await put(s, 'both', { on: 'left, by ARN' }, busArn('left'));
    expect((await log.events()).map(({ detail }) => detail['on']).toSorted()).toEqual(['left', 'left, by ARN']);
    expect((await s.aws.eventbridge.describeRule({ Name: 'both', EventBusName: 'left' })).EventPattern).toBe(pattern('both'));
    expect((await s.aws.eventbridge.describeRule({ Name: 'both' })).EventPattern).toBe(pattern('other'));
  });

  test('PutEvents: an unknown bus fails its entry alone', async () => {
    const entry = { Source: 'x', DetailType: 'T', Detail: '{}' };
    const { FailedEntryCount, Entries } = await s.aws.eventbridge.putEvents({ Entries: [{ ...entry, EventBusName: 'nowhere' }, entry, { ...entry, Time: new Date('+010000-01-01T00:00:00Z') }, { ...entry, TraceHeader: 'Root=1' }] });
    expect(FailedEntryCount).toBe(3);
    expect(Entries!.map(({ ErrorCode }) => ErrorCode)).toEqual(['ResourceNotFoundException', undefined, 'InvalidArgument', 'InvalidArgument']);
    await expect(s.aws.eventbridge.putEvents({ Entries: Array.from({ length: 11 }, () => entry) })).rejects.toThrow('Member must have length less than or equal to 10');
    await expect(s.aws.eventbridge.putEvents({ Entries: [{ ...entry, Detail: JSON.stringify({ a: 'x'.repeat(1_048_576) }) }] })).rejects.toThrow('Total size of the entries in the request is over the limit.');
  });

  test('an event goes on to another bus as it is, by the rule\'s role, and to no third', async () => {
    const { eventbridge } = s.aws;
    for (const Name of ['second', 'third']) await eventbridge.createEventBus({ Name });
    const RoleArn = await s.role('forwarder', 'events.amazonaws.com', { Action: 'events:PutEvents', Resource: busArn('*') });
    await eventbridge.putRule({ Name: 'on', EventPattern: pattern('hop') });
    await expect(eventbridge.putTargets({ Rule: 'on', Targets: [{ Id: 'b', Arn: busArn('second') }] })).rejects.toThrow(`RoleArn is required for target ${busArn('second')}.`);
    await eventbridge.putTargets({ Rule: 'on', Targets: [{ Id: 'b', Arn: busArn('second'), RoleArn }] });
    const second = await ruleWithLog(s, 'at-second', { EventBusName: 'second', EventPattern: pattern('hop') });
    await eventbridge.putTargets({ Rule: 'at-second', EventBusName: 'second', Targets: [{ Id: 'b', Arn: busArn('third'), RoleArn }, { Id: 'back', Arn: busArn('default'), RoleArn }] });
    const third = await ruleWithLog(s, 'at-third', { EventBusName: 'third', EventPattern: pattern('hop') });
    const { Entries } = await put(s, 'hop', { n: 1 });
    expect(await second.events()).toMatchObject([{ id: Entries![0]!.EventId, source: 'hop', detail: { n: 1 } }]);
    expect(await third.events()).toEqual([]);
  });

  test('a role without the right forwards nothing', async () => {
    await s.aws.eventbridge.createEventBus({ Name: 'closed' });
    const RoleArn = await s.role('powerless', 'events.amazonaws.com');
    await s.aws.eventbridge.putRule({ Name: 'try', EventPattern: pattern('closed') });
    await s.aws.eventbridge.putTargets({ Rule: 'try', Targets: [{ Id: 'b', Arn: busArn('closed'), RoleArn }] });
    const log = await ruleWithLog(s, 'at-closed', { EventBusName: 'closed', EventPattern: pattern('closed') });
    await put(s, 'closed', {});
    expect(await log.events()).toEqual([]);
  });
});

async function policyOf(Name: string): Promise<{ Statement: { Sid: string }[] } | undefined> {
  const { Policy } = await s.aws.eventbridge.describeEventBus({ Name });
  return Policy === undefined ? undefined : (JSON.parse(Policy) as { Statement: { Sid: string }[] });
}

describe('permissions', () => {
  test('PutPermission and RemovePermission: single statements', async () => {
    const { eventbridge } = s.aws;
    await eventbridge.createEventBus({ Name: 'shared' });
    await eventbridge.putPermission({ EventBusName: 'shared', StatementId: 'one', Action: 'events:PutEvents', Principal: '111122223333' });
    await eventbridge.putPermission({ EventBusName: 'shared', StatementId: 'org', Action: 'events:PutEvents', Principal: '*', Condition: { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-1' } });
    expect((await policyOf('shared'))!.Statement).toEqual([
      { Sid: 'one', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'events:PutEvents', Resource: busArn('shared') },
      { Sid: 'org', Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: busArn('shared'), Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } },
    ]);
    await eventbridge.putPermission({ EventBusName: 'shared', StatementId: 'one', Action: 'events:PutEvents', Principal: '444455556666' });
    expect((await policyOf('shared'))!.Statement.map(({ Sid }) => Sid)).toEqual(['org', 'one']);
    await eventbridge.removePermission({ EventBusName: 'shared', StatementId: 'one' });
    await expect(eventbridge.removePermission({ EventBusName: 'shared', StatementId: 'one' })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'Statement with the provided id does not exist.' });
    await eventbridge.removePermission({ EventBusName: 'shared', RemoveAllPermissions: true });
    expect(await policyOf('shared')).toBeUndefined();
    await expect(eventbridge.removePermission({ EventBusName: 'shared', StatementId: 'one' })).rejects.toThrow('EventBus does not have a policy.');
    await expect(eventbridge.putPermission({ EventBusName: 'nowhere', StatementId: 'one', Action: 'events:PutEvents', Principal: '*' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('PutPermission: what cannot be a policy is refused', async () => {
    const { eventbridge } = s.aws;
    await expect(eventbridge.putPermission({ StatementId: 'x', Principal: '*' })).rejects.toThrow('Parameter Action must be specified.');
    await expect(eventbridge.putPermission({ Policy: '{"Version":"2012-10-17"}' })).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining('Parameter Policy is not valid.') });
    await expect(eventbridge.putPermission({ Policy: '{}', StatementId: 'x' })).rejects.toThrow('Parameter StatementId cannot be used together with Policy.');
    await expect(eventbridge.putPermission({ StatementId: 'x', Action: 'events:PutEvents', Principal: '*', Condition: { Type: 'StringLike', Key: 'k', Value: 'v' } })).rejects.toThrow('Parameter Condition is not valid.');
    const statements = Array.from({ length: 100 }, (_, n) => ({ Sid: `s${n}`, Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'events:PutEvents', Resource: busArn('default') }));
    await expect(eventbridge.putPermission({ Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }) })).rejects.toMatchObject({ name: 'PolicyLengthExceededException' });
  });

  test('a bus\'s policy decides together with the caller\'s own', async () => {
    await s.aws.eventbridge.createEventBus({ Name: 'guarded' });
    const nobody = await s.user('nobody');
    const everybody = await s.user('everybody', { Action: 'events:*', Resource: '*' });
    const entry = { Source: 'x', DetailType: 'T', Detail: '{}', EventBusName: 'guarded' };
    await expect(s.as(nobody).eventbridge.putEvents({ Entries: [entry] })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const about = { Resource: busArn('guarded'), Action: 'events:PutEvents' };
    const Statement = [
      { Sid: 'in', Effect: 'Allow', Principal: { AWS: nobody.arn }, ...about, Condition: { StringEquals: { 'events:source': 'x' } } },
      { Sid: 'out', Effect: 'Deny', Principal: { AWS: everybody.arn }, ...about },
    ];
    await s.aws.eventbridge.putPermission({ EventBusName: 'guarded', Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
    expect((await s.as(nobody).eventbridge.putEvents({ Entries: [entry] })).FailedEntryCount).toBe(0);
    await expect(s.as(nobody).eventbridge.putEvents({ Entries: [{ ...entry, Source: 'y' }] })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(s.as(everybody).eventbridge.putEvents({ Entries: [entry] })).rejects.toThrow('with an explicit deny in a resource-based policy');
  });
});
