import { timingSafeEqual } from 'node:crypto';
import type { KeyedHash } from '../../../kernel/seal.ts';
import { fail } from '../fail.ts';
import type { QueueRow } from '../queues/store.ts';

/** What a receipt handle says: the message, and which of its receives it was handed out for. */
export interface Receipt {
  readonly queue: string;
  readonly box: string;
  readonly sent: number;
  readonly id: string;
  readonly receives: number;
}

/** Receipt handles hold all that is needed to find the message, under a keyed hash, so that none can be made up. */
export interface Receipts {
  issue(receipt: Receipt): string;
  /** Throws `ReceiptHandleIsInvalid` for what is no handle of this queue. */
  read(queue: QueueRow, handle: string): Receipt;
}

const PURPOSE = 'sqs receipt';

export function createReceipts(hash: KeyedHash): Receipts {
  return {
    issue({ queue, box, sent, id, receives }) {
      const text = [queue, box, sent, id, receives].join('.');
      return Buffer.from(`${hash(text, PURPOSE)}.${text}`).toString('base64');
    },
    read(queue, handle) {
      const [mac = '', ...parts] = Buffer.from(handle, 'base64').toString().split('.');
      const genuine = Buffer.from(hash(parts.join('.'), PURPOSE));
      const given = Buffer.from(mac);
      if (given.length !== genuine.length || !timingSafeEqual(given, genuine) || parts[0] !== queue.id) {
        throw fail('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`);
      }
      const [, box = '', sent, id = '', receives] = parts;
      return { queue: queue.id, box, sent: Number(sent), id, receives: Number(receives) };
    },
  };
}
