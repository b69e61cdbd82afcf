import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Meter } from './meter.ts';
import type { UsageInterval } from './meter.ts';
import { together } from './usage.ts';
import type { Usage } from './usage.ts';

const granted = { cpus: 1, memoryBytes: 1_000 };

beforeEach(() => {
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('a meter tells once a minute what was used in it, and at the end the rest', async () => {
  let usage: Usage = {};
  const intervals: UsageInterval[] = [];
  const meter = new Meter({ measure: async () => usage, granted, onInterval: (interval) => intervals.push(interval) });
  usage = { cpuMs: 10, memoryBytes: 100 };
  await vi.advanceTimersByTimeAsync(30_000);
  usage = { cpuMs: 30, memoryBytes: 300 };
  await vi.advanceTimersByTimeAsync(31_000);
  expect(intervals).toEqual([expect.objectContaining({ from: 0, cpuMs: 30, granted })]);
  expect(intervals[0]?.memoryBytes).toMatchObject({ min: 100, max: 300 });
  usage = { cpuMs: 35, memoryBytes: 50 };
  const last = await meter.end(true);
  expect(last).toMatchObject({ from: intervals[0]?.to, to: 61_000, cpuMs: 5 });
  expect(last.memoryBytes?.min).toBe(50);
});

test('a count does not fall when a process takes its own with it, and what is unknown stays absent', async () => {
  let usage: Usage = { cpuMs: 10, storageReadBytes: 5 };
  const meter = new Meter({ measure: async () => usage, granted, onInterval: () => undefined });
  await vi.advanceTimersByTimeAsync(1_000);
  usage = { cpuMs: 4 };
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await meter.end(false)).toEqual({ from: 0, to: 6_000, cpuMs: 10, storageReadBytes: 5, granted });
});

test('a build does not wait for a measure that does not come', async () => {
  const meter = new Meter({ measure: () => new Promise(() => undefined), granted, onInterval: () => undefined });
  await vi.advanceTimersByTimeAsync(1_000);
  const ending = meter.end(true);
  await vi.advanceTimersByTimeAsync(250);
  expect(await ending).toEqual({ from: 0, to: 1_250, granted });
});

test('of two ways to look at a build, counters are as the larger says, memory as the first', () => {
  expect(together({ cpuMs: 5, memoryBytes: 1 }, { cpuMs: 3, memoryBytes: 2, storageReadBytes: 7 })).toEqual({ cpuMs: 5, memoryBytes: 1, storageReadBytes: 7 });
  expect(together({}, { memoryBytes: 2 })).toEqual({ memoryBytes: 2 });
});
