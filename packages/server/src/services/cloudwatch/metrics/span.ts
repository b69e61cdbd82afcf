import type { QuerySpan } from './queries.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Periods begin at the start, which AWS rounds down: to the minute, of data older than 15 days to five minutes, older than
 * 63 to the hour; for shorter periods to them. `period` is in seconds, the shortest asked for.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
 */
export function roundedSpan({ start, end }: QuerySpan, period: number, now: number): QuerySpan {
  const age = now - start;
  const grain = period < 60 ? period * SECOND : age > 63 * DAY ? HOUR : age > 15 * DAY ? 5 * MINUTE : MINUTE;
  return { start: start - (((start % grain) + grain) % grain), end };
}
