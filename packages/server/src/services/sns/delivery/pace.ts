import type { Clock } from '../../../kernel/clock.ts';

const SECOND_MS = 1000;

/** Holds subscriptions to `maxReceivesPerSecond`: at most so many begin within any second. Kept by the server that serves the subscription; one that takes it over begins a new second. */
export function createPace(clock: Clock) {
  const begun = new Map<string, number[]>();

  const recent = (subscription: string): number[] => (begun.get(subscription) ?? []).filter((at) => at > clock.now() - SECOND_MS);

  return {
    /** How many may begin now; `from`: when more may. */
    room(subscription: string, most: number | undefined): { free: number; from: number } {
      if (most === undefined) return { free: Infinity, from: clock.now() };
      const times = recent(subscription);
      return { free: Math.max(0, most - times.length), from: (times[0] ?? clock.now()) + SECOND_MS };
    },
    note(subscription: string, most: number | undefined, count: number): void {
      const times = most === undefined ? [] : [...recent(subscription), ...Array.from({ length: count }, () => clock.now())];
      if (times.length === 0) begun.delete(subscription);
      else begun.set(subscription, times);
    },
  };
}
