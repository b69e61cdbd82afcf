/** Time as a dependency: every domain decision reads this, never `Date.now()`. Leases use real time. */
export interface Clock {
  /** Milliseconds UTC. */
  now(): number;
  /** Calls `run` once at or soon after `at` (ms UTC). The answer cancels it. */
  at(at: number, run: () => void): () => void;
}

const LONGEST_TIMEOUT = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, run) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const wait = at - Date.now();
      timer = setTimeout(wait > LONGEST_TIMEOUT ? arm : run, Math.min(Math.max(wait, 0), LONGEST_TIMEOUT));
    };
    arm();
    return () => clearTimeout(timer);
  },
};
