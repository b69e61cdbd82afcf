import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { put } from './house.ts';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const statement = (service: string, Action: string, Resource: string) => JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service: service }, Action, Resource } });

/** A topic with a queue that gets its messages as they are. */
async function topic(Name: string, open: boolean) {
  const { TopicArn } = await s.aws.sns.createTopic({ Name });
  if (open) await s.aws.sns.setTopicAttributes({ TopicArn, AttributeName: 'Policy', AttributeValue: statement('events.amazonaws.com', 'sns:Publish', TopicArn!) });
  const { QueueUrl } = await s.aws.sqs.createQueue({ QueueName: Name });
  const queue = `arn:aws:sqs:us-east-1:${s.account}:${Name}`;
  await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: statement('sns.amazonaws.com', 'sqs:SendMessage', queue) } });
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queue, Attributes: { RawMessageDelivery: 'true' } });
  return {
    arn: TopicArn!,
    async bodies(): Promise<string[]> {
      await s.settled();
      const { Messages = [] } = await s.aws.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
      return Messages.map(({ Body }) => Body ?? '');
    },
  };
}

test('a topic gets the event when its policy lets EventBridge publish, or when the target\'s role may', async () => {
  const open = await topic('open', true);
  const closed = await topic('closed', false);
  const byRole = await topic('by-role', false);
  const RoleArn = await s.role('publisher', 'events.amazonaws.com', { Action: 'sns:Publish', Resource: byRole.arn });
  await s.aws.eventbridge.putRule({ Name: 'to-topics', EventPattern: '{"source":["to-topics"]}' });
  const Targets = [{ Id: 'open', Arn: open.arn }, { Id: 'closed', Arn: closed.arn }, { Id: 'by-role', Arn: byRole.arn, RoleArn, InputPath: '$.detail' }];
  expect((await s.aws.eventbridge.putTargets({ Rule: 'to-topics', Targets })).FailedEntries).toEqual([]);
  await put(s, 'to-topics', { n: 1 });
  expect((await open.bodies()).map((body) => JSON.parse(body) as unknown)).toMatchObject([{ source: 'to-topics', detail: { n: 1 } }]);
  expect(await closed.bodies()).toEqual([]);
  expect(await byRole.bodies()).toEqual(['{"n":1}']);
});
