import type { Database } from '../../kernel/database.ts';

const CHANNEL = 'codedeploy_hosts';

/** Wakes the polls of hosts that have something to do, on whichever server they are held. */
export interface HostCalls {
  wake(hostIdentifier: string): void;
  /** Resolves when the host is woken, after `holdMs`, or when the signal aborts. Begins to listen before it returns. */
  wait(hostIdentifier: string, holdMs: number, signal: AbortSignal): { readonly woken: Promise<void>; cancel(): void };
  start(): Promise<void>;
}

export function createHostCalls(db: Database): HostCalls {
  const waiting = new Map<string, Set<() => void>>();
  const heard = (hostIdentifier: string): void => {
    for (const wake of waiting.get(hostIdentifier) ?? []) wake();
  };
  return {
    wake(hostIdentifier) {
      heard(hostIdentifier);
      db.notify(CHANNEL, hostIdentifier);
    },
    wait(hostIdentifier, holdMs, signal) {
      const own = waiting.get(hostIdentifier) ?? new Set();
      waiting.set(hostIdentifier, own);
      let wake!: () => void;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const timer = setTimeout(wake, holdMs);
      own.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
      return {
        woken,
        cancel() {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          own.delete(wake);
          if (own.size === 0 && waiting.get(hostIdentifier) === own) waiting.delete(hostIdentifier);
        },
      };
    },
    async start() {
      await db.listen(CHANNEL, heard);
    },
  };
}
