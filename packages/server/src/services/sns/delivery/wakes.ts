/** Tells a run in this process that its subscription has got new deliveries; runs in other servers look now and then. */
export interface Wakes {
  wake(subscription: string): void;
  /** Calls `heard` for each wake until the answer is called. */
  listen(subscription: string, heard: () => void): () => void;
}

export function createWakes(): Wakes {
  const listeners = new Map<string, Set<() => void>>();
  return {
    wake: (subscription) => listeners.get(subscription)?.forEach((heard) => heard()),
    listen(subscription, heard) {
      const all = listeners.get(subscription) ?? new Set();
      listeners.set(subscription, all.add(heard));
      return () => {
        all.delete(heard);
        if (all.size === 0) listeners.delete(subscription);
      };
    },
  };
}
