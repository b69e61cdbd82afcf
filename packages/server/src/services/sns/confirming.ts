import type { Transaction } from '../../kernel/database.ts';
import type { SubscriptionKey, TopicKey } from './arns.ts';
import { deleteConfirmations, deleteDeliveriesOf } from './delivery-store.ts';
import type { SnsDeps } from './deps.ts';
import { fail, noSubscription, noTopic } from './fail.ts';
import { PENDING_MS } from './limits.ts';
import { deleteSubscription, findSubscription, lockTopic, updateSubscription, updateTopic } from './store.ts';
import { idIn, invalidToken, isTokenOf } from './tokens.ts';
import { writing } from './tables.ts';
import type { SubscriptionRow } from './tables.ts';

/** What whoever holds a link may do without a signature, and signed callers too. */
export interface Confirming {
  /** Answers the subscription's ARN; a second time as well. `locked`: only signed calls may unsubscribe. */
  confirm(topic: TopicKey, token: string, by: { signed: boolean; locked: boolean }): Promise<string>;
  /** By the link in a message. @throws AuthorizationError where only signed calls may. */
  unsubscribeByLink(key: SubscriptionKey): Promise<void>;
}

export function confirmingBy({ db, clock, hash }: Pick<SnsDeps, 'db' | 'clock' | 'hash'>): Confirming {
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
        await deleteConfirmations(tx, key);
        return row.arn;
      });
    },

    async unsubscribeByLink(key) {
      await db.transaction(async (tx) => {
        await lockTopic(tx, key);
        const row = await findSubscription(writing(tx), key);
        if (row === undefined) throw noSubscription();
        if (row.status === 'pending' || row.locked === 1) throw fail('AuthorizationErrorException', 'This subscription can be ended by its owner only');
        await unsubscribe(tx, row);
      });
    },
  };
}

/** Nothing that is still to be delivered goes out after this has committed. The topic's row is locked. */
export async function unsubscribe(tx: Transaction, row: SubscriptionRow): Promise<void> {
  await deleteSubscription(tx, row);
  await deleteDeliveriesOf(tx, row);
  const topic = await lockTopic(tx, row);
  if (topic !== undefined) await updateTopic(tx, row, { deleted: topic.deleted + 1 });
}
