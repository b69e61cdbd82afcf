import { otherAccount as other, startWithOtherAccount, type Aws, type Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

let s: Slipway;
let stop: () => Promise<void>;
let abroad: Aws;
beforeAll(async () => {
  ({ s, stop } = await startWithOtherAccount());
  abroad = s.as(other);
});
afterAll(() => stop());

const refused = (promise: Promise<unknown>) => promise.then(() => 'done', (error: Error) => `${error.name}: ${error.message}`);

/** The other account's queue, that one topic may send to. */
async function queueAbroad(QueueName: string, TopicArn: string) {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*', Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } } } });
  const { QueueUrl } = await abroad.sqs.createQueue({ QueueName, Attributes: { Policy } });
  return {
    arn: `arn:aws:sqs:us-east-1:${other.account}:${QueueName}`,
    async bodies(): Promise<Record<string, string>[]> {
      await s.settled();
      const { Messages = [] } = await abroad.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
      for (const { ReceiptHandle } of Messages) await abroad.sqs.deleteMessage({ QueueUrl, ReceiptHandle });
      return Messages.map(({ Body }) => JSON.parse(Body!) as Record<string, string>);
    },
  };
}

const newTopic = async (Name: string): Promise<string> => (await s.aws.sns.createTopic({ Name })).TopicArn!;

it('Publish and Subscribe: another account may do what the topic’s policy lets it, and no more', async () => {
  const TopicArn = await newTopic('lent');
  const queue = await queueAbroad('lent', TopicArn);
  const subscribe = () => abroad.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queue.arn });
  const publish = (Message: string) => abroad.sns.publish({ TopicArn, Message });
  expect([await refused(subscribe()), await refused(publish('x'))]).toEqual([expect.stringMatching(/^AuthorizationErrorException/), expect.stringMatching(/^AuthorizationErrorException/)]);
  await s.aws.sns.addPermission({ TopicArn, Label: 'listen', AWSAccountId: [other.account], ActionName: ['Subscribe'] });
  const { SubscriptionArn } = await subscribe();
  expect(SubscriptionArn).toContain(`${TopicArn}:`);
  expect(await refused(publish('x'))).toMatch(/^AuthorizationErrorException/);
  await s.aws.sns.addPermission({ TopicArn, Label: 'speak', AWSAccountId: [other.account], ActionName: ['Publish'] });
  await publish('from abroad');
  expect(await queue.bodies()).toMatchObject([{ Type: 'Notification', Message: 'from abroad', TopicArn }]);
  // The subscription is its subscriber's; the topic's owner sees it too, and may end it.
  expect((await abroad.sns.listSubscriptions({})).Subscriptions).toMatchObject([{ SubscriptionArn, Owner: other.account }]);
  expect((await s.aws.sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions).toMatchObject([{ SubscriptionArn, Owner: other.account }]);
  await s.aws.sns.unsubscribe({ SubscriptionArn });
  await s.aws.sns.publish({ TopicArn, Message: 'after' });
  expect(await queue.bodies()).toEqual([]);
});

it('Subscribe: another account’s queue gets a question, which whoever reads the queue answers', async () => {
  const TopicArn = await newTopic('asking');
  const queue = await queueAbroad('asked', TopicArn);
  expect((await s.aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queue.arn })).SubscriptionArn).toBe('pending confirmation');
  await s.aws.sns.publish({ TopicArn, Message: 'too early' });
  const [asked, ...more] = await queue.bodies();
  expect([asked, more]).toMatchObject([{ Type: 'SubscriptionConfirmation', TopicArn }, []]);
  expect((await fetch(asked!['SubscribeURL']!)).status).toBe(200);
  await s.aws.sns.publish({ TopicArn, Message: 'now' });
  expect(await queue.bodies()).toMatchObject([{ Type: 'Notification', Message: 'now' }]);
});
