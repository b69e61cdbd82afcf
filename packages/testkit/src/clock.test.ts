import { expect, it } from 'vitest';
import { FakeClock } from './clock.ts';

it('FakeClock: fires timers in the order of their times, each at its own time', async () => {
  const clock = new FakeClock(0);
  const fired: string[] = [];
  for (const at of [30, 10, 20, 41]) clock.at(at, () => fired.push(`${at} at ${clock.now()}`));
  await clock.advance(40);
  expect([fired, clock.now()]).toEqual([['10 at 10', '20 at 20', '30 at 30'], 40]);
});

it('FakeClock: a timer set by what a timer set off fires within the same advance', async () => {
  const clock = new FakeClock(0);
  const fired: number[] = [];
  const again = (): void => {
    fired.push(clock.now());
    setImmediate(() => clock.at(clock.now() + 10, again));
  };
  clock.at(10, again);
  await clock.advance(35);
  expect(fired).toEqual([10, 20, 30]);
});

it('FakeClock: a cancelled timer never fires, and a past one fires without an advance', async () => {
  const clock = new FakeClock(100);
  const fired: string[] = [];
  clock.at(150, () => fired.push('cancelled'))();
  await new Promise<void>((resolve) => void clock.at(50, resolve));
  await clock.advance(100);
  expect(fired).toEqual([]);
});
