import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec } from './house.ts';

describe('A build that is tried again', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'dummy' });
    house = buildsOf(s);
  });
  afterAll(() => s.stop());

  const failing = { source: { type: 'NO_SOURCE' as const, buildspec: buildspec(['exit 1']) } };
  const buildsFor = async (projectName: string) => (await s.aws.codebuild.listBuildsForProject({ projectName, sortOrder: 'ASCENDING' })).ids!;

  it('RetryBuild: is the same build anew, once per token', async () => {
    await house.project('again');
    const first = await house.run('again', { environmentVariablesOverride: [{ name: 'X', value: '1' }] });
    const { build } = await s.aws.codebuild.retryBuild({ id: first.arn!, idempotencyToken: 'once' });
    expect(build).toMatchObject({ projectName: 'again', buildNumber: 2, buildStatus: 'IN_PROGRESS', environment: { environmentVariables: [{ name: 'X', value: '1' }] } });
    expect(build!.autoRetryConfig).toBeUndefined();
    expect((await s.aws.codebuild.retryBuild({ id: first.arn!, idempotencyToken: 'once' })).build!.id).toBe(build!.id);
    await expect(s.aws.codebuild.retryBuild({ id: build!.id!, idempotencyToken: 'once' })).rejects.toMatchObject({ name: 'InvalidInputException' });
    expect((await house.ended(build!.id!)).buildStatus).toBe('SUCCEEDED');
  });

  it('RetryBuild: a build that is not there or not over is refused, and so is a caller without the permission', async () => {
    await expect(s.aws.codebuild.retryBuild({ id: 'again:none' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await house.project('busy', { source: { type: 'NO_SOURCE', buildspec: buildspec(['wait']) } });
    const id = await house.start('busy');
    await expect(s.aws.codebuild.retryBuild({ id })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('in progress') });
    await s.aws.codebuild.stopBuild({ id });
    await house.ended(id);
    const user = await s.user('starter', { Action: 'codebuild:StartBuild', Resource: '*' });
    await expect(s.as(user).codebuild.retryBuild({ id })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('is retried automatically up to its limit, each retry knowing its neighbours', async () => {
    await house.project('stubborn', { ...failing, autoRetryLimit: 2 });
    const first = await house.run('stubborn');
    expect(first.autoRetryConfig).toMatchObject({ autoRetryLimit: 2, autoRetryNumber: 0 });
    const all = [first];
    for (let last = first; last.autoRetryConfig!.nextAutoRetry; all.push(last)) last = await house.ended(last.autoRetryConfig!.nextAutoRetry.replace(/^.*:build\//, ''));
    expect(all.map(({ buildStatus, autoRetryConfig }) => [buildStatus, autoRetryConfig!.autoRetryNumber])).toEqual([['FAILED', 0], ['FAILED', 1], ['FAILED', 2]]);
    expect(all.map(({ autoRetryConfig }) => autoRetryConfig!.nextAutoRetry)).toEqual([all[1]!.arn, all[2]!.arn, undefined]);
    expect(all.map(({ autoRetryConfig }) => autoRetryConfig!.previousAutoRetry)).toEqual([undefined, all[0]!.arn, all[1]!.arn]);
    expect(all[1]!.initiator).toBe(first.initiator);
  });

  it('is not retried when it was stopped, when it was told not to, or when its role may not', async () => {
    await house.project('told', { ...failing, autoRetryLimit: 1 });
    await house.run('told', { autoRetryLimitOverride: 0 });
    await house.project('halted', { source: { type: 'NO_SOURCE', buildspec: buildspec(['wait']) }, autoRetryLimit: 1 });
    const id = await house.start('halted');
    await s.aws.codebuild.stopBuild({ id });
    await house.ended(id);
    const mute = await s.role('unable', 'codebuild.amazonaws.com', { Action: 'logs:*', Resource: '*' });
    await house.project('unable', { ...failing, serviceRole: mute, autoRetryLimit: 1 });
    await house.run('unable');
    for (const name of ['told', 'halted', 'unable']) expect(await buildsFor(name)).toHaveLength(1);
    await expect(house.project('many', { autoRetryLimit: 101 })).rejects.toMatchObject({ name: 'InvalidInputException' });
  });
});
