import type { Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { SubscriptionKey, TopicKey } from '../arns.ts';
import { DELIVERY } from '../delivery/deliver.ts';
import { deleteDeliveriesOf, insertDeliveries } from '../delivery/store.ts';
import type { SnsDeps } from '../deps.ts';
import { fail, noSubscription, noTopic } from '../fail.ts';
import { PENDING_MS } from '../limits.ts';
import { deleteSubscription, findSubscription, lockTopic, updateSubscription, updateTopic } from '../store.ts';
import { idIn, invalidToken, isTokenOf } from './tokens.ts';
import { writing } from '../tables.ts';
import type { SubscriptionRow } from '../tables.ts';

/** What whoever holds a link may do without a signature, and signed callers too. */
export interface Confirming {
  /** Answers the subscription's ARN; a second time as well. `locked`: only signed calls may unsubscribe. */
  confirm(topic: TopicKey, token: string, by: { signed: boolean; locked: boolean }): Promise<string>;
  /** By the link in a message. @throws AuthorizationError where only signed calls may. */
  unsubscribeByLink(key: SubscriptionKey): Promise<void>;
}

export function confirmingBy({ db, clock, hash, jobs }: Pick<SnsDeps, 'db' | 'clock' | 'hash' | 'jobs'>): Confirming {
  /**
   * Whoever has the link need not be the subscription's owner, so the endpoint hears of its end and can take it back. What
   * is pending for it goes; only the owner's signed call ends a subscription for good.
   */
  async function setAside(tx: Transaction, row: SubscriptionRow): Promise<void> {
    const { account, region, topic, id } = row;
    const now = clock.now();
    await deleteDeliveriesOf(tx, row);
    await updateSubscription(tx, row, { status: 'deleted', nonce: uuid(), created: now });
    await countDeleted(tx, row, 1);
    await insertDeliveries(tx, [{ account, region, subscription: id, sequence: now, message: '', topic, kind: 'farewell', group_id: '', attempts: 0, due: now }]);
    const job = { kind: DELIVERY, account, region, id: `${topic}:${id}` };
    await jobs.wake(tx, job);
    await jobs.wake(tx, job, now + PENDING_MS);
  }

  return {
    async confirm(topic, token, { signed, locked }) {
      const key = { ...topic, id: idIn(token) };
      return db.transaction(async (tx) => {
        if ((await lockTopic(tx, topic)) === undefined) throw noTopic();
        const row = await findSubscription(writing(tx), key);
        if (row === undefined || !isTokenOf(hash, row, token)) throw invalidToken();
        if (row.status === 'confirmed') return row.arn;
        if (clock.now() >= row.created + PENDING_MS) throw invalidToken();
        await updateSubscription(tx, key, { status: 'confirmed', confirmed_by_owner: signed ? 1 : 0, locked: locked ? 1 : 0 });
        if (row.status === 'deleted') await countDeleted(tx, key, -1);
        await deleteDeliveriesOf(tx, key);
        return row.arn;
      });
    },

    async unsubscribeByLink(key) {
      await db.transaction(async (tx) => {
        await lockTopic(tx, key);
        const row = await findSubscription(writing(tx), key);
        if (row === undefined || row.status === 'deleted') throw noSubscription();
        if (row.status === 'pending' || row.locked === 1) throw fail('AuthorizationErrorException', 'This subscription can be ended by its owner only');
        await (row.protocol === 'http' || row.protocol === 'https' ? setAside(tx, row) : unsubscribe(tx, row));
      });
    },
  };
}

/** Nothing that is still to be delivered goes out after this has committed. The topic's row is locked. */
export async function unsubscribe(tx: Transaction, row: SubscriptionRow): Promise<void> {
  await removeSubscription(tx, row);
  await countDeleted(tx, row, 1);
}

export async function removeSubscription(tx: Transaction, row: SubscriptionRow): Promise<void> {
  await deleteSubscription(tx, row);
  await deleteDeliveriesOf(tx, row);
}

async function countDeleted(tx: Transaction, key: TopicKey, more: number): Promise<void> {
  const topic = await lockTopic(tx, key);
  if (topic !== undefined) await updateTopic(tx, key, { deleted: Math.max(0, topic.deleted + more) });
}
