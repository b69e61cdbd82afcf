/** AWS's cron: minutes, hours, day of month, month, day of week, year; UTC. Pure. */
export interface Cron {
  /** The first time (ms UTC) after `after`; undefined when the years are over. */
  next(after: number): number | undefined;
  /** The last time that is after `since` and not after `at`. */
  latest(since: number, at: number): number | undefined;
}

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** Numbered from 1. */
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const MINUTES: Field = { least: 0, most: 59 };
const HOURS: Field = { least: 0, most: 23 };
const DAYS_OF_MONTH: Field = { least: 1, most: 31 };
const MONTH: Field = { least: 1, most: 12, names: MONTHS };
const DAYS_OF_WEEK: Field = { least: 1, most: 7, names: WEEKDAYS };
const YEARS: Field = { least: 1970, most: 2199 };

const DAY_MS = 86_400_000;

/** The days of a month (1 to 31) on which a day field fires. */
type Days = (year: number, month: number) => ReadonlySet<number>;

/** Undefined for fields that AWS would refuse. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 6) return undefined;
  const [minuteText, hourText, dayText, monthText, weekdayText, yearText] = fields as [string, string, string, string, string, string];
  // Exactly one of the two day fields says when; the other is `?`.
  if ((dayText === '?') === (weekdayText === '?')) return undefined;
  const minutes = numbers(minuteText, MINUTES);
  const hours = numbers(hourText, HOURS);
  const months = numbers(monthText, MONTH);
  const years = numbers(yearText, YEARS);
  const days = weekdayText === '?' ? daysOfMonth(dayText) : daysOfWeek(weekdayText);
  return minutes && hours && months && years && days && cronOf({ minutes, hours, months, years, days });
}

interface Parts {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  readonly years: readonly number[];
  readonly days: Days;
}

function cronOf({ minutes, hours, months, years, days }: Parts): Cron {
  const firesOn = (day: number): boolean => {
    const date = new Date(day);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
    return years.includes(year) && months.includes(month) && days(year, month).has(date.getUTCDate());
  };
  const times = hours.flatMap((hour) => minutes.map((minute) => (hour * 60 + minute) * 60_000));
  const bounds = { first: Date.UTC(years[0]!, 0, 1), last: Date.UTC(years.at(-1)!, 11, 31) };
  return {
    next(after) {
      let day = Math.max(startOfDay(after), bounds.first);
      while (day <= bounds.last) {
        const month = startOfMonth(day);
        if (!years.includes(yearOf(day)) || !months.includes(monthOf(day))) {
          day = nextMonth(month);
          continue;
        }
        if (firesOn(day)) {
          const found = times.find((time) => day + time > after);
          if (found !== undefined) return day + found;
        }
        day += DAY_MS;
      }
      return undefined;
    },
    latest(since, at) {
      for (let day = Math.min(startOfDay(at), bounds.last); day >= Math.max(startOfDay(since), bounds.first); day -= DAY_MS) {
        if (!firesOn(day)) continue;
        const found = times.findLast((time) => day + time <= at);
        if (found !== undefined) return day + found > since ? day + found : undefined;
      }
      return undefined;
    },
  };
}

/** Values, ranges, steps and lists of them, in order. Undefined for a text that is none. */
function numbers(text: string, field: Field): number[] | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const values = range(part, field);
    if (values === undefined) return undefined;
    for (const value of values) found.add(value);
  }
  return [...found].toSorted((a, b) => a - b);
}

/** `*`, `5`, `1-5`, `MON-FRI`, `0/15`, `*` with a step, `10-30/5`. */
function range(text: string, field: Field): number[] | undefined {
  const [span = '', stepText, ...more] = text.split('/');
  if (more.length > 0 || (stepText !== undefined && !/^\d{1,4}$/.test(stepText))) return undefined;
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step < 1) return undefined;
  const [from, to] = bounds(span, field, stepText !== undefined) ?? [];
  if (from === undefined || to === undefined) return undefined;
  // A range may go round the end: FRI-MON, 22-2.
  const size = field.most - field.least + 1;
  const length = from <= to ? to - from + 1 : size - from + to + 1;
  if (from > to && field === YEARS) return undefined;
  const values: number[] = [];
  for (let at = 0; at < length; at += step) values.push(field.least + ((from - field.least + at) % size));
  return values;
}

function bounds(span: string, field: Field, open: boolean): [number, number] | undefined {
  if (span === '*') return [field.least, field.most];
  const [fromText = '', toText, ...more] = span.split('-');
  if (more.length > 0) return undefined;
  const from = single(fromText, field);
  if (from === undefined) return undefined;
  if (toText === undefined) return [from, open ? field.most : from];
  const to = single(toText, field);
  return to === undefined ? undefined : [from, to];
}

function single(text: string, { least, most, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  if (named >= 0) return least + named;
  if (!/^\d{1,4}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** `L` the last day, `L-3` three days before it, `LW` the last weekday, `15W` the weekday nearest to the 15th. */
function daysOfMonth(text: string): Days | undefined {
  if (text === 'L') return (year, month) => new Set([lengthOf(year, month)]);
  const before = /^L-(\d{1,2})$/.exec(text);
  if (before !== null && Number(before[1]) <= 30) return (year, month) => new Set([lengthOf(year, month) - Number(before[1])].filter((day) => day > 0));
  if (text === 'LW') return (year, month) => new Set([nearestWeekday(year, month, lengthOf(year, month))]);
  const weekday = /^(\d{1,2})W$/.exec(text);
  if (weekday !== null) {
    const day = single(weekday[1]!, DAYS_OF_MONTH);
    return day === undefined ? undefined : (year, month) => new Set(day > lengthOf(year, month) ? [] : [nearestWeekday(year, month, day)]);
  }
  const values = numbers(text, DAYS_OF_MONTH);
  if (values === undefined) return undefined;
  const days = new Set(values);
  return () => days;
}

/** `6L` the last Friday, `L` Saturday, `3#2` the second Tuesday; numbers from 1 = Sunday. */
function daysOfWeek(text: string): Days | undefined {
  if (text === 'L') return weekdays([7]);
  const last = /^([A-Za-z]{3}|\d)L$/.exec(text);
  if (last !== null) return picked(last[1]!, (days) => days.slice(-1));
  const nth = /^([A-Za-z]{3}|\d)#([1-5])$/.exec(text);
  if (nth !== null) return picked(nth[1]!, (days) => days.slice(Number(nth[2]) - 1, Number(nth[2])));
  const values = numbers(text, DAYS_OF_WEEK);
  return values && weekdays(values);
}

function picked(text: string, pick: (days: readonly number[]) => readonly number[]): Days | undefined {
  const weekday = single(text, DAYS_OF_WEEK);
  return weekday === undefined ? undefined : (year, month) => new Set(pick(all(year, month, [weekday])));
}

function weekdays(values: readonly number[]): Days {
  return (year, month) => new Set(all(year, month, values));
}

function all(year: number, month: number, weekdaysWanted: readonly number[]): number[] {
  return Array.from({ length: lengthOf(year, month) }, (_, at) => at + 1).filter((day) => weekdaysWanted.includes(weekdayOf(year, month, day)));
}

/** A Saturday moves to the Friday before, a Sunday to the Monday after, never into another month. */
function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = weekdayOf(year, month, day);
  if (weekday === 7) return day === 1 ? 3 : day - 1;
  if (weekday === 1) return day === lengthOf(year, month) ? day - 2 : day + 1;
  return day;
}

const weekdayOf = (year: number, month: number, day: number): number => new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
const lengthOf = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
const startOfDay = (time: number): number => Math.floor(time / DAY_MS) * DAY_MS;
const yearOf = (time: number): number => new Date(time).getUTCFullYear();
const monthOf = (time: number): number => new Date(time).getUTCMonth() + 1;
const startOfMonth = (time: number): number => Date.UTC(yearOf(time), monthOf(time) - 1, 1);
const nextMonth = (month: number): number => Date.UTC(yearOf(month), monthOf(month), 1);
