import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec, phase, phaseNames } from './house.ts';

const concurrentBuilds = 4;

describe('A build, its commands played', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'dummy', settings: { SLIPWAY_CONCURRENT_BUILDS: String(concurrentBuilds) } });
    house = buildsOf(s);
  });
  afterAll(() => s.stop());

  it('passes through all phases, writes its log and tells its end', async () => {
    await house.project('walk', { source: { type: 'NO_SOURCE', buildspec: buildspec(['print hello']) } });
    const build = await house.run('walk');
    expect(build).toMatchObject({ buildStatus: 'SUCCEEDED', buildComplete: true, currentPhase: 'COMPLETED', buildNumber: 1, initiator: 'root' });
    expect(phaseNames(build)).toEqual(['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD', 'UPLOAD_ARTIFACTS', 'FINALIZING', 'COMPLETED']);
    expect(build.logs).toMatchObject({ groupName: '/aws/codebuild/walk', streamName: build.id!.slice('walk:'.length) });
    expect(await house.output(build)).toEqual(['hello']);
    const told = s.events.filter(({ detail }) => String(detail['build-id']).endsWith(build.id!)).map(({ detail }) => detail['completed-phase'] ?? detail['build-status']);
    expect(told).toEqual(['IN_PROGRESS', 'SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD', 'UPLOAD_ARTIFACTS', 'FINALIZING', 'COMPLETED', 'SUCCEEDED']);
  });

  it('StartBuild: a second call with the same token returns the first build', async () => {
    await house.project('token');
    const first = await house.start('token', { idempotencyToken: 'once' });
    expect(await house.start('token', { idempotencyToken: 'once' })).toBe(first);
    await expect(house.start('token', { idempotencyToken: 'once', sourceVersion: 'other' })).rejects.toMatchObject({ name: 'InvalidInputException' });
    await house.ended(first);
  });

  it('StopBuild: ends the running command and the build is STOPPED', async () => {
    await house.project('stop', { source: { type: 'NO_SOURCE', buildspec: buildspec(['print waiting', 'wait']) } });
    const id = await house.start('stop');
    await s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');
    await s.aws.codebuild.stopBuild({ id });
    const build = await house.ended(id);
    expect(build).toMatchObject({ buildStatus: 'STOPPED', buildComplete: true });
    expect(phase(build, 'BUILD')).toMatchObject({ phaseStatus: 'STOPPED' });
  });

  it('times out after its minutes, wherever it is', async () => {
    await house.project('slow', { timeoutInMinutes: 5, source: { type: 'NO_SOURCE', buildspec: buildspec(['wait']) } });
    const id = await house.start('slow');
    await s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');
    await s.clock.advance(5 * 60_000);
    const build = await house.ended(id);
    expect(build.buildStatus).toBe('TIMED_OUT');
    expect(phase(build, 'BUILD')).toMatchObject({ phaseStatus: 'TIMED_OUT', contexts: [{ statusCode: 'BUILD_TIMED_OUT', message: 'Build has timed out. ' }] });
  });

  it('waits in the queue while the limit of builds run, may time out or be stopped there, and starts when one ends', async () => {
    await house.project('crowd', { queuedTimeoutInMinutes: 5, timeoutInMinutes: 60, source: { type: 'NO_SOURCE', buildspec: buildspec(['wait']) } });
    const running = await Promise.all(Array.from({ length: concurrentBuilds }, () => house.start('crowd')));
    for (const id of running) await s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');
    const [late, stopped] = [await house.start('crowd'), await house.start('crowd')];
    await s.settled();
    expect(phase(await house.build(late), 'QUEUED')!.contexts).toEqual([{ statusCode: '', message: `Position 1 of 2 in the queue: ${concurrentBuilds} builds run, the limit of this installation` }]);
    await s.aws.codebuild.stopBuild({ id: stopped });
    expect(phaseNames(await house.ended(stopped))).toEqual(['SUBMITTED', 'QUEUED STOPPED', 'COMPLETED']);
    await s.clock.advance(5 * 60_000);
    expect(phaseNames(await house.ended(late))).toEqual(['SUBMITTED', 'QUEUED TIMED_OUT', 'COMPLETED']);
    const next = await house.start('crowd');
    await s.settled();
    await s.aws.codebuild.stopBuild({ id: running[0]! });
    await s.until(({ detail }) => String(detail['build-id']).endsWith(next) && detail['completed-phase'] === 'QUEUED');
    await Promise.all([...running, next].map(async (id) => {
      await s.aws.codebuild.stopBuild({ id });
      expect((await house.ended(id)).buildStatus).toBe('STOPPED');
    }));
  });
});
