import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';

/**
 * Where long polls wait. A poll enters before it looks for messages, so that one that comes between its look and its
 * wait wakes it; it leaves when it has its answer, and hands a wake that it did not use to the next.
 */
export interface Waiting {
  enter(queue: string): Place;
  /** Up to `count` polls of the queue look again, here and in the other servers. */
  wake(queue: string, count: number): void;
  /** Some poll looks again at `at`, when the next message becomes visible. */
  wakeAt(queue: string, at: number): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface Place {
  /** Resolves with true when there may be something, false when `until` (ms UTC) is over or `signal` aborts. */
  wait(until: number, signal: AbortSignal): Promise<boolean>;
  /** `got`: what the poll answers with. */
  leave(got: 'nothing' | 'some' | 'full'): void;
}

interface Waiter {
  woken: boolean;
  wakesNext: boolean;
  resolve: (() => void) | undefined;
}

const CHANNEL = 'slipway_sqs';

export function createWaiting({ db, clock }: { db: Database; clock: Clock }): Waiting {
  const waiters = new Map<string, Set<Waiter>>();
  const timers = new Map<string, { at: number; cancel: () => void }>();
  const telling = new Set<string>();
  let unlisten: (() => Promise<void>) | undefined;

  /** `wakesNext`: it is not known how many messages there are, so each poll that got some wakes the next. */
  function wakeHere(queue: string, count: number, wakesNext: boolean): void {
    let left = count;
    for (const waiter of waiters.get(queue) ?? []) {
      if (left === 0) return;
      if (waiter.woken) continue;
      waiter.woken = true;
      waiter.wakesNext = wakesNext;
      waiter.resolve?.();
      left -= 1;
    }
  }

  /** One notification for all wakes of a turn. */
  function tellOthers(queue: string): void {
    if (db.kind === 'sqlite') return;
    if (telling.size === 0) {
      setImmediate(() => {
        const queues = [...telling];
        telling.clear();
        for (const each of queues) db.notify(CHANNEL, each);
      });
    }
    telling.add(queue);
  }

  function cancelTimer(queue: string): void {
    timers.get(queue)?.cancel();
    timers.delete(queue);
  }

  return {
    enter(queue) {
      const waiter: Waiter = { woken: false, wakesNext: false, resolve: undefined };
      const here = waiters.get(queue) ?? new Set();
      waiters.set(queue, here.add(waiter));
      return {
        async wait(until, signal) {
          if (!waiter.woken) await sleep(clock, waiter, until, signal);
          const { woken } = waiter;
          waiter.woken = false;
          return woken && !signal.aborted;
        },
        leave(got) {
          here.delete(waiter);
          if (here.size === 0) {
            waiters.delete(queue);
            cancelTimer(queue);
          } else if (waiter.woken || got === 'full' || (got === 'some' && waiter.wakesNext)) {
            wakeHere(queue, 1, true);
          }
        },
      };
    },
    wake(queue, count) {
      wakeHere(queue, count, false);
      tellOthers(queue);
    },
    wakeAt(queue, at) {
      const known = timers.get(queue);
      if (!waiters.has(queue) || (known !== undefined && known.at <= at)) return;
      known?.cancel();
      const cancel = clock.at(at, () => {
        timers.delete(queue);
        wakeHere(queue, 1, true);
      });
      timers.set(queue, { at, cancel });
    },
    async start() {
      // A notification that gets lost with its connection delays a poll until its end at most, when it looks once more.
      unlisten = await db.listen(CHANNEL, (queue) => wakeHere(queue, 1, true));
    },
    async stop() {
      for (const queue of timers.keys()) cancelTimer(queue);
      await unlisten?.();
    },
  };
}

function sleep(clock: Clock, waiter: Waiter, until: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      waiter.resolve = undefined;
      resolve();
    };
    const cancel = clock.at(until, end);
    waiter.resolve = end;
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
