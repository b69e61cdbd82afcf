import { otherAccount as other, startWithOtherAccount, type Aws, type Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { put, ruleWithLog } from './house.ts';

let s: Slipway;
let stop: () => Promise<void>;
let abroad: Aws;
beforeAll(async () => {
  ({ s, stop } = await startWithOtherAccount());
  abroad = s.as(other);
});
afterAll(() => stop());

const busArn = (name: string): string => `arn:aws:events:us-east-1:${s.account}:event-bus/${name}`;
const event = (EventBusName: string) => ({ Entries: [{ Source: 'abroad', DetailType: 'T', Detail: '{}', EventBusName }] });

test('PutEvents: another account\'s events come in by the bus\'s policy', async () => {
  await s.aws.eventbridge.createEventBus({ Name: 'lent' });
  const log = await ruleWithLog(s, 'lent', { EventBusName: 'lent', EventPattern: JSON.stringify({ account: [other.account] }) });
  await expect(abroad.eventbridge.putEvents(event(busArn('lent')))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await s.aws.eventbridge.putPermission({ EventBusName: 'lent', StatementId: 'lent', Action: 'events:PutEvents', Principal: other.account });
  expect((await abroad.eventbridge.putEvents(event(busArn('lent')))).FailedEntryCount).toBe(0);
  expect(await log.events()).toMatchObject([{ account: other.account, source: 'abroad' }]);
});

test('PutRule: another account makes rules where the bus\'s policy lets it, and is named as their creator', async () => {
  await s.aws.eventbridge.createEventBus({ Name: 'open' });
  const rule = { Name: 'theirs', EventBusName: busArn('open'), EventPattern: '{"source":["x"]}' };
  await expect(abroad.eventbridge.putRule(rule)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const Statement = { Sid: 'rules', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${other.account}:root` }, Action: ['events:PutRule', 'events:DescribeRule'], Resource: `arn:aws:events:us-east-1:${s.account}:rule/open/*` };
  await s.aws.eventbridge.putPermission({ EventBusName: 'open', Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
  expect((await abroad.eventbridge.putRule(rule)).RuleArn).toBe(`arn:aws:events:us-east-1:${s.account}:rule/open/theirs`);
  expect(await s.aws.eventbridge.describeRule({ Name: 'theirs', EventBusName: 'open' })).toMatchObject({ CreatedBy: other.account });
});

test('a rule forwards to another account\'s bus when its role and that bus\'s policy let it', async () => {
  await abroad.eventbridge.createEventBus({ Name: 'far' });
  const Arn = `arn:aws:events:us-east-1:${other.account}:event-bus/far`;
  await abroad.eventbridge.createArchive({ ArchiveName: 'far', EventSourceArn: Arn });
  const RoleArn = await s.role('sender', 'events.amazonaws.com', { Action: 'events:PutEvents', Resource: Arn });
  await s.aws.eventbridge.putRule({ Name: 'out', EventPattern: '{"source":["out"]}' });
  expect((await s.aws.eventbridge.putTargets({ Rule: 'out', Targets: [{ Id: 'far', Arn, RoleArn }] })).FailedEntries).toEqual([]);
  await put(s, 'out', { n: 1 });
  await s.settled();
  expect((await abroad.eventbridge.describeArchive({ ArchiveName: 'far' })).EventCount).toBe(0);
  await abroad.eventbridge.putPermission({ EventBusName: 'far', StatementId: 'in', Action: 'events:PutEvents', Principal: s.account });
  await put(s, 'out', { n: 2 });
  await s.settled();
  expect((await abroad.eventbridge.describeArchive({ ArchiveName: 'far' })).EventCount).toBe(1);
});
