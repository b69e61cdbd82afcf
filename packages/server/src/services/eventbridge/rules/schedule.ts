import { parseCron } from './cron.ts';

/** When a rule's schedule fires, in UTC. Pure. */
export interface Schedule {
  /** The first time (ms UTC) after `after`; undefined when there is none. `base`: when the schedule was set, from which a rate counts. */
  next(after: number, base: number): number | undefined;
  /** The last time that is not after `at` and after `since`; what is left of times that nobody was there to serve. */
  latest(since: number, at: number, base: number): number | undefined;
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const LARGEST_RATE = 999_999_999;

/** Undefined for a text that AWS would refuse: `rate(5 minutes)`, `cron(0 12 * * ? *)`. */
export function parseSchedule(text: string): Schedule | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(text);
  if (rate !== null) return rateOf(Number(rate[1]), UNITS[rate[2]!]!, rate[3] === 's');
  const cron = /^cron\((.*)\)$/.exec(text);
  return cron === null ? undefined : cronOf(cron[1]!);
}

/** One goes with the singular, every other number with the plural. */
function rateOf(count: number, unit: number, plural: boolean): Schedule | undefined {
  if (count < 1 || count > LARGEST_RATE || plural !== count > 1) return undefined;
  const step = count * unit;
  return {
    next: (after, base) => base + Math.max(1, Math.floor((after - base) / step) + 1) * step,
    latest(since, at, base) {
      const last = base + Math.floor((at - base) / step) * step;
      return last > since && last > base ? last : undefined;
    },
  };
}

function cronOf(fields: string): Schedule | undefined {
  const cron = parseCron(fields);
  return cron && { next: (after) => cron.next(after), latest: (since, at) => cron.latest(since, at) };
}
