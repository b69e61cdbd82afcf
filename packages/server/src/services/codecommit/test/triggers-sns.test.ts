import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { put } from './review-scene.ts';

let s: Slipway;
beforeAll(async () => { s = await Slipway.start(); });
afterAll(() => s.stop());

it('a commit reaches a queue behind a topic that lets CodeCommit in, and no other topic', async () => {
  const { codecommit, sns, sqs } = s.aws;
  await codecommit.createRepository({ repositoryName: 'site' });
  const source = `arn:aws:codecommit:us-east-1:${s.account}:site`;
  const letIn = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'codecommit.amazonaws.com' }, Action: 'sns:Publish', Resource: '*', Condition: { ArnEquals: { 'aws:SourceArn': source } } }] };
  const { TopicArn: open } = await sns.createTopic({ Name: 'open', Attributes: { Policy: JSON.stringify(letIn) } });
  const { TopicArn: closed } = await sns.createTopic({ Name: 'closed' });
  const { QueueUrl } = await sqs.createQueue({ QueueName: 'heard' });
  const queueArn = `arn:aws:sqs:us-east-1:${s.account}:heard`;
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: queueArn }] };
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: JSON.stringify(policy) } });
  for (const TopicArn of [open, closed]) await sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn });

  const triggers = [{ name: 'open', destinationArn: open!, events: ['all' as const] }, { name: 'closed', destinationArn: closed!, events: ['all' as const] }];
  expect(await codecommit.testRepositoryTriggers({ repositoryName: 'site', triggers })).toMatchObject({
    successfulExecutions: ['open'], failedExecutions: [{ trigger: 'closed', failureMessage: expect.stringContaining('not authorized') }],
  });
  await codecommit.putRepositoryTriggers({ repositoryName: 'site', triggers });
  const commit = await put(codecommit, 'site', 'main', 'a.txt', 'one\n');
  await s.settled();

  const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
  const heard = Messages.map(({ Body }) => JSON.parse(Body!) as { Subject: string; Message: string })
    .map(({ Subject, Message }) => ({ subject: Subject, ...(JSON.parse(Message) as { Records: [{ eventName: string; codecommit: unknown; eventSourceARN: string }] }).Records[0] }));
  expect(heard.map(({ eventName }) => eventName).toSorted()).toEqual(['ReferenceChanges', 'TriggerEventTest']);
  expect(heard.find(({ eventName }) => eventName === 'ReferenceChanges')).toMatchObject({
    subject: 'CREATE: AWS CodeCommit us-east-1 push: site', eventSourceARN: source, codecommit: { references: [{ commit, created: true, ref: 'refs/heads/main' }] },
  });
});
