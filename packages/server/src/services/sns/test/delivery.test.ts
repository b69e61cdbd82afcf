import { verify } from 'node:crypto';
import { createRequire } from 'node:module';
import http from 'node:http';
import https from 'node:https';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { httpSink, isType } from './sink.ts';
import type { Sink } from './sink.ts';

const MessageValidator = createRequire(import.meta.url)('sns-validator') as new (host: RegExp) => { validate(message: object, done: (error: Error | null) => void): void };

let s: Slipway;
let sink: Sink;
let topics = 0;
beforeAll(async () => {
  s = await Slipway.start({ settings: { SLIPWAY_ALLOW_ENDPOINTS: '127.0.0.0/8' } });
});
afterAll(() => s.stop());
beforeEach(async () => {
  sink = await httpSink();
});
afterEach(() => sink.close());

const refused = (promise: Promise<unknown>) => promise.then(() => 'done', (error: Error) => `${error.name}: ${error.message}`);

async function newTopic(Attributes: Record<string, string> = {}): Promise<string> {
  return (await s.aws.sns.createTopic({ Name: `t${topics++}${Attributes['FifoTopic'] ? '.fifo' : ''}`, Attributes })).TopicArn!;
}

/** Subscribes the sink and confirms by the link. */
async function subscribed(TopicArn: string, Attributes: Record<string, string> = {}): Promise<string> {
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url, Attributes });
  const { json } = await sink.until(isType('SubscriptionConfirmation'));
  const answer = await (await fetch(json['SubscribeURL']!)).text();
  sink.received.length = 0;
  return /<SubscriptionArn>(.*)<\/SubscriptionArn>/.exec(answer)![1]!;
}

/** The check is the validator's; only how the certificate is fetched is ours, since it insists on https. */
async function validate(json: Readonly<Record<string, string>>): Promise<Error | null> {
  const get = vi.spyOn(https, 'get').mockImplementation(((url: string, heard: (response: http.IncomingMessage) => void) => http.get(url.replace('https:', 'http:'), heard)) as unknown as typeof https.get);
  try {
    return await new Promise((resolve) => new MessageValidator(/^127\.0\.0\.1:\d+$/).validate({ ...json, SigningCertURL: json['SigningCertURL']!.replace('http:', 'https:') }, resolve));
  } finally {
    get.mockRestore();
  }
}

it('Subscribe: an endpoint is pending until its link is followed, and messages come in AWS’s envelope', async () => {
  const TopicArn = await newTopic();
  expect((await s.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url })).SubscriptionArn).toBe('pending confirmation');
  const asked = await sink.until(isType('SubscriptionConfirmation'));
  expect(asked.headers).toMatchObject({ 'x-amz-sns-topic-arn': TopicArn, 'content-type': 'text/plain; charset=UTF-8', 'user-agent': 'Amazon Simple Notification Service Agent' });
  expect((await s.aws.sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions).toMatchObject([{ SubscriptionArn: 'PendingConfirmation', Protocol: 'http', Endpoint: sink.url }]);
  await s.aws.sns.publish({ TopicArn, Message: 'too early' });
  const { SubscriptionArn } = await s.aws.sns.confirmSubscription({ TopicArn, Token: asked.json['Token'] });
  expect(await validate(asked.json)).toBeNull();
  const { MessageId } = await s.aws.sns.publish({ TopicArn, Message: 'hello', Subject: 'Hi', MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } });
  const { headers, json } = await sink.until(isType('Notification'));
  expect(headers).toMatchObject({ 'x-amz-sns-message-id': MessageId, 'x-amz-sns-subscription-arn': SubscriptionArn });
  expect(json).toMatchObject({ Type: 'Notification', MessageId, TopicArn, Subject: 'Hi', Message: 'hello', SignatureVersion: '1', MessageAttributes: { n: { Type: 'Number', Value: '1' } } });
  expect(await validate(json)).toBeNull();
  expect(await validate({ ...json, Message: 'changed' })).toMatchObject({ message: 'The message signature is invalid.' });
  expect((await s.aws.sns.getSubscriptionAttributes({ SubscriptionArn })).Attributes).toMatchObject({ PendingConfirmation: 'false', ConfirmationWasAuthenticated: 'true', Owner: s.account });
});

it('Publish: signs with SHA-256 when the topic’s SignatureVersion is 2', async () => {
  const TopicArn = await newTopic({ SignatureVersion: '2' });
  await subscribed(TopicArn);
  await s.aws.sns.publish({ TopicArn, Message: 'hello' });
  const { json } = await sink.until(isType('Notification'));
  expect([json['SignatureVersion'], await validate(json)]).toEqual(['2', null]);
});

it('Unsubscribe: by the link in a message, after which nothing comes, not even what was being retried', async () => {
  const TopicArn = await newTopic();
  await subscribed(TopicArn);
  sink.respond = (_received, _request, response) => response.writeHead(500).end();
  await s.aws.sns.publish({ TopicArn, Message: 'once' });
  const { json } = await sink.until(isType('Notification'));
  sink.received.length = 0;
  sink.respond = (_received, _request, response) => response.writeHead(200).end();
  const answer = await fetch(json['UnsubscribeURL']!);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('<UnsubscribeResponse')]);
  await s.aws.sns.publish({ TopicArn, Message: 'after' });
  await s.clock.advance(120_000);
  expect(sink.received.map(({ json: { Type } }) => Type)).toEqual(['UnsubscribeConfirmation']);
  expect((await s.aws.sns.getTopicAttributes({ TopicArn })).Attributes).toMatchObject({ SubscriptionsDeleted: '1', SubscriptionsConfirmed: '0' });
  expect((await fetch(json['UnsubscribeURL']!)).status).toBe(404);
});

it('Unsubscribe: an endpoint that was unsubscribed by the link is told so, and may take the subscription back for two days', async () => {
  const TopicArn = await newTopic();
  const SubscriptionArn = await subscribed(TopicArn);
  const unsubscribe = `${s.endpoint}/?Action=Unsubscribe&SubscriptionArn=${SubscriptionArn}`;
  await fetch(unsubscribe);
  const told = await sink.until(isType('UnsubscribeConfirmation'));
  expect(told.headers).toMatchObject({ 'x-amz-sns-topic-arn': TopicArn, 'x-amz-sns-subscription-arn': SubscriptionArn });
  expect(told.json).toMatchObject({ Type: 'UnsubscribeConfirmation', TopicArn, Message: expect.stringContaining(`deactivate subscription ${SubscriptionArn}`) as string });
  // The validator leaves the token out, against AWS's documentation and other clients.
  const text = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'].map((name) => `${name}\n${told.json[name]}\n`).join('');
  const certificate = await (await fetch(told.json['SigningCertURL']!)).text();
  expect(verify('RSA-SHA1', Buffer.from(text), certificate, Buffer.from(told.json['Signature']!, 'base64'))).toBe(true);
  expect((await s.aws.sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions).toMatchObject([{ SubscriptionArn: 'Deleted' }]);
  expect(await refused(s.aws.sns.getSubscriptionAttributes({ SubscriptionArn }))).toMatch(/^NotFoundException/);
  expect((await fetch(told.json['SubscribeURL']!)).status).toBe(200);
  sink.received.length = 0;
  await s.aws.sns.publish({ TopicArn, Message: 'again' });
  await sink.until(({ json }) => json['Message'] === 'again');
  expect((await s.aws.sns.getTopicAttributes({ TopicArn })).Attributes).toMatchObject({ SubscriptionsDeleted: '0', SubscriptionsConfirmed: '1' });
  await fetch(unsubscribe);
  expect((await s.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url, ReturnSubscriptionArn: true })).SubscriptionArn).not.toBe(SubscriptionArn);
  expect((await fetch(told.json['SubscribeURL']!)).status).toBe(400);
});

it('Unsubscribe: the owner’s signed call ends a subscription for good, without a word to the endpoint', async () => {
  const TopicArn = await newTopic();
  const SubscriptionArn = await subscribed(TopicArn);
  await s.aws.sns.unsubscribe({ SubscriptionArn });
  await s.clock.advance(60_000);
  expect([sink.received, (await s.aws.sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions]).toEqual([[], []]);
});

it('ConfirmSubscription: with AuthenticateOnUnsubscribe the link is refused, the owner is not', async () => {
  const TopicArn = await newTopic();
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url });
  const { json } = await sink.until(isType('SubscriptionConfirmation'));
  expect(await refused(s.aws.sns.confirmSubscription({ TopicArn, Token: 'x' }))).toBe('InvalidParameterException: Invalid parameter: Token');
  const { SubscriptionArn } = await s.aws.sns.confirmSubscription({ TopicArn, Token: json['Token'], AuthenticateOnUnsubscribe: 'true' });
  expect((await fetch(`${s.endpoint}/?Action=Unsubscribe&SubscriptionArn=${SubscriptionArn}`)).status).toBe(403);
  await s.aws.sns.unsubscribe({ SubscriptionArn });
  expect((await s.aws.sns.listSubscriptions({})).Subscriptions!.filter((one) => one.TopicArn === TopicArn)).toEqual([]);
  expect(await refused(s.aws.sns.getSubscriptionAttributes({ SubscriptionArn }))).toBe('NotFoundException: Subscription does not exist');
});

it('Subscribe: what nobody confirms goes after two days', async () => {
  const TopicArn = await newTopic();
  await s.aws.sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url });
  const { json } = await sink.until(isType('SubscriptionConfirmation'));
  await s.clock.advance(48 * 3_600_000 + 1);
  expect((await s.aws.sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions).toEqual([]);
  expect((await fetch(json['SubscribeURL']!)).status).toBe(400);
});

it('delivery: failures are retried at the policy’s times, redirects and 4xx are not, and the day after still works', async () => {
  const TopicArn = await newTopic();
  await subscribed(TopicArn, { DeliveryPolicy: JSON.stringify({ healthyRetryPolicy: { numRetries: 4, numNoDelayRetries: 1, numMinDelayRetries: 1, minDelayTarget: 5, maxDelayTarget: 60, numMaxDelayRetries: 2 } }) });
  const times: number[] = [];
  sink.respond = (_received, _request, response) => {
    times.push(s.clock.now());
    response.writeHead(503).end();
  };
  await s.aws.sns.publish({ TopicArn, Message: 'fails' });
  await s.clock.advance(24 * 3_600_000);
  // Each wait is spread over its last tenth.
  const waits = times.slice(1).map((at, index) => (at - times[index]!) / 1000);
  expect(waits).toHaveLength(4);
  for (const [index, wait] of [0, 5, 60, 60].entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(wait * 0.9);
    expect(waits[index]).toBeLessThanOrEqual(wait + 0.1);
  }
  for (const status of [302, 404]) {
    sink.received.length = 0;
    sink.respond = (_received, _request, response) => response.writeHead(status, { location: `${sink.url}/elsewhere` }).end();
    await s.aws.sns.publish({ TopicArn, Message: String(status) });
    await s.clock.advance(600_000);
    expect(sink.received).toHaveLength(1);
  }
  sink.respond = (_received, _request, response) => response.writeHead(200).end();
  await s.aws.sns.publish({ TopicArn, Message: 'fine' });
  await sink.until(({ json }) => json['Message'] === 'fine');
});

it('delivery: a stalled request holds up no other message', async () => {
  const TopicArn = await newTopic();
  await subscribed(TopicArn);
  const held: (() => void)[] = [];
  sink.respond = ({ json }, _request, response) => {
    if (json['Message'] === 'slow') held.push(() => response.writeHead(200).end());
    else response.writeHead(200).end();
  };
  await s.aws.sns.publish({ TopicArn, Message: 'slow' });
  await sink.until(({ json }) => json['Message'] === 'slow');
  await s.aws.sns.publish({ TopicArn, Message: 'fast' });
  await sink.until(({ json }) => json['Message'] === 'fast');
  for (const release of held) release();
  await s.settled();
});

it('raw delivery: the message alone, marked by a header; MessageStructure chooses by protocol', async () => {
  const TopicArn = await newTopic();
  await subscribed(TopicArn, { RawMessageDelivery: 'true' });
  await s.aws.sns.publish({ TopicArn, MessageStructure: 'json', Message: JSON.stringify({ default: 'for all', http: 'for http' }) });
  const { headers, body } = await sink.until(isType('Notification'));
  expect([headers['x-amz-sns-rawdelivery'], body]).toEqual(['true', 'for http']);
});

it('filter policies: by attributes and by body, changed at any time', async () => {
  const TopicArn = await newTopic();
  const SubscriptionArn = await subscribed(TopicArn, { FilterPolicy: JSON.stringify({ kind: ['a', { prefix: 'b' }], tags: ['x'] }) });
  const publish = (Message: string, kind?: string) => s.aws.sns.publish({ TopicArn, Message, ...(kind && { MessageAttributes: { kind: { DataType: 'String', StringValue: kind }, tags: { DataType: 'String.Array', StringValue: '["x","y"]' } } }) });
  for (const [message, kind] of [['1', 'a'], ['2', 'bc'], ['3', 'c'], ['4', undefined]] as const) await publish(message, kind);
  await s.settled();
  expect(sink.received.map(({ json }) => json['Message']).toSorted()).toEqual(['1', '2']);
  await s.aws.sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '' });
  await s.aws.sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: 'FilterPolicyScope', AttributeValue: 'MessageBody' });
  await s.aws.sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: JSON.stringify({ order: { price: [{ numeric: ['>', 10] }] } }) });
  sink.received.length = 0;
  for (const price of [5, 15]) await publish(JSON.stringify({ order: { price } }));
  await publish('no json');
  await s.settled();
  expect(sink.received.map(({ json }) => json['Message'])).toEqual(['{"order":{"price":15}}']);
});

it.each([
  [{ Protocol: 'lambda', Endpoint: 'arn:aws:lambda:us-east-1:000000000000:function:f' }, /Protocol lambda is not supported/],
  [{ Protocol: 'sms', Endpoint: '+15550100' }, /Protocol sms is not supported/],
  [{ Protocol: 'email', Endpoint: 'a@example.com' }, /SLIPWAY_SMTP_URL/],
  [{ Protocol: 'carrier-pigeon', Endpoint: 'x' }, /does not support this protocol/],
  [{ Protocol: 'https', Endpoint: 'http://127.0.0.1/' }, /must match the specified protocol/],
  [{ Protocol: 'http', Endpoint: 'http://169.254.169.254/' }, /Endpoint Reason/],
  [{ Protocol: 'http', Endpoint: 'http://u:p@127.0.0.1/' }, /user name or password/],
  [{ Protocol: 'sqs', Endpoint: 'x' }, /SQS endpoint ARN/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { SubscriptionRoleArn: 'arn:x' } }, /SubscriptionRoleArn is not supported/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { ReplayPolicy: '{}' } }, /ReplayPolicy is not supported/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { FilterPolicy: '{"a":[{"wildcard":"*"}]}' } }, /FilterPolicy: Unrecognized match type wildcard/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { FilterPolicy: '{"a":{"b":["c"]}}' } }, /does not support nested/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { FilterPolicy: '{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}' } }, /more than 5 keys/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { FilterPolicy: JSON.stringify({ a: Array.from({ length: 13 }, String), b: Array.from({ length: 12 }, String) }) } }, /too complex/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { RedrivePolicy: '{"deadLetterTargetArn":"x"}' } }, /RedrivePolicy/],
  [{ Protocol: 'http', Endpoint: 'http://127.0.0.1/', Attributes: { DeliveryPolicy: '{"healthyRetryPolicy":{"numRetries":101}}' } }, /numRetries must be a whole number from 0 to 100/],
])('Subscribe: refuses %j', async (input, message) => {
  const TopicArn = await newTopic();
  expect(await refused(s.aws.sns.subscribe({ TopicArn, ...input }))).toMatch(message);
});

it.each([
  [{ Message: '' }, /Empty message/],
  [{ Message: 'x'.repeat(262_145) }, /Message too long/],
  [{ Message: 'x', Subject: 'a\nb' }, /Subject/],
  [{ Message: 'x', MessageStructure: 'json' }, /JSON message body failed to parse/],
  [{ Message: '{"http":"x"}', MessageStructure: 'json' }, /No default entry/],
  [{ Message: 'x', MessageDeduplicationId: 'x' }, /not valid for this topic type/],
  [{ Message: 'x', PhoneNumber: '+15550100' }, /PhoneNumber is not supported/],
  [{ Message: 'x', MessageAttributes: { a: { DataType: 'Float', StringValue: '1' } } }, /^InvalidParameterValueException: .*invalid message attribute type/],
  [{ Message: 'x', MessageAttributes: { a: { DataType: 'String', StringValue: '' } } }, /non-empty/],
  [{ Message: 'x', MessageAttributes: { a: { DataType: 'Number', StringValue: 'x' } } }, /number/],
])('Publish: refuses %.60j', async (input, message) => {
  const TopicArn = await newTopic();
  expect(await refused(s.aws.sns.publish({ TopicArn, ...input }))).toMatch(message);
});

it('PublishBatch: takes what is right, names what is wrong, and refuses bad batches whole', async () => {
  const TopicArn = await newTopic();
  await subscribed(TopicArn);
  const batch = (...entries: { Id: string; Message: string }[]) => s.aws.sns.publishBatch({ TopicArn, PublishBatchRequestEntries: entries });
  const { Successful, Failed } = await batch({ Id: 'a', Message: 'one' }, { Id: 'b', Message: '' });
  expect([Successful!.map((one) => one.Id), Failed]).toEqual([['a'], [{ Id: 'b', Code: 'InvalidParameter', Message: 'Invalid parameter: Empty message', SenderFault: true }]]);
  await sink.until(({ json }) => json['Message'] === 'one');
  expect(await refused(batch())).toMatch(/^EmptyBatchRequest/);
  expect(await refused(batch({ Id: 'a', Message: 'x' }, { Id: 'a', Message: 'y' }))).toMatch(/^BatchEntryIdsNotDistinct/);
  expect(await refused(batch({ Id: 'a b', Message: 'x' }))).toMatch(/^InvalidBatchEntryId/);
  expect(await refused(batch(...Array.from({ length: 11 }, (_, index) => ({ Id: `i${index}`, Message: 'x' }))))).toMatch(/^TooManyEntriesInBatchRequest/);
  expect(await refused(batch({ Id: 'a', Message: 'x'.repeat(200_000) }, { Id: 'b', Message: 'x'.repeat(100_000) }))).toMatch(/^BatchRequestTooLong/);
});

it('Subscribe: the links lead to the installation, whatever host the request names', async () => {
  const TopicArn = await newTopic();
  const { sns } = s.as(await s.user('elsewhere', { Action: 'sns:*', Resource: '*' }));
  sns.middlewareStack.add((next) => (args) => {
    (args.request as { headers: Record<string, string> }).headers['host'] = 'elsewhere.example';
    return next(args);
  }, { step: 'build' });
  await sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: sink.url });
  const { json } = await sink.until(isType('SubscriptionConfirmation'));
  for (const name of ['SubscribeURL', 'SigningCertURL']) expect(json[name]).toMatch(new RegExp(`^${s.endpoint}/`));
});
