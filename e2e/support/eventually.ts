import { setTimeout as delay } from 'node:timers/promises';

/** Between two looks: a look is cheap, and what is looked at takes seconds. */
const LOOK_AGAIN_MS = 150;

/**
 * Looks until `probe` answers something and answers that, `every` so many ms.
 * @throws Error naming what was waited for when `seconds` have passed, and what `probe` threw last, if it did.
 */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>, { seconds = 60, every = LOOK_AGAIN_MS }: { seconds?: number; every?: number } = {}): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    let cause: unknown;
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`, { cause });
    await delay(every);
  }
}
