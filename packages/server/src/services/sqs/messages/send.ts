import type { SQSApi } from '@slipway/contracts';
import type { BatchResultErrorEntry, SendMessageBatchResultEntry } from '@slipway/contracts/sqs';
import type { Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import { replay } from '../../../kernel/replay.ts';
import type { Operations } from '../../../kernel/service.ts';
import { attributesOf } from '../queues/attributes.ts';
import { checkBatch, failed } from './batches.ts';
import type { SqsContext } from '../deps.ts';
import { fail } from '../fail.ts';
import { findDuplicate, joinGroup, rememberSent, takeSequence } from './fifo-store.ts';
import type { Deduplication } from './fifo-store.ts';
import { DEDUPLICATION_MS, LIMITS } from '../limits.ts';
import { pack, readMessage } from './message.ts';
import type { Outgoing } from './message.ts';
import { insertMessages } from './store.ts';
import type { MessageRow } from './store.ts';
import type { QueueRow } from '../queues/store.ts';

/** A message ready to be written: everything dear is done before the transaction. */
interface Packed {
  readonly message: Outgoing;
  readonly row: MessageRow;
}

/** How a sent message is named to its sender. */
interface Sent {
  readonly MessageId: string;
  readonly SequenceNumber?: string;
}

/** AWS's sequence numbers have 20 digits; 128 bits are promised, a safe integer is kept. */
export const sequenceNumber = (sequence: number): string => `1${String(sequence).padStart(19, '0')}`;

export function send({ db, clock, seal, queues, waiting }: SqsContext) {
  function packed(queue: QueueRow, message: Outgoing): Packed {
    const id = uuid();
    const now = clock.now();
    const { account, region, box } = queue;
    const row: MessageRow = {
      account, region, box, id, sent: now, ...pack(seal, queue, id, message.content), visible_at: now + message.delaySeconds * 1000,
      receives: 0, received: null, first_received: null, message_group: message.group ?? null, sequence: null, dead_letter_source: null,
    };
    return { message, row };
  }

  async function write(tx: Transaction, queue: QueueRow, all: readonly Packed[]): Promise<Sent[]> {
    tx.afterCommit(() => waiting.wake(queue.id, all.length));
    if (queue.fifo === 0) {
      await insertMessages(tx, all.map(({ row }) => row));
      return all.map(({ row }) => ({ MessageId: row.id }));
    }
    const first = await takeSequence(tx, queue, all.length);
    const sent: Sent[] = [];
    for (const [index, each] of all.entries()) sent.push(await writeInOrder(tx, queue, each, first + index));
    return sent;
  }

  return {
    async SendMessage(input, call) {
      const queue = await queues.get(call, input.QueueUrl);
      const one = packed(queue, readMessage(queue, input, call.caller.userId));
      return db.transaction((tx) => replay(tx, call, 'sqs:SendMessage', input, async () => {
        const [sent] = await write(tx, queue, [one]);
        return { ...digests(one.message), ...sent };
      }, { now: clock.now() }));
    },

    async SendMessageBatch(input, call) {
      const queue = await queues.get(call, input.QueueUrl);
      checkBatch('SendMessageBatchRequestEntry', input.Entries);
      const good: { Id: string; one: Packed }[] = [];
      const Failed: BatchResultErrorEntry[] = [];
      for (const { Id, ...entry } of input.Entries) {
        try {
          good.push({ Id, one: packed(queue, readMessage(queue, entry, call.caller.userId)) });
        } catch (error) {
          Failed.push(failed(Id, error));
        }
      }
      const bytes = good.reduce((sum, { one }) => sum + one.message.size, 0);
      if (bytes > LIMITS.messageBytes) throw fail('BatchRequestTooLong', `Batch requests cannot be longer than ${LIMITS.messageBytes} bytes. You have sent ${bytes} bytes.`);
      return db.transaction((tx) => replay(tx, call, 'sqs:SendMessageBatch', input, async () => {
        const sent = await write(tx, queue, good.map(({ one }) => one));
        const Successful = good.map(({ Id, one }, index): SendMessageBatchResultEntry => ({ Id, ...digests(one.message), ...sent[index]! }));
        return { Successful, Failed };
      }, { now: clock.now() }));
    },
  } satisfies Partial<Operations<SQSApi>>;
}

/** A message that was sent within the deduplication interval is accepted again, and not delivered again. */
async function writeInOrder(tx: Transaction, queue: QueueRow, { message, row }: Packed, sequence: number): Promise<Sent> {
  const group = message.group ?? '';
  const key: Deduplication = { scope: attributesOf(queue).DeduplicationScope === 'messageGroup' ? group : '', token: message.deduplication ?? '' };
  const duplicate = await findDuplicate(tx, queue, key, row.sent);
  if (duplicate !== undefined) return { MessageId: duplicate.message_id, SequenceNumber: sequenceNumber(duplicate.sequence) };
  await insertMessages(tx, [{ ...row, sequence }]);
  await joinGroup(tx, queue, group, { sequence, visibleAt: row.visible_at });
  await rememberSent(tx, queue, key, { message_id: row.id, sequence, expires: row.sent + DEDUPLICATION_MS });
  return { MessageId: row.id, SequenceNumber: sequenceNumber(sequence) };
}

const digests = ({ content, md5OfAttributes, md5OfSystemAttributes }: Outgoing) => ({
  MD5OfMessageBody: content.md5,
  ...(md5OfAttributes !== undefined && { MD5OfMessageAttributes: md5OfAttributes }),
  ...(md5OfSystemAttributes !== undefined && { MD5OfMessageSystemAttributes: md5OfSystemAttributes }),
});
