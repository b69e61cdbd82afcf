import type { Database } from '../../kernel/database.ts';
import type { Call } from '../../kernel/service.ts';
import { queueOfUrl } from './arns.ts';
import { noSuchQueue } from './fail.ts';
import { findQueue, reading } from './queues/store.ts';
import type { QueueRow } from './queues/store.ts';

/** Finds the queue that a call is about, once for both its permission and its handling. */
export interface QueueLookup {
  find(call: Call, url: string): Promise<QueueRow | undefined>;
  /** Throws `QueueDoesNotExist`. */
  get(call: Call, url: string): Promise<QueueRow>;
}

export function createLookup(db: Database): QueueLookup {
  const found = new WeakMap<Call, { url: string; row: Promise<QueueRow | undefined> }>();
  const find = (call: Call, url: string): Promise<QueueRow | undefined> => {
    const known = found.get(call);
    if (known?.url === url) return known.row;
    const row = findQueue(reading(db), queueOfUrl(call.region, url));
    found.set(call, { url, row });
    return row;
  };
  return {
    // An address that is none throws inside the promise.
    find: async (call, url) => find(call, url),
    async get(call, url) {
      const row = await find(call, url);
      if (row === undefined) throw noSuchQueue();
      return row;
    },
  };
}
