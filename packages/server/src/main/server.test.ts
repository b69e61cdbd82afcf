import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';

const run = promisify(execFile);

describe('A running server', () => {
  let s: Slipway;
  beforeAll(async () => {
    s = await Slipway.start();
  });
  afterAll(() => s.stop());

  it('answers the SDK over awsJson, awsQuery and restXml', async () => {
    expect((await s.aws.codebuild.listProjects({})).projects).toEqual([]);
    expect((await s.aws.iam.listUsers({})).Users).toEqual([]);
    expect((await s.aws.s3.listBuckets({})).Buckets ?? []).toEqual([]);
  });

  it('answers the stock aws CLI', async () => {
    const aws = async (...args: string[]) => JSON.parse((await run('aws', [...args, '--output', 'json'], { env: { ...process.env, ...s.cliEnvironment() } })).stdout || '{}') as Record<string, unknown>;
    expect(await aws('sts', 'get-caller-identity')).toEqual({ UserId: s.account, Account: s.account, Arn: `arn:aws:iam::${s.account}:root` });
    expect(await aws('codebuild', 'list-projects')).toEqual({ projects: [] });
    expect(await aws('s3api', 'list-buckets')).toMatchObject({ Buckets: [] });
  });

  it('names an operation that is not implemented', async () => {
    await expect(s.aws.codebuild.listFleets({})).rejects.toMatchObject({ name: 'NotImplemented', message: 'ListFleets of codebuild is not implemented by Slipway yet.' });
  });

  it('refuses a key it does not know', async () => {
    const stranger = s.as({ accessKeyId: 'AKIAUNKNOWNKEY000000', secretAccessKey: 'x'.repeat(40) });
    await expect(stranger.codebuild.listProjects({})).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });

  it('refuses a user without permission, in the words of AWS', async () => {
    const user = await s.user('nobody');
    await expect(s.as(user).codebuild.listProjects({})).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:iam::${s.account}:user/nobody is not authorized to perform: codebuild:ListProjects on resource: * because no identity-based policy allows the codebuild:ListProjects action`,
    });
  });

  it('answers an unsigned GET / and its health, and nothing else without a signature', async () => {
    expect((await fetch(`${s.endpoint}/`)).status).toBe(200);
    expect((await fetch(`${s.endpoint}/_slipway/health`)).status).toBe(200);
    expect((await fetch(`${s.endpoint}/bucket/key`)).status).toBe(403);
  });
});
