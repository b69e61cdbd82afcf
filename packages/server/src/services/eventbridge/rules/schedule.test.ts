import { describe, expect, test } from 'vitest';
import { parseSchedule } from './schedule.ts';

/** The times that follow, as ISO to the minute. */
function times(text: string, from: string, count: number, base = from): string[] {
  const schedule = parseSchedule(text);
  if (schedule === undefined) throw new Error(`${text} was refused`);
  const found: string[] = [];
  let at = Date.parse(from);
  for (let n = 0; n < count; n++) {
    const next = schedule.next(at, Date.parse(base));
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return found;
}

describe('rates', () => {
  test.each([
    ['rate(1 minute)', ['2030-01-01T00:01', '2030-01-01T00:02']],
    ['rate(5 minutes)', ['2030-01-01T00:05', '2030-01-01T00:10']],
    ['rate(1 hour)', ['2030-01-01T01:00', '2030-01-01T02:00']],
    ['rate(12 hours)', ['2030-01-01T12:00', '2030-01-02T00:00']],
    ['rate(1 day)', ['2030-01-02T00:00', '2030-01-03T00:00']],
    ['rate(7 days)', ['2030-01-08T00:00', '2030-01-15T00:00']],
  ])('%s counts from when it was set', (text, expected) => expect(times(text, '2030-01-01T00:00Z', 2)).toEqual(expected));

  test.each(['rate(1 minutes)', 'rate(5 minute)', 'rate(0 minutes)', 'rate(1.5 hours)', 'rate(5)', 'rate(-1 minute)', 'rate(1 week)', 'rate(1  minute)', 'rate (1 minute)', 'Rate(1 minute)'])('%s is refused', (text) => {
    expect(parseSchedule(text)).toBeUndefined();
  });

  test('the latest of the times that passed is found', () => {
    const base = Date.parse('2030-01-01T00:00Z');
    const schedule = parseSchedule('rate(5 minutes)')!;
    expect(schedule.latest(base, base + 17 * 60_000, base)).toBe(base + 15 * 60_000);
    expect(schedule.latest(base + 15 * 60_000, base + 17 * 60_000, base)).toBeUndefined();
  });
});

describe('cron', () => {
  test.each<[string, string, string[]]>([
    ['cron(0 10 * * ? *)', 'every day at ten', ['2030-01-01T10:00', '2030-01-02T10:00']],
    ['cron(15 12 * * ? *)', 'every day at 12:15', ['2030-01-01T12:15', '2030-01-02T12:15']],
    ['cron(0 18 ? * MON-FRI *)', 'Monday to Friday', ['2030-01-01T18:00', '2030-01-02T18:00', '2030-01-03T18:00', '2030-01-04T18:00', '2030-01-07T18:00']],
    ['cron(0 8 1 * ? *)', 'the first of the month', ['2030-01-01T08:00', '2030-02-01T08:00']],
    ['cron(0/15 * * * ? *)', 'every quarter of an hour', ['2030-01-01T00:15', '2030-01-01T00:30', '2030-01-01T00:45', '2030-01-01T01:00']],
    ['cron(0/5 8-17 ? * MON-FRI *)', 'every five minutes of the working day', ['2030-01-01T08:00', '2030-01-01T08:05']],
    ['cron(1/10 0 * * ? *)', 'a step from the first minute', ['2030-01-01T00:01', '2030-01-01T00:11', '2030-01-01T00:21']],
    ['cron(0 9 ? * 2#1 *)', 'the first Monday', ['2030-01-07T09:00', '2030-02-04T09:00']],
    ['cron(0 0 ? * 3#2 *)', 'the second Tuesday', ['2030-01-08T00:00', '2030-02-12T00:00']],
    ['cron(0 0 ? * TUE#5 *)', 'a fifth Tuesday where there is one', ['2030-01-29T00:00', '2030-04-30T00:00']],
    ['cron(0 0 L * ? *)', 'the last day', ['2030-01-31T00:00', '2030-02-28T00:00', '2030-03-31T00:00']],
    ['cron(0 0 L-2 * ? *)', 'two days before the last', ['2030-01-29T00:00', '2030-02-26T00:00']],
    ['cron(0 0 LW * ? *)', 'the last weekday', ['2030-01-31T00:00', '2030-02-28T00:00', '2030-03-29T00:00']],
    ['cron(0 0 ? * 6L *)', 'the last Friday', ['2030-01-25T00:00', '2030-02-22T00:00']],
    ['cron(0 0 ? * FRIL *)', 'the last Friday by name', ['2030-01-25T00:00']],
    ['cron(0 0 ? * L *)', 'Saturday, the week\'s last day', ['2030-01-05T00:00', '2030-01-12T00:00']],
    ['cron(0 0 5W * ? *)', 'a Saturday moves to the Friday', ['2030-01-04T00:00', '2030-02-05T00:00']],
    ['cron(0 0 3W 2 ? *)', 'a Sunday moves to the Monday', ['2030-02-04T00:00']],
    ['cron(0 0 1W 6 ? *)', 'the first, a Saturday, stays in its month', ['2030-06-03T00:00']],
    ['cron(0 0 31W 3 ? *)', 'the last, a Sunday, stays in its month', ['2030-03-29T00:00']],
    ['cron(0 0 29 2 ? *)', 'leap days', ['2032-02-29T00:00', '2036-02-29T00:00']],
    ['cron(30 9 1,15 JAN,jul ? 2031-2032)', 'lists, names and years', ['2031-01-01T09:30', '2031-01-15T09:30', '2031-07-01T09:30']],
    ['cron(0 22-1 1 1 ? *)', 'hours around midnight', ['2030-01-01T01:00', '2030-01-01T22:00', '2030-01-01T23:00', '2031-01-01T00:00']],
    ['cron(0 0 ? * SAT-MON *)', 'weekdays around the week\'s end', ['2030-01-05T00:00', '2030-01-06T00:00', '2030-01-07T00:00', '2030-01-12T00:00']],
    ['cron(0 0 ? * 1 *)', 'one is Sunday', ['2030-01-06T00:00']],
    ['cron(0 0 1 1/4 ? *)', 'every fourth month', ['2030-05-01T00:00', '2030-09-01T00:00', '2031-01-01T00:00']],
    ['cron(0 0 1 1 ? 2030/10)', 'every tenth year', ['2040-01-01T00:00', '2050-01-01T00:00']],
    ['cron(59 23 31 12 ? 2199)', 'the last minute that there is', ['2199-12-31T23:59']],
    ['cron(0 0 1 1 ? 2029)', 'years that are over', []],
    ['cron(0 0 30 2 ? *)', 'a day that never comes', []],
  ])('%s: %s', (text, _what, expected) => expect(times(text, '2030-01-01T00:00Z', Math.max(1, expected.length))).toEqual(expected));

  test.each([
    ['cron(0 10 * * * *)', 'both day fields say when'], ['cron(0 10 ? * ? *)', 'no day field says when'], ['cron(0 10 1 * MON *)', 'both day fields say when'],
    ['cron(* * * * ?)', 'five fields'], ['cron(0 0 0 * * ? *)', 'seven fields'], ['cron(60 * * * ? *)', 'minute 60'], ['cron(0 24 * * ? *)', 'hour 24'],
    ['cron(0 0 32 * ? *)', 'day 32'], ['cron(0 0 0 * ? *)', 'day 0'], ['cron(0 0 ? * 0 *)', 'weekday 0'], ['cron(0 0 ? * 8 *)', 'weekday 8'],
    ['cron(0 0 ? 13 1 *)', 'month 13'], ['cron(0 0 1 1 ? 1969)', 'year 1969'], ['cron(0 0 1 1 ? 2200)', 'year 2200'], ['cron(0 0 ? * 3#6 *)', 'a sixth Tuesday'],
    ['cron(0 0 ? * 3#1,6#3 *)', 'two expressions with #'], ['cron(0/0 * * * ? *)', 'a step of nothing'], ['cron(a * * * ? *)', 'a letter'], ['cron(1- * * * ? *)', 'half a range'],
    ['cron(0 0 L,15 * ? *)', 'L in a list'], ['cron(0 0 1 1 ? 2040-2030)', 'years backwards'], ['0 10 * * ? *', 'no cron()'], ['cron()', 'nothing'],
  ])('%s is refused: %s', (text) => expect(parseSchedule(text)).toBeUndefined());

  test('the latest of the times that passed is found', () => {
    const schedule = parseSchedule('cron(0 10 * * ? *)')!;
    expect(schedule.latest(Date.parse('2030-01-01T10:00Z'), Date.parse('2030-01-05T09:59Z'), 0)).toBe(Date.parse('2030-01-04T10:00Z'));
    expect(schedule.latest(Date.parse('2030-01-04T10:00Z'), Date.parse('2030-01-05T09:59Z'), 0)).toBeUndefined();
    expect(schedule.latest(Date.parse('2030-01-04T10:00Z'), Date.parse('2030-01-05T10:00Z'), 0)).toBe(Date.parse('2030-01-05T10:00Z'));
  });
});
