import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec, phase } from './house.ts';

const PROJECTS = ['busy', 'calm', 'rare'] as const;
const SHARES = { busy: 40, calm: 7, rare: 3 } as const;

describe('Fifty builds at once', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'plain', settings: { SLIPWAY_CONCURRENT_BUILDS: '10' } });
    house = buildsOf(s);
    for (const name of PROJECTS) await house.project(name, { source: { type: 'NO_SOURCE', buildspec: buildspec(['for i in 1 2 3 4 5 6 7 8 9 10; do echo "$CODEBUILD_BUILD_NUMBER $i"; done']) } });
  });
  afterAll(() => s.stop());

  it('all end right, each with its own log, and no project waits behind another one\'s crowd', async () => {
    const ids: string[] = [];
    for (const name of PROJECTS) ids.push(...await Promise.all(Array.from({ length: SHARES[name] }, () => house.start(name))));
    const ended = [];
    for (const id of ids) ended.push(await house.ended(id));
    expect(ended.map(({ buildStatus }) => buildStatus)).toEqual(ids.map(() => 'SUCCEEDED'));
    for (const build of ended) expect(await house.output(build)).toEqual(Array.from({ length: 10 }, (_, index) => `${build.buildNumber} ${index + 1}`));
    const told = s.events.filter(({ detail }) => detail['completed-phase'] === 'QUEUED').map(({ detail }) => String(detail['project-name']));
    const last = (name: string) => told.lastIndexOf(name);
    expect(told).toHaveLength(50);
    expect(last('rare')).toBeLessThan(last('busy') - 10);
    expect(last('calm')).toBeLessThan(last('busy') - 5);
    expect(ended.every((build) => phase(build, 'QUEUED')!.phaseStatus === 'SUCCEEDED')).toBe(true);
  }, 240_000);
});
