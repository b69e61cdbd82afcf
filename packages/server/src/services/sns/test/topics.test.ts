import { afterAll, beforeAll, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const refused = (promise: Promise<unknown>) => promise.then(() => 'done', (error: Error) => `${error.name}: ${error.message}`);

it('CreateTopic: answers the same ARN again, and refuses other attributes or tags', async () => {
  const make = (more: object = {}) => s.aws.sns.createTopic({ Name: 'again', Attributes: { DisplayName: 'One' }, Tags: [{ Key: 'a', Value: '1' }], ...more });
  const { TopicArn } = await make();
  expect(TopicArn).toBe(`arn:aws:sns:us-east-1:${s.account}:again`);
  expect((await make()).TopicArn).toBe(TopicArn);
  expect((await s.aws.sns.createTopic({ Name: 'again' })).TopicArn).toBe(TopicArn);
  expect(await refused(make({ Attributes: { DisplayName: 'Two' } }))).toBe('InvalidParameterException: Invalid parameter: Attributes Reason: Topic already exists with different attributes');
  expect(await refused(make({ Tags: [{ Key: 'a', Value: '2' }] }))).toBe('InvalidParameterException: Invalid parameter: Tags Reason: Topic already exists with different tags');
});

it.each([
  [{ Name: 'bad name' }, /Topic Name/],
  [{ Name: 'x.fifo' }, /Topic Name/],
  [{ Name: 'x', Attributes: { FifoTopic: 'true' } }, /must end with \.fifo/],
  [{ Name: 'x', Attributes: { ContentBasedDeduplication: 'true' } }, /only be set for FIFO/],
  [{ Name: 'x', Attributes: { KmsMasterKeyId: 'alias/x' } }, /KmsMasterKeyId is not supported/],
  [{ Name: 'x', Attributes: { TracingConfig: 'Active' } }, /TracingConfig Active is not supported/],
  [{ Name: 'x', Attributes: { ArchivePolicy: '{"MessageRetentionPeriod":1}' } }, /ArchivePolicy is not supported/],
  [{ Name: 'x', Attributes: { HTTPSuccessFeedbackRoleArn: 'arn:x' } }, /HTTPSuccessFeedbackRoleArn is not supported/],
  [{ Name: 'x', Attributes: { SignatureVersion: '3' } }, /SignatureVersion/],
  [{ Name: 'x', Attributes: { Nonsense: '1' } }, /AttributeName/],
  [{ Name: 'x', Attributes: { Policy: '{' } }, /Policy Error/],
  [{ Name: 'x', DataProtectionPolicy: '{"x":1}' }, /DataProtectionPolicy is not supported/],
])('CreateTopic: refuses %j', async (input, message) => {
  expect(await refused(s.aws.sns.createTopic(input))).toMatch(message);
});

it('GetTopicAttributes: shows the default policy, counts and the effective delivery policy; SetTopicAttributes changes them', async () => {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'attributes.fifo', Attributes: { FifoTopic: 'true' } });
  const { Attributes } = await s.aws.sns.getTopicAttributes({ TopicArn: TopicArn! });
  expect(Attributes).toMatchObject({ Owner: s.account, DisplayName: '', FifoTopic: 'true', ContentBasedDeduplication: 'false', FifoThroughputScope: 'Topic', SubscriptionsConfirmed: '0', SubscriptionsPending: '0', SubscriptionsDeleted: '0' });
  expect(JSON.parse(Attributes!['Policy']!)).toMatchObject({ Id: '__default_policy_ID', Statement: [{ Sid: '__default_statement_ID' }] });
  expect(JSON.parse(Attributes!['EffectiveDeliveryPolicy']!)).toMatchObject({ http: { defaultHealthyRetryPolicy: { numRetries: 3, minDelayTarget: 20 } } });
  await s.aws.sns.setTopicAttributes({ TopicArn, AttributeName: 'ContentBasedDeduplication', AttributeValue: 'true' });
  expect((await s.aws.sns.getTopicAttributes({ TopicArn: TopicArn! })).Attributes).toMatchObject({ ContentBasedDeduplication: 'true' });
  expect(await refused(s.aws.sns.setTopicAttributes({ TopicArn, AttributeName: 'FifoTopic', AttributeValue: 'false' }))).toMatch(/AttributeName/);
  expect(await refused(s.aws.sns.getTopicAttributes({ TopicArn: `${TopicArn}x` }))).toBe('NotFoundException: Topic does not exist');
  expect(await refused(s.aws.sns.getTopicAttributes({ TopicArn: 'x' }))).toBe('InvalidParameterException: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1');
});

it('CreateTopic, SetTopicAttributes: truth is taken in any case, kept in small letters and honoured', async () => {
  const Attributes = { FifoTopic: 'True', ContentBasedDeduplication: 'TRUE' };
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'cased.fifo', Attributes });
  expect((await s.aws.sns.createTopic({ Name: 'cased.fifo', Attributes })).TopicArn).toBe(TopicArn);
  const publish = () => s.aws.sns.publish({ TopicArn, Message: 'x', MessageGroupId: 'g' });
  expect((await publish()).MessageId).toBe((await publish()).MessageId);
  await s.aws.sns.setTopicAttributes({ TopicArn, AttributeName: 'ContentBasedDeduplication', AttributeValue: 'FALSE' });
  expect((await s.aws.sns.getTopicAttributes({ TopicArn: TopicArn! })).Attributes).toMatchObject({ FifoTopic: 'true', ContentBasedDeduplication: 'false' });
  expect(await refused(publish())).toMatch(/MessageDeduplicationId/);
});

it('ListTopics: pages by a hundred, and DeleteTopic takes one away, twice without an error', async () => {
  await Promise.all(Array.from({ length: 105 }, (_, index) => s.as(s.rootKey, 'eu-west-1').sns.createTopic({ Name: `t${String(index).padStart(3, '0')}` })));
  const aws = s.as(s.rootKey, 'eu-west-1');
  const first = await aws.sns.listTopics({});
  const second = await aws.sns.listTopics({ NextToken: first.NextToken });
  expect([first.Topics!.length, second.Topics!.length, second.NextToken]).toEqual([100, 5, undefined]);
  expect(await refused(aws.sns.listTopics({ NextToken: 'x' }))).toMatch(/NextToken/);
  const { TopicArn } = first.Topics![0]!;
  await aws.sns.deleteTopic({ TopicArn });
  await aws.sns.deleteTopic({ TopicArn });
  expect(await refused(aws.sns.publish({ TopicArn, Message: 'x' }))).toBe('NotFoundException: Topic does not exist');
});

it('TagResource, UntagResource, ListTagsForResource: keep tags of topics that exist', async () => {
  const { TopicArn: ResourceArn } = await s.aws.sns.createTopic({ Name: 'tagged', Tags: [{ Key: 'a', Value: '1' }] });
  await s.aws.sns.tagResource({ ResourceArn, Tags: [{ Key: 'b', Value: '2' }] });
  await s.aws.sns.untagResource({ ResourceArn, TagKeys: ['a'] });
  expect((await s.aws.sns.listTagsForResource({ ResourceArn })).Tags).toEqual([{ Key: 'b', Value: '2' }]);
  expect(await refused(s.aws.sns.tagResource({ ResourceArn: `${ResourceArn}x`, Tags: [] }))).toBe('ResourceNotFoundException: Resource does not exist');
});

it('AddPermission: lets users of the account in by the policy, RemovePermission shuts them out', async () => {
  const { TopicArn } = await s.aws.sns.createTopic({ Name: 'shared' });
  const user = await s.user('nobody');
  expect(await refused(s.as(user).sns.publish({ TopicArn, Message: 'x' }))).toMatch(/^AuthorizationErrorException: .*not authorized to perform: sns:Publish/);
  const Policy = { Version: '2012-10-17', Statement: [{ Sid: 'user', Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'sns:Publish', Resource: TopicArn }] };
  await s.aws.sns.setTopicAttributes({ TopicArn, AttributeName: 'Policy', AttributeValue: JSON.stringify(Policy) });
  expect((await s.as(user).sns.publish({ TopicArn, Message: 'x' })).MessageId).toBeDefined();
  await s.aws.sns.addPermission({ TopicArn, Label: 'more', AWSAccountId: ['111122223333'], ActionName: ['Publish'] });
  expect(await refused(s.aws.sns.addPermission({ TopicArn, Label: 'more', AWSAccountId: ['111122223333'], ActionName: ['Publish'] }))).toMatch(/Statement already exists/);
  expect(await refused(s.aws.sns.addPermission({ TopicArn, Label: 'x', AWSAccountId: ['111122223333'], ActionName: ['Fly'] }))).toMatch(/out of service scope/);
  await s.aws.sns.removePermission({ TopicArn, Label: 'user' });
  expect(await refused(s.as(user).sns.publish({ TopicArn, Message: 'x' }))).toMatch(/^AuthorizationErrorException/);
  expect(await refused(s.aws.sns.removePermission({ TopicArn, Label: 'user' }))).toMatch(/^NotFoundException/);
});
