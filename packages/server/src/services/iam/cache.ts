import type { Database } from '../../kernel/database.ts';

/**
 * Remembers what decisions need until anything in IAM changes: a change on this server forgets at its commit, one on
 * another server by notification. A notification can be lost with its connection, so entries also grow old.
 */
export interface IamCache {
  get<T>(key: string, load: () => Promise<T>): Promise<T>;
  forget(): void;
}

const CHANNEL = 'iam';
const MAX_AGE_MS = 10_000;
const MAX_ENTRIES = 10_000;

export function createCache(db: Database): IamCache {
  const entries = new Map<string, { value: unknown; until: number }>();
  let generation = 0;
  let listening: Promise<unknown> | undefined;

  const forget = (): void => {
    generation++;
    entries.clear();
  };

  function listen(): Promise<unknown> {
    return db.listen(CHANNEL, forget).catch((error: unknown) => {
      listening = undefined;
      throw error;
    });
  }

  return {
    forget,
    async get<T>(key: string, load: () => Promise<T>): Promise<T> {
      // Before the first entry is kept, changes elsewhere must be heard of.
      await (listening ??= listen());
      const known = entries.get(key);
      // Leases and caches run on real time: a test's clock must not keep an entry alive.
      if (known !== undefined && known.until > performance.now()) return known.value as T;
      const before = generation;
      const value = await load();
      // A change that commits while we read may not be in what we read.
      if (before === generation) {
        if (entries.size >= MAX_ENTRIES) entries.clear();
        entries.set(key, { value, until: performance.now() + MAX_AGE_MS });
      }
      return value;
    },
  };
}

/** Runs after a change's commit. */
export function announce(db: Database, cache: IamCache, account: string): void {
  cache.forget();
  db.notify(CHANNEL, account);
}
