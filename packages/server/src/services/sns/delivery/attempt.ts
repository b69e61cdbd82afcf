import { createHash } from 'node:crypto';
import type { Database } from '../../../kernel/database.ts';
import { subscriptionArn } from '../arns.ts';
import type { Pending } from './store.ts';
import { MAIL_RETRIES, QUEUE_RETRIES, effectivePolicy, retryDelay } from './delivery-policy.ts';
import type { RetryPolicy } from './delivery-policy.ts';
import { confirmation, notification } from './envelope.ts';
import type { Outgoing } from './envelope.ts';
import type { Content } from '../publishing/message.ts';
import { Refused } from './refused.ts';
import type { Senders } from './senders.ts';
import type { Signer } from './signing.ts';
import { findSubscription } from '../store.ts';
import { deadLetterQueueOf } from '../subscriptions/attributes.ts';
import { reading } from '../tables.ts';
import type { SubscriptionRow, TopicRow } from '../tables.ts';
import { attributesOf } from '../topics/attributes.ts';
import type { SnsDeps } from '../deps.ts';
import { tokenOf } from '../subscriptions/tokens.ts';

/** How one attempt ended. */
export type Outcome =
  | { readonly end: 'done' }
  | { readonly end: 'again'; readonly seconds: number }
  /** Tried for the last time: to the dead-letter queue, or away. */
  | { readonly end: 'dead' };

export interface AttemptDeps extends Pick<SnsDeps, 'db' | 'clock' | 'hash' | 'log'> {
  readonly senders: Senders;
  readonly signer: Signer;
}

/** One attempt to bring one delivery to its subscription. Throws only when `signal` is aborted. */
export async function attempt(deps: AttemptDeps, topic: TopicRow, to: SubscriptionRow, row: Pending, signal: AbortSignal): Promise<Outcome> {
  const policy = row.kind === 'dead' ? QUEUE_RETRIES : retriesFor(topic, to);
  try {
    if (hasMessage(row) && row.content === null) return { end: 'done' };
    const sending = { topic, to, ...(await outgoing(deps, topic, to, row)), signal };
    // The subscription may have ended since it was read, and whoever ended it counts on getting nothing more.
    if (!(await isStill(deps.db, to))) return { end: 'done' };
    const queue = row.kind === 'dead' ? deadLetterQueueOf(to) : undefined;
    if (queue !== undefined) await deps.senders.sendToQueue(queue, sending);
    else if (row.kind !== 'dead') await deps.senders.send(sending);
    return { end: 'done' };
  } catch (error) {
    if (signal.aborted) throw error;
    const delay = error instanceof Refused ? undefined : retryDelay(policy, row.attempts);
    const seconds = delay === undefined ? undefined : jittered(delay, row);
    const about = { subscription: subscriptionArn({ ...to }), message: row.message, kind: row.kind, attempts: row.attempts + 1, error };
    if (seconds !== undefined) {
      deps.log.info('A message was not delivered and will be tried again', about);
      return { end: 'again', seconds };
    }
    deps.log.warn('A message was not delivered and is given up', about);
    return { end: row.kind === 'message' && deadLetterQueueOf(to) !== undefined ? 'dead' : 'done' };
  }
}

async function outgoing({ signer, clock, hash }: AttemptDeps, topic: TopicRow, to: SubscriptionRow, row: Pending): Promise<Outgoing> {
  const version = attributesOf(topic)['SignatureVersion'] === '2' ? '2' : '1';
  if (!hasMessage(row)) {
    const type = row.kind === 'farewell' ? 'UnsubscribeConfirmation' : 'SubscriptionConfirmation';
    return { envelope: await confirmation({ signer, version }, to, { type, messageId: to.nonce, token: tokenOf(hash, to), now: clock.now() }), content: undefined };
  }
  const content = JSON.parse(row.content ?? '') as Content;
  return { envelope: await notification({ signer, version }, to, { id: row.message, content, created: Number(row.created) }), content };
}

const hasMessage = ({ kind }: Pending): boolean => kind === 'message' || kind === 'dead';

async function isStill(db: Database, to: SubscriptionRow): Promise<boolean> {
  const now = await findSubscription(reading(db), to);
  return now?.status === to.status && now.nonce === to.nonce;
}

/**
 * Spreads the retries of messages that failed together over the last tenth of their delay, never beyond it. Drawn from
 * the ids, so that it needs no chance.
 */
export function jittered(seconds: number, { subscription, message }: Pick<Pending, 'subscription' | 'message'>): number {
  const drawn = createHash('sha256').update(`${subscription} ${message}`).digest().readUInt32BE() / 2 ** 32;
  return seconds * (1 - 0.1 * drawn);
}

function retriesFor(topic: TopicRow, to: SubscriptionRow): RetryPolicy {
  if (to.protocol === 'sqs') return QUEUE_RETRIES;
  if (to.protocol.startsWith('email')) return MAIL_RETRIES;
  return effectivePolicy(attributesOf(topic)['DeliveryPolicy'], attributesOf(to)['DeliveryPolicy']).healthyRetryPolicy;
}
