/** Lets one holder at a time have a key, in the order of asking. */
export interface KeyedLocks {
  /** Resolves when all the keys are held; the answer gives them back. */
  take(keys: readonly string[]): Promise<() => void>;
}

export function keyedLocks(): KeyedLocks {
  const tails = new Map<string, Promise<void>>();

  const takeOne = async (key: string): Promise<() => void> => {
    const before = tails.get(key);
    let release!: () => void;
    const held = new Promise<void>((resolve) => { release = resolve; });
    tails.set(key, held);
    await before;
    return () => {
      if (tails.get(key) === held) tails.delete(key);
      release();
    };
  };

  return {
    async take(keys) {
      const releases: (() => void)[] = [];
      // One order for all holders, so that no two wait for each other.
      for (const key of [...new Set(keys)].toSorted()) releases.push(await takeOne(key));
      return () => { for (const release of releases) release(); };
    },
  };
}
