import type { SQSApi } from '@slipway/contracts';
import type { BatchResultErrorEntry } from '@slipway/contracts/sqs';
import type { Transaction } from '../../../kernel/database.ts';
import type { Operations } from '../../../kernel/service.ts';
import { checkBatch, failed } from './batches.ts';
import type { SqsContext } from '../deps.ts';
import { fail, invalidParameter, missingParameter } from '../fail.ts';
import { lockOrder, refreshGroup } from './fifo-store.ts';
import { LIMITS } from '../limits.ts';
import { deleteMessage, deleteReceived, lockMessage, setVisibleAt } from './store.ts';
import type { QueueRow } from '../queues/store.ts';
import type { Receipt } from './receipts.ts';

interface Entry<T> {
  readonly Id: string;
  readonly ask: T;
}

interface Timeout {
  readonly handle: string;
  readonly receipt: Receipt;
  readonly seconds: number;
}

/** What a consumer says of messages that it received: done, or needed for longer. */
export function handled({ db, clock, queues, receipts, waiting }: SqsContext) {
  async function remove(tx: Transaction, queue: QueueRow, { handle, receipt }: Pick<Timeout, 'handle' | 'receipt'>): Promise<void> {
    // What was purged is gone already.
    if (receipt.box !== queue.box) return;
    // On a standard queue an older handle's request succeeds, and the message stays with whoever received it since.
    if (queue.fifo === 0) return deleteReceived(tx, queue, receipt);
    const row = await lockMessage(tx, queue, receipt);
    if (row === undefined) return;
    if (row.receives !== receipt.receives || row.visible_at <= clock.now()) throw invalidParameter(handle, 'ReceiptHandle', 'The receipt handle has expired.');
    await deleteMessage(tx, queue, receipt);
    await refreshGroup(tx, queue, row.message_group ?? '');
    tx.afterCommit(() => waiting.wake(queue.id, 1));
  }

  async function hide(tx: Transaction, queue: QueueRow, { handle, receipt, seconds }: Timeout): Promise<void> {
    const now = clock.now();
    const row = receipt.box === queue.box ? await lockMessage(tx, queue, receipt) : undefined;
    if (row?.receives !== receipt.receives) throw invalidParameter(handle, 'ReceiptHandle', 'Message does not exist or is not available for visibility timeout change.');
    if (row.visible_at <= now) throw fail('MessageNotInflight', 'The message referred to is not in flight.');
    const visibleAt = now + seconds * 1000;
    if (visibleAt > (row.received ?? now) + LIMITS.longestVisibilitySeconds * 1000) {
      throw invalidParameter(seconds, 'VisibilityTimeout', `Total VisibilityTimeout for the message is beyond the limit [${LIMITS.longestVisibilitySeconds} seconds]`);
    }
    await setVisibleAt(tx, queue, receipt, visibleAt);
    if (queue.fifo === 1) await refreshGroup(tx, queue, row.message_group ?? '');
    // A poll that waits for the former time has to learn of the new one.
    if (visibleAt < row.visible_at) tx.afterCommit(() => waiting.wake(queue.id, 1));
  }

  function timeout(queue: QueueRow, handle: string, seconds: number): Timeout {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > LIMITS.longestVisibilitySeconds) {
      throw invalidParameter(seconds, 'VisibilityTimeout', `Must be >= 0 and <= ${LIMITS.longestVisibilitySeconds}, if provided.`);
    }
    return { handle, receipt: receipts.read(queue, handle), seconds };
  }

  const changing = <T>(queue: QueueRow, work: (tx: Transaction) => Promise<T>): Promise<T> => db.transaction(async (tx) => {
    if (queue.fifo === 1) await lockOrder(tx, queue);
    return work(tx);
  });

  /** Each entry by itself: one that is refused leaves the others as they are. */
  async function batch<E extends { readonly Id: string }, T>(queue: QueueRow, entries: readonly E[], read: (entry: E) => T, apply: (tx: Transaction, ask: T) => Promise<void>) {
    const good: Entry<T>[] = [];
    const unreadable: BatchResultErrorEntry[] = [];
    for (const entry of entries) {
      try {
        good.push({ Id: entry.Id, ask: read(entry) });
      } catch (error) {
        unreadable.push(failed(entry.Id, error));
      }
    }
    return changing(queue, async (tx) => {
      const Successful: { Id: string }[] = [];
      const Failed = [...unreadable];
      for (const { Id, ask } of good) {
        // The refusals come before anything is written, so what other entries wrote stands.
        await apply(tx, ask).then(() => Successful.push({ Id }), (error: unknown) => Failed.push(failed(Id, error)));
      }
      return { Successful, Failed };
    });
  }

  return {
    async DeleteMessage({ QueueUrl, ReceiptHandle: handle }, call) {
      const queue = await queues.get(call, QueueUrl);
      const receipt = receipts.read(queue, handle);
      await changing(queue, (tx) => remove(tx, queue, { handle, receipt }));
      return {};
    },

    async DeleteMessageBatch({ QueueUrl, Entries }, call) {
      const queue = await queues.get(call, QueueUrl);
      checkBatch('DeleteMessageBatchRequestEntry', Entries);
      return batch(queue, Entries, ({ ReceiptHandle: handle }) => ({ handle, receipt: receipts.read(queue, handle) }), (tx, ask) => remove(tx, queue, ask));
    },

    async ChangeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout }, call) {
      const queue = await queues.get(call, QueueUrl);
      const ask = timeout(queue, ReceiptHandle, VisibilityTimeout);
      await changing(queue, (tx) => hide(tx, queue, ask));
      return {};
    },

    async ChangeMessageVisibilityBatch({ QueueUrl, Entries }, call) {
      const queue = await queues.get(call, QueueUrl);
      checkBatch('ChangeMessageVisibilityBatchRequestEntry', Entries);
      const read = ({ ReceiptHandle, VisibilityTimeout }: (typeof Entries)[number]): Timeout => {
        if (VisibilityTimeout === undefined) throw missingParameter('VisibilityTimeout');
        return timeout(queue, ReceiptHandle, VisibilityTimeout);
      };
      return batch(queue, Entries, read, (tx, ask) => hide(tx, queue, ask));
    },
  } satisfies Partial<Operations<SQSApi>>;
}
