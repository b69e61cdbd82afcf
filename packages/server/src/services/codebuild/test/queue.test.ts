import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec, phase } from './house.ts';

const waiting = { source: { type: 'NO_SOURCE' as const, buildspec: buildspec(['wait']) } };

describe('Builds beyond what may run at once', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeEach(async () => {
    s = await Slipway.start({ runner: 'dummy', settings: { SLIPWAY_CONCURRENT_BUILDS: '2' } });
    house = buildsOf(s);
  });
  afterEach(() => s.stop());

  const running = (id: string) => s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');
  const queued = async (id: string) => phase(await house.build(id), 'QUEUED')?.contexts?.[0]?.message;

  it('start in a fair order across projects, and say where they stand', async () => {
    for (const name of ['greedy', 'modest']) await house.project(name, waiting);
    const greedy: string[] = [];
    for (let n = 0; n < 4; n += 1) greedy.push(await house.start('greedy'));
    for (const id of greedy.slice(0, 2)) await running(id);
    const modest = await house.start('modest');
    await s.settled();
    expect(await queued(modest)).toBe('Position 1 of 3 in the queue: 2 builds run, the limit of this installation');
    expect(await queued(greedy[3]!)).toMatch(/^Position 3 of 3 /);
    await s.aws.codebuild.stopBuild({ id: greedy[0]! });
    await running(modest);
    await s.settled();
    expect((await house.build(greedy[2]!)).currentPhase).toBe('QUEUED');
  });

  it("wait for their own project's limit, which holds no other project back, and go on when it is lifted", async () => {
    await house.project('one', { ...waiting, concurrentBuildLimit: 1 });
    await house.project('other', waiting);
    expect((await s.aws.codebuild.batchGetProjects({ names: ['one'] })).projects![0]!.concurrentBuildLimit).toBe(1);
    const [first, second] = [await house.start('one'), await house.start('one')];
    await running(first);
    await s.settled();
    expect(await queued(second)).toBe("Position 1 of 1 in the queue: 1 of the project's builds run, its concurrentBuildLimit");
    await running(await house.start('other'));
    await s.aws.codebuild.updateProject({ name: 'one', concurrentBuildLimit: -1 });
    expect((await s.aws.codebuild.batchGetProjects({ names: ['one'] })).projects![0]!.concurrentBuildLimit).toBeUndefined();
    await s.aws.codebuild.stopBuild({ id: first });
    await running(second);
  });

  it.each([['raises it', (name: string) => s.aws.codebuild.updateProject({ name, concurrentBuildLimit: 2 })], ['takes it away', (name: string) => s.aws.codebuild.updateProject({ name, concurrentBuildLimit: -1 })], ['deletes the project', (name: string) => s.aws.codebuild.deleteProject({ name })]] as const)("begin at once when somebody who %s leaves their project's limit behind", async (_how, change) => {
    await house.project('narrow', { ...waiting, concurrentBuildLimit: 1 });
    const [first, second] = [await house.start('narrow'), await house.start('narrow')];
    await running(first);
    await s.settled();
    expect((await house.build(second)).currentPhase).toBe('QUEUED');
    await change('narrow');
    await running(second);
    expect((await house.build(first)).buildStatus).toBe('IN_PROGRESS');
  });

  it('CreateProject: a limit beyond that of the account is refused', async () => {
    await expect(house.project('wide', { concurrentBuildLimit: 3 })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('between 1 and 2') });
  });

  it('StartBuild: a queue of five times what may run is full', async () => {
    await house.project('flood', waiting);
    for (let n = 0; n < 12; n += 1) await house.start('flood');
    await expect(house.start('flood')).rejects.toMatchObject({ name: 'AccountLimitExceededException', message: 'Cannot have more than 10 builds in queue for the account' });
  });
});
