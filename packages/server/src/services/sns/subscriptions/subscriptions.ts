import type { SNSApi } from '@slipway/contracts';
import type { SubscribeInput } from '@slipway/contracts/sns';
import type { Transaction } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import { uuid } from '../../../kernel/ids.ts';
import { replay } from '../../../kernel/replay.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { queueOf, subscriptionArn, subscriptionKey, topicArn, topicKey } from '../arns.ts';
import type { TopicKey } from '../arns.ts';
import { removeSubscription, unsubscribe } from './confirming.ts';
import type { Confirming } from './confirming.ts';
import { DELIVERY } from '../delivery/deliver.ts';
import { insertDeliveries } from '../delivery/store.ts';
import type { SnsDeps } from '../deps.ts';
import { checkEndpoint } from './endpoints.ts';
import { fail, invalid, noSubscription, noTopic } from '../fail.ts';
import { tooManyPolicies } from './filter-policy.ts';
import { LIMITS, PENDING_MS } from '../limits.ts';
import { pageOf } from '../pages.ts';
import { countSubscriptions, findByEndpoint, findSubscription, findTopic, insertSubscription, listByOwner, listByTopic, lockTopic, updateSubscription } from '../store.ts';
import { readSubscriptionAttributes, shownSubscription } from './attributes.ts';
import { reading, writing } from '../tables.ts';
import type { SubscriptionRow } from '../tables.ts';
import { attributesOf, bool, isFifo } from '../topics/attributes.ts';
import type { Attributes } from '../topics/attributes.ts';

const PENDING = 'pending confirmation';

export function subscriptions(deps: SnsDeps, confirming: Confirming) {
  const { db, clock, jobs, paging, outbound, smtp, baseUrl } = deps;

  /** The confirmation is delivered like a message, its job also ends what is never confirmed. */
  async function askForConfirmation(tx: Transaction, row: SubscriptionRow): Promise<void> {
    const { account, region, topic, id } = row;
    await insertDeliveries(tx, [{ account, region, subscription: id, sequence: clock.now(), message: '', topic, kind: 'confirmation', group_id: '', attempts: 0, due: clock.now() }]);
    await jobs.wake(tx, { kind: DELIVERY, account, region, id: `${topic}:${id}` });
  }

  async function subscribe(tx: Transaction, key: TopicKey, input: SubscribeInput, call: Call): Promise<SubscriptionRow> {
    const { Protocol: protocol, Endpoint: endpoint = '' } = input;
    const topic = await lockTopic(tx, key);
    if (topic === undefined) throw noTopic();
    const fifo = isFifo(attributesOf(topic));
    const attributes = readSubscriptionAttributes(input.Attributes ?? {}, { protocol, region: call.region, fifo });
    const known = await findByEndpoint(writing(tx), key, protocol, endpoint);
    if (known?.status === 'deleted') await removeSubscription(tx, known);
    else if (known !== undefined) {
      if (differ(attributesOf(known), attributes, input)) throw invalid('Attributes Reason: Subscription already exists with different attributes');
      if (known.status === 'pending') await askForConfirmation(tx, known);
      return known;
    }
    const counts = await countSubscriptions(writing(tx), key);
    if (counts.pending + counts.confirmed >= LIMITS.subscriptionsPerTopic[fifo ? 'fifo' : 'standard']) throw fail('SubscriptionLimitExceededException', 'Subscription limit exceeded for this topic');
    if (attributes['FilterPolicy'] !== undefined) await refuseTooManyPolicies(tx, key);
    const id = uuid();
    const own = protocol === 'sqs' && queueOf(endpoint)?.account === call.account;
    const row: SubscriptionRow = {
      ...key, id, arn: subscriptionArn({ ...key, id }), owner: call.account, principal: call.caller.arn, protocol, endpoint, status: own ? 'confirmed' : 'pending',
      attributes: JSON.stringify(attributes), base: baseUrl(), nonce: uuid(), confirmed_by_owner: own ? 1 : 0, locked: 0, created: clock.now(),
    };
    await insertSubscription(tx, row).catch(whenTaken(() => fail('InternalErrorException', 'The endpoint is being subscribed by another request')));
    if (!own) {
      await askForConfirmation(tx, row);
      await jobs.wake(tx, { kind: DELIVERY, account: key.account, region: key.region, id: `${key.topic}:${id}` }, row.created + PENDING_MS);
    }
    return row;
  }

  async function load(arn: string, call: Call): Promise<SubscriptionRow> {
    const row = await findSubscription(reading(db), subscriptionKey(arn, call.region));
    if (row === undefined || row.status === 'deleted') throw noSubscription();
    if (row.owner !== call.account && row.account !== call.account) throw fail('AuthorizationErrorException', `User: ${call.caller.arn} is not authorized to access this resource`);
    return row;
  }

  return {
    async Subscribe(input, call) {
      const key = topicKey(input.TopicArn, call.region);
      const topic = await findTopic(reading(db), key);
      if (topic === undefined) throw noTopic();
      if (input.Endpoint === undefined || input.Endpoint === '') throw invalid('Endpoint');
      await checkEndpoint(input.Protocol, input.Endpoint, { outbound, canMail: smtp !== undefined, region: call.region, fifo: isFifo(attributesOf(topic)) });
      return db.transaction((tx) => replay(tx, call, 'sns:Subscribe', input, async () => {
        const row = await subscribe(tx, key, input, call);
        return { SubscriptionArn: row.status === 'confirmed' || input.ReturnSubscriptionArn === true ? row.arn : PENDING };
      }, { now: clock.now() }));
    },

    async ConfirmSubscription({ TopicArn, Token, AuthenticateOnUnsubscribe }, call) {
      const locked = AuthenticateOnUnsubscribe !== undefined && bool('AuthenticateOnUnsubscribe', AuthenticateOnUnsubscribe);
      return { SubscriptionArn: await confirming.confirm(topicKey(TopicArn, call.region), Token, { signed: true, locked }) };
    },

    async Unsubscribe({ SubscriptionArn }, call) {
      const key = subscriptionKey(SubscriptionArn, call.region);
      await db.transaction(async (tx) => {
        await lockTopic(tx, key);
        const row = await findSubscription(writing(tx), key);
        if (row === undefined || row.status === 'deleted') return;
        if (row.owner !== call.account && row.account !== call.account) throw fail('AuthorizationErrorException', `User: ${call.caller.arn} is not authorized to perform: SNS:Unsubscribe on resource: ${SubscriptionArn}`);
        if (row.status === 'pending') throw invalid('SubscriptionArn Reason: a pending subscription cannot be deleted; it goes by itself when nobody confirms it');
        await unsubscribe(tx, row);
      });
      return {};
    },

    async ListSubscriptions({ NextToken: token }, call) {
      const { rows, NextToken } = await pageOf(paging, { call, operation: 'ListSubscriptions', token }, (slice) => listByOwner(reading(db), call, slice), (row) => row.arn);
      return { Subscriptions: rows.map(shown), NextToken };
    },

    async ListSubscriptionsByTopic({ TopicArn, NextToken: token }, call) {
      const key = topicKey(TopicArn, call.region);
      if ((await findTopic(reading(db), key)) === undefined) throw noTopic();
      const { rows, NextToken } = await pageOf(paging, { call, operation: 'ListSubscriptionsByTopic', args: TopicArn, token }, (slice) => listByTopic(reading(db), key, slice), (row) => row.id);
      return { Subscriptions: rows.map(shown), NextToken };
    },

    async GetSubscriptionAttributes({ SubscriptionArn }, call) {
      const row = await load(SubscriptionArn, call);
      return { Attributes: shownSubscription(row, await findTopic(reading(db), row)) };
    },

    async SetSubscriptionAttributes({ SubscriptionArn, AttributeName, AttributeValue = '' }, call) {
      const { protocol, region, ...row } = await load(SubscriptionArn, call);
      await db.transaction(async (tx) => {
        const topic = await lockTopic(tx, { ...row, region });
        const now = await findSubscription(writing(tx), { ...row, region });
        if (topic === undefined || now === undefined) throw noSubscription();
        const before = attributesOf(now);
        const after = readSubscriptionAttributes({ ...before, [AttributeName]: AttributeValue }, { protocol, region, fifo: isFifo(attributesOf(topic)) });
        if (after['FilterPolicy'] !== undefined && before['FilterPolicy'] === undefined) await refuseTooManyPolicies(tx, now);
        await updateSubscription(tx, now, { attributes: JSON.stringify(after) });
      });
      return {};
    },
  } satisfies Partial<Operations<SNSApi>>;
}

function shown(row: SubscriptionRow) {
  return { SubscriptionArn: { confirmed: row.arn, pending: 'PendingConfirmation', deleted: 'Deleted' }[row.status], Owner: row.owner, Protocol: row.protocol, Endpoint: row.endpoint, TopicArn: topicArn(row) };
}

/** Whoever names no attributes asks for the subscription as it is. */
function differ(known: Attributes, wanted: Attributes, input: SubscribeInput): boolean {
  return input.Attributes !== undefined && Object.entries({ ...known, ...wanted }).some(([name]) => known[name] !== wanted[name]);
}

async function refuseTooManyPolicies(tx: Transaction, { account, region, topic }: TopicKey): Promise<void> {
  const row = await writing(tx).selectFrom('sns_subscriptions').select((eb) => eb.fn.countAll().as('n'))
    .where('account', '=', account).where('region', '=', region).where('topic', '=', topic).where('attributes', 'like', '%"FilterPolicy":%').executeTakeFirstOrThrow();
  if (Number(row.n) >= LIMITS.filterPolicy.perTopic) throw tooManyPolicies();
}
