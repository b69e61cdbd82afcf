import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { uuidOf } from '../builds/build.ts';
import { buildsOf, buildspec } from './house.ts';

describe("A build's log in S3", () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'plain' });
    house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'logs' });
  });
  afterAll(() => s.stop());

  const s3Logs = { status: 'ENABLED' as const, location: 'logs/of/builds' };
  const stored = async (id: string) => gunzipSync(await house.object('logs', `of/builds/${uuidOf(id)}.gz`)).toString().replace(/\n$/, '').split('\n');

  it('has the same lines as the one in CloudWatch', async () => {
    await house.project('both', { source: { type: 'NO_SOURCE', buildspec: buildspec(['seq 1 2000', 'printf end']) }, logsConfig: { s3Logs } });
    const build = await house.run('both');
    expect(build.logs).toMatchObject({ s3LogsArn: `arn:aws:s3:::logs/of/builds/${uuidOf(build.id!)}.gz`, s3Logs });
    expect(await stored(build.id!)).toEqual(await house.log(build));
  });

  it('is complete where there is none in CloudWatch, also of a build that fails before its commands', async () => {
    await house.project('alone', { source: { type: 'NO_SOURCE', buildspec: buildspec(['echo said']) }, logsConfig: { cloudWatchLogs: { status: 'DISABLED' }, s3Logs } });
    const build = await house.run('alone');
    const lines = await stored(build.id!);
    expect(lines).toContain('said');
    expect(lines.at(-2)).toMatch(/Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED$/);
    expect(build.logs!.groupName).toBeUndefined();
    const broken = await house.run('alone', { buildspecOverride: 'version: 0.2\nphases: [' });
    expect((await stored(broken.id!)).at(-1)).toMatch(/YAML_FILE_ERROR/);
  });

  it('is lost when the role may not write it, and the build is not', async () => {
    const mute = await s.role('mute', 'codebuild.amazonaws.com', { Action: 'logs:*', Resource: '*' });
    await house.project('unable', { serviceRole: mute, logsConfig: { s3Logs } });
    const build = await house.run('unable');
    expect(build.buildStatus).toBe('SUCCEEDED');
    await expect(stored(build.id!)).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('CreateProject: needs a place, and no access for the bucket\'s owner alone', async () => {
    await expect(house.project('no', { logsConfig: { s3Logs: { status: 'ENABLED' } } })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('location') });
    await expect(house.project('no', { logsConfig: { s3Logs: { ...s3Logs, bucketOwnerAccess: 'READ_ONLY' } } })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('READ_ONLY') });
  });
});
