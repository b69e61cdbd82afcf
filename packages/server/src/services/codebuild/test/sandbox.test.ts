import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bestRunner } from '@slipway/builder';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec, phase } from './house.ts';

const { kind } = await bestRunner();

describe.runIf(kind === 'sandbox')('A build in the sandbox', () => {
  let s: Slipway;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'auto' });
  });
  afterAll(() => s.stop());

  it('is root, lies where AWS has it, reaches the endpoint as its role, and sees nothing of the server', async () => {
    const house = buildsOf(s);
    const commands = ['id -un', 'echo $HOME', 'pwd', `ls ${s.data} 2>/dev/null || echo hidden`, 'curl -sf -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI" >/dev/null && echo reached'];
    await house.project('inside', { source: { type: 'NO_SOURCE', buildspec: buildspec(commands) } });
    const build = await house.run('inside');
    expect(await house.output(build)).toEqual(['root', '/root', expect.stringMatching(/^\/codebuild\/output\/src\d+\/src$/), 'hidden', 'reached']);
    expect((await house.log(build))[0]).toContain('in a sandbox (bubblewrap)');
  });
});

describe.runIf(kind !== 'sandbox')('A build where there is no sandbox', () => {
  it('fails in PROVISIONING and names the way out', async () => {
    const s = await Slipway.start({ runner: 'auto' });
    const house = buildsOf(s);
    await house.project('nowhere');
    expect(phase(await house.run('nowhere'), 'PROVISIONING')!.contexts![0]!.message).toContain('--runner plain');
    await s.stop();
  });
});
