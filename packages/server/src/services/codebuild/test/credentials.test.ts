import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bestRunner } from '@slipway/builder';
import { Slipway } from '@slipway/testkit';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { buildsOf, buildspec, everything } from './house.ts';

const engines = await testEngines();
const { kind } = await bestRunner();
if (kind !== 'sandbox') it.skip("other builds' credentials, in sandboxes (bubblewrap does not work here)");
if (engines.length === 0) it.skip("other builds' credentials, in containers (no engine was found; TEST_ENGINES names sockets)");

describe("A build's credentials", () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  /** Plain processes see it, so that a test can tell a build to go on. */
  let folder: string;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'plain' });
    house = buildsOf(s);
    folder = mkdtempSync(join(tmpdir(), 'slipway-credentials-'));
  });
  afterAll(async () => {
    await s.stop();
    rmSync(folder, { recursive: true });
  });

  const said = async (id: string): Promise<string[]> => house.output(await house.build(id)).catch((): string[] => []);
  const ask = 'curl -s -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"';
  const key = `${ask} | sed 's/.*"AccessKeyId":"\\([^"]*\\)".*/\\1/'`;

  it('are the same as long as they are good for a while, others before they expire, and expire', async () => {
    // The last of the keys leave the build as a file, which is no place where values are masked.
    const kept = join(folder, 'kept.json');
    await house.project('long', { timeoutInMinutes: 480, source: { type: 'NO_SOURCE', buildspec: buildspec([key, key, `until [ -e ${folder}/on ]; do sleep 0.1; done`, key, `${ask} > ${kept}`, `until [ -e ${folder}/end ]; do sleep 0.1; done`]) } });
    const id = await house.start('long');
    await expect.poll(async () => (await said(id)).length, { timeout: 60_000 }).toBe(2);
    await s.clock.advance(45 * 60_000);
    writeFileSync(join(folder, 'on'), '');
    await expect.poll(() => existsSync(kept), { timeout: 60_000 }).toBe(true);
    await expect.poll(async () => (await said(id)).length, { timeout: 60_000 }).toBe(3);
    const [first, again, later] = await said(id);
    expect(first).toMatch(/^ASIA/);
    expect(again).toBe(first);
    expect(later).toMatch(/^ASIA/);
    expect(later).not.toBe(first);
    writeFileSync(join(folder, 'end'), '');
    expect((await house.ended(id)).buildStatus).toBe('SUCCEEDED');
  }, 200_000);

  it('are handed out to nobody once the build is over, and the last ones expire within the hour', async () => {
    const kept = join(folder, 'last.json');
    const token = join(folder, 'token');
    await house.project('short', { source: { type: 'NO_SOURCE', buildspec: buildspec([`${ask} > ${kept}`, `printf %s "$AWS_CONTAINER_AUTHORIZATION_TOKEN" > ${token}`]) } });
    expect((await house.run('short')).buildStatus).toBe('SUCCEEDED');
    const door = `${s.endpoint}/_slipway/build-credentials`;
    for (const authorization of [readFileSync(token, 'utf8'), 'made-up', '']) {
      const answer = await fetch(door, { headers: { authorization } });
      expect([answer.status, await answer.text()]).toEqual([403, expect.not.stringContaining('SecretAccessKey')]);
    }
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration } = JSON.parse(readFileSync(kept, 'utf8')) as Record<'AccessKeyId' | 'SecretAccessKey' | 'Token' | 'Expiration', string>;
    expect(Date.parse(Expiration) - s.clock.now()).toBeLessThanOrEqual(3_600_000);
    const keys = { accessKeyId, secretAccessKey, sessionToken };
    expect((await s.as(keys).sts.getCallerIdentity({})).Arn).toContain(':assumed-role/builder/AWSCodeBuild-');
    await s.clock.advance(3_600_001);
    await expect(s.as(keys).sts.getCallerIdentity({})).rejects.toMatchObject({ name: expect.stringMatching(/^ExpiredToken/) });
  }, 60_000);
});

const compute = { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const places = [
  ...(kind === 'sandbox' ? [{ name: 'a sandbox', socket: undefined, environment: { ...compute, image: 'aws/codebuild/standard:7.0' } }] : []),
  ...engines.map(({ name, socket }) => ({ name: `a container of ${name}`, socket, environment: { ...compute, image: BASH_IMAGE } })),
];

/** Which role's credentials a token opens. */
const roleBehind = (token: string): string => `wget -q -O - --header "Authorization: ${token}" "$AWS_CONTAINER_CREDENTIALS_FULL_URI" 2>/dev/null | sed 's/.*"RoleArn":"\\([^"]*\\)".*/\\1/'`;

describe.each(places)('The credentials of a build in $name', ({ socket, environment }) => {
  let s: Slipway;
  beforeAll(async () => {
    for (const engine of engines) if (engine.socket === socket) await makeTestImages(engine);
    s = await Slipway.start({ runner: 'auto', settings: socket === undefined ? {} : { SLIPWAY_CONTAINER_SOCKET: socket } });
  }, 120_000);
  afterAll(() => s.stop());

  it('are not to be had by a build that runs beside it', async () => {
    const house = buildsOf(s);
    await house.project('secret', { environment, serviceRole: await s.role('secret', 'codebuild.amazonaws.com', everything), source: { type: 'NO_SOURCE', buildspec: buildspec([roleBehind('$AWS_CONTAINER_AUTHORIZATION_TOKEN'), 'sleep 1000']) } });
    const other = await house.start('secret');
    await expect.poll(async () => house.output(await house.build(other)).catch(() => []), { timeout: 60_000 }).toEqual([`arn:aws:iam::${s.account}:role/secret`]);
    await house.project('curious', { environment, source: { type: 'NO_SOURCE', buildspec: buildspec([
      roleBehind('$AWS_CONTAINER_AUTHORIZATION_TOKEN'), `[ -z "$(${roleBehind('guessed')})" ] && echo refused`, `[ -z "$(${roleBehind('')})" ] && echo refused`,
      // Its processes, whose environments hold the token, are not there.
      'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\\\0" "\\\\n" | grep -a "^AWS_CONTAINER_AUTHORIZATION_TOKEN=" | sort -u | wc -l | tr -d " "',
    ]) } });
    expect(await house.output(await house.run('curious'))).toEqual([`arn:aws:iam::${s.account}:role/builder`, 'refused', 'refused', '1']);
    await s.aws.codebuild.stopBuild({ id: other });
    await house.ended(other);
  }, 200_000);
});
