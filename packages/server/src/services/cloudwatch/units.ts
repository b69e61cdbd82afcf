import type { StandardUnit } from '@slipway/contracts/cloudwatch';

const UNITS: readonly StandardUnit[] = [
  'Bits', 'Bits/Second', 'Bytes', 'Bytes/Second', 'Count', 'Count/Second', 'Gigabits', 'Gigabits/Second', 'Gigabytes', 'Gigabytes/Second',
  'Kilobits', 'Kilobits/Second', 'Kilobytes', 'Kilobytes/Second', 'Megabits', 'Megabits/Second', 'Megabytes', 'Megabytes/Second',
  'Microseconds', 'Milliseconds', 'None', 'Percent', 'Seconds', 'Terabits', 'Terabits/Second', 'Terabytes', 'Terabytes/Second',
];
const known: ReadonlySet<string> = new Set(UNITS);

export const isUnit = (text: string): text is StandardUnit => known.has(text);
