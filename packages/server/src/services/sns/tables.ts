import type { Kysely } from 'kysely';
import type { Database, Transaction } from '../../kernel/database.ts';

export type TopicRow = {
  account: string;
  region: string;
  topic: string;
  /** JSON of the attributes that were set. */
  attributes: string;
  created: number;
  /** How many subscriptions have been deleted. */
  deleted: number;
  /** The last sequence number given to a message; FIFO topics only. */
  sequence: number;
};

export type SubscriptionRow = {
  account: string;
  region: string;
  topic: string;
  id: string;
  arn: string;
  /** The account that subscribed. */
  owner: string;
  /** The ARN that subscribed. */
  principal: string;
  protocol: string;
  endpoint: string;
  /** `deleted`: ended by its link, and to be had back by another for a while. */
  status: 'pending' | 'confirmed' | 'deleted';
  /** JSON of the attributes that were set. */
  attributes: string;
  /** The base URL under which the subscriber reached us: links in messages lead there. */
  base: string;
  /** What the confirmation's token is made from. */
  nonce: string;
  /** 1: confirmed by a signed call, or by the endpoint's owner having subscribed. */
  confirmed_by_owner: number;
  /** 1: only a signed call may unsubscribe. */
  locked: number;
  /** ms UTC: since when it is pending or deleted. */
  created: number;
};

export type MessageRow = {
  account: string;
  region: string;
  id: string;
  topic: string;
  /** JSON of a `Content`. */
  content: string;
  created: number;
  /** The id of the last subscription that the fan-out job has come to; null when there is nothing for it to do. */
  fan_out: string | null;
};

export type DeliveryRow = {
  account: string;
  region: string;
  subscription: string;
  /** Orders the messages of a FIFO topic; ms UTC otherwise. */
  sequence: number;
  message: string;
  topic: string;
  /** `dead`: given up, on its way to the dead-letter queue. `farewell`: tells an endpoint that it has been unsubscribed. */
  kind: 'message' | 'confirmation' | 'dead' | 'farewell';
  group_id: string;
  attempts: number;
  due: number;
};

export type SigningKeyRow = { account: string; region: string; id: string; private_key: string; certificate: string; created: number };

export type Tables = {
  sns_topics: TopicRow;
  sns_subscriptions: SubscriptionRow;
  sns_messages: MessageRow;
  sns_deliveries: DeliveryRow;
  sns_deduplications: { account: string; region: string; topic: string; scope: string; id: string; message: string; sequence: number; expires: number };
  sns_signing_keys: SigningKeyRow;
};

export type Query = Kysely<Tables>;
export const reading = (db: Database): Query => db.read.withTables<Tables>();
export const writing = (tx: Transaction): Query => tx.query.withTables<Tables>();
