import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { Engine } from '../../../../../builder/src/runners/container/engine.ts';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { uuidOf } from '../builds/build.ts';
import { buildsOf, buildspec, phase } from './house.ts';

const engines = await testEngines();
const sandbox = (await sandboxRunner.unavailable()) === undefined;
const compute = { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const curated = { ...compute, image: 'aws/codebuild/standard:7.0' };

/** Every kind of place that isolates builds here. */
const places = [
  ...(sandbox ? [{ name: 'a sandbox', socket: undefined, environment: curated }] : []),
  ...engines.map(({ name, socket }) => ({ name: `a container of ${name}`, socket, environment: { ...compute, image: BASH_IMAGE } })),
];
if (!sandbox) it.skip('builds in sandboxes (bubblewrap does not work here)');
if (engines.length === 0) it.skip('builds in containers (no engine was found; TEST_ENGINES names sockets)');

beforeAll(async () => {
  for (const engine of engines) await makeTestImages(engine);
}, 120_000);

describe.each(places)('A build in $name', ({ socket, environment }) => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'auto', settings: socket === undefined ? {} : { SLIPWAY_CONTAINER_SOCKET: socket } });
    house = buildsOf(s);
  });
  afterAll(() => s.stop());

  const inline = (commands: readonly string[], more = '') => ({ environment, source: { type: 'NO_SOURCE' as const, buildspec: buildspec(commands, more) } });
  const containers = async (): Promise<string[]> => (socket === undefined ? [] : new Engine(socket).find({}));

  it("lies where AWS has it, is root, gets its role's credentials on a network of its own, and sees nothing of the server", async () => {
    const ask = 'wget -q -O - --header "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI" | grep -c SecretAccessKey';
    await house.project('inside', inline(['id -un', 'echo $HOME', 'pwd', `ls ${s.data} 2>/dev/null || echo hidden`, ask, 'wget -q -T 2 -O - http://169.254.169.254/ 2>/dev/null || echo refused']));
    const build = await house.run('inside');
    expect(await house.output(build)).toEqual(['root', '/root', expect.stringMatching(/^\/codebuild\/output\/src\d+\/src$/), 'hidden', '1', 'refused']);
    expect((await house.log(build))[0]).toMatch(socket === undefined ? /in a sandbox \(bubblewrap\)$/ : new RegExp(`in a container of the image ${BASH_IMAGE}$`));
  });

  it("is over within five seconds of StopBuild, with all that it started, and leaves nothing", async () => {
    const before = await containers();
    await house.project('endless', inline(["(setsid sh -c \"trap '' TERM; while :; do sleep 1; done\" &); trap '' TERM; echo begun; while :; do sleep 1; done"]));
    const id = await house.start('endless');
    await expect.poll(async () => (await house.log(await house.build(id)).catch((): string[] => [])).includes('begun'), { timeout: 20_000 }).toBe(true);
    const { mark } = JSON.parse(readFileSync(join(s.data, 'builds', uuidOf(id), 'claim'), 'utf8')) as { mark: string };
    await s.aws.codebuild.stopBuild({ id });
    const build = await house.ended(id);
    expect(build.buildStatus).toBe('STOPPED');
    expect(processesWith(mark)).toEqual([]);
    expect(await containers()).toEqual(before);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(s.data);
    expect(readdirSync(join(s.data, 'builds'))).toEqual(['.node']);
  }, 60_000);

  it('fails with that cause when its supervisor is killed, and leaves nothing', async () => {
    await house.project('orphan', inline(['(setsid sleep 1000 &); echo begun; sleep 1000']));
    const id = await house.start('orphan');
    await expect.poll(async () => (await house.log(await house.build(id)).catch((): string[] => [])).includes('begun'), { timeout: 20_000 }).toBe(true);
    const { pid, mark } = JSON.parse(readFileSync(join(s.data, 'builds', uuidOf(id), 'claim'), 'utf8')) as { pid: number; mark: string };
    process.kill(pid, 'SIGKILL');
    const build = await house.ended(id);
    expect(build.buildStatus).toBe('FAULT');
    expect(phase(build, 'BUILD')?.contexts?.[0]).toMatchObject({ message: expect.stringContaining('ended without a result') });
    expect(processesWith(mark)).toEqual([]);
    expect(existsSync(`/sys/fs/cgroup/pids/slipway/${mark}`)).toBe(false);
    if (socket !== undefined) expect(await new Engine(socket).find({ 'dev.slipway.build': mark })).toEqual([]);
  }, 60_000);

  // Commands in a container are the image's; the machine's own are there in a sandbox.
  // The endpoint is said for those of before 2023, which do not read AWS_ENDPOINT_URL.
  it.runIf(socket === undefined && existsSync('/usr/bin/aws'))('has the stock aws CLI act as the role', async () => {
    await s.aws.s3.createBucket({ Bucket: 'tools' });
    await house.project('cli', inline(['aws="aws --endpoint-url $AWS_ENDPOINT_URL"', '$aws sts get-caller-identity --query Arn --output text', 'echo hello > file; $aws s3 cp --quiet file s3://tools/file', '$aws s3 cp --quiet s3://tools/file -']));
    const build = await house.run('cli');
    expect(await house.output(build)).toEqual([`arn:aws:sts::${s.account}:assumed-role/builder/AWSCodeBuild-${uuidOf(build.id!)}`, 'hello']);
  }, 60_000);
});

describe('An environment that is not to be had', () => {
  it('fails the build in PROVISIONING, in words: an image without an engine, privileges that are not allowed, an image that nobody has', async () => {
    const [engine] = engines;
    const s = await Slipway.start({ runner: sandbox ? 'sandbox' : 'plain' });
    const house = buildsOf(s);
    await house.project('image', { environment: { ...compute, image: 'alpine:3' } });
    expect(phase(await house.run('image'), 'PROVISIONING')).toMatchObject({ phaseStatus: 'FAILED', contexts: [{ message: expect.stringContaining('The image alpine:3 needs a container engine') }] });
    await s.stop();
    if (engine === undefined) return;
    const other = await Slipway.start({ runner: 'container', settings: { SLIPWAY_CONTAINER_SOCKET: engine.socket } });
    const more = buildsOf(other);
    await more.project('privileged', { environment: { ...compute, image: BASH_IMAGE, privilegedMode: true } });
    expect(phase(await more.run('privileged'), 'PROVISIONING')?.contexts?.[0]?.message).toContain('privilegedMode is not allowed here');
    await more.project('nobody', { environment: { ...compute, image: '127.0.0.1:1/nobody/has:this' } });
    expect(phase(await more.run('nobody'), 'PROVISIONING')?.contexts?.[0]).toMatchObject({ statusCode: 'BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE', message: expect.stringContaining('CannotPullContainerError') });
    await more.project('curated', { environment: curated });
    expect(phase(await more.run('curated'), 'PROVISIONING')?.contexts?.[0]?.message).toContain('--container-image');
    await other.stop();
  }, 60_000);
});

/** The processes of the machine that carry a build's mark. */
function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
    } catch {
      // Gone meanwhile.
      return false;
    }
  });
}
