import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { buildsOf, buildspec, phase, phaseNames } from './house.ts';
import { claimOf, leftOf, processes } from './leftovers.ts';

const engines = await testEngines();
const sandbox = (await sandboxRunner.unavailable()) === undefined;
const compute = { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const curated = { ...compute, image: 'aws/codebuild/standard:7.0' };

const places = [
  { name: 'as plain processes', runner: 'plain', socket: undefined, environment: curated },
  ...(sandbox ? [{ name: 'in a sandbox', runner: 'auto', socket: undefined, environment: curated }] as const : []),
  ...engines.map(({ name, socket }) => ({ name: `in a container of ${name}`, runner: 'auto', socket, environment: { ...compute, image: BASH_IMAGE } }) as const),
] as const;
if (!sandbox) it.skip('the end of builds in sandboxes (bubblewrap does not work here)');
if (engines.length === 0) it.skip('the end of builds in containers (no engine was found; TEST_ENGINES names sockets)');

beforeAll(async () => {
  for (const engine of engines) await makeTestImages(engine);
}, 120_000);

/** Everything that does not want to end, though all of it does after a minute. The word stands in the arguments of all. */
function stubborn(word: string): string[] {
  return [
    // A daemon as daemons are made: forked twice, a session of its own, nothing open, nothing in its environment.
    `(setsid env -i /bin/sh -c 'exec >/dev/null 2>&1 </dev/null; (cd /; exec sleep 60.${word}) &' &)`,
    `setsid sh -c "trap '' TERM HUP INT; for i in 1 2 3 4 5 6; do sleep 10; done; : ${word}" >/dev/null 2>&1 &`,
    `(sleep 60.${word} & p=$!; kill -STOP $p)`,
    // Nobody catches it by one look at the list of processes: each lives for a moment.
    `hop='sleep 0.1; [ "$2" -gt 600 ] || sh -c "$1" ${word} "$1" $(($2 + 1)) & exit'; for i in 1 2; do (env -i /bin/sh -c "$hop" ${word} "$hop" 1 >/dev/null 2>&1 &); done`,
    `trap '' TERM; echo begun; for i in 1 2 3 4 5 6; do sleep 10; done; : ${word}`,
  ];
}

const word = (): string => `98${randomInt(1_000_000, 9_999_999)}`;

describe.each(places)('A build $name', ({ runner, socket, environment }) => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner, allowEndpoints: 'loopback', ...(socket === undefined ? {} : { settings: { SLIPWAY_CONTAINER_SOCKET: socket } }) });
    house = buildsOf(s);
  });
  afterAll(() => s.stop());

  async function begun(id: string): Promise<void> {
    await expect.poll(async () => (await house.log(await house.build(id)).catch((): string[] => [])).includes('begun'), { timeout: 30_000 }).toBe(true);
  }

  it('that is stopped has left nothing after five seconds: no process, whatever it did to stay, no mount, group, container or file', async () => {
    const own = word();
    await house.project('stay', { environment, source: { type: 'NO_SOURCE', buildspec: buildspec(stubborn(own)) } });
    const id = await house.start('stay');
    await begun(id);
    const { mark } = claimOf(s.data, id);
    await expect.poll(() => processes(({ command }) => command.includes(own)).length).toBeGreaterThan(2);
    const asked = performance.now();
    await s.aws.codebuild.stopBuild({ id });
    const build = await house.ended(id);
    expect(await leftOf({ data: s.data, id, mark, word: own, socket })).toEqual([]);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(build.buildStatus).toBe('STOPPED');
    expect(phase(build, 'BUILD')).toMatchObject({ phaseStatus: 'STOPPED' });
  }, 90_000);

  it('whose time is over has left nothing after five seconds either', async () => {
    const own = word();
    await house.project('late', { environment, timeoutInMinutes: 5, source: { type: 'NO_SOURCE', buildspec: buildspec(stubborn(own)) } });
    const id = await house.start('late');
    await begun(id);
    const { mark } = claimOf(s.data, id);
    const over = performance.now();
    await s.clock.advance(5 * 60_000);
    const build = await house.ended(id);
    expect(await leftOf({ data: s.data, id, mark, word: own, socket })).toEqual([]);
    expect(performance.now() - over).toBeLessThan(5_000);
    expect(build.buildStatus).toBe('TIMED_OUT');
    expect(phase(build, 'BUILD')).toMatchObject({ phaseStatus: 'TIMED_OUT', contexts: [{ statusCode: 'BUILD_TIMED_OUT' }] });
  }, 90_000);

  it('that ends by itself leaves no daemon behind', async () => {
    const own = word();
    await house.project('daemons', { environment, source: { type: 'NO_SOURCE', buildspec: buildspec(stubborn(own).slice(0, -1)) } });
    const id = await house.start('daemons');
    const build = await house.ended(id);
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(await leftOf({ data: s.data, id, mark: 'no-mark-any-more', word: own, socket })).toEqual([]);
  }, 90_000);
});

describe('A build that waits for others before its commands', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let silent: Server;
  const host = (): string => `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  beforeAll(async () => {
    // Takes every connection and never says a word.
    silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    s = await Slipway.start({ runner: 'auto', allowEndpoints: 'loopback', ...(engines[0] === undefined ? {} : { settings: { SLIPWAY_CONTAINER_SOCKET: engines[0].socket } }) });
    house = buildsOf(s);
  });
  afterAll(async () => {
    await s.stop();
    silent.close();
  });

  const heard = (): Promise<unknown> => once(silent, 'connection');

  it('is stopped while a git server does not answer, and leaves no git', async () => {
    await house.project('clone', { source: { type: 'GITHUB_ENTERPRISE', location: `http://${host()}/team/app.git` } });
    const connected = heard();
    const id = await house.start('clone');
    await connected;
    const asked = performance.now();
    await s.aws.codebuild.stopBuild({ id });
    const build = await house.ended(id);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(build.buildStatus).toBe('STOPPED');
    expect(phase(build, 'DOWNLOAD_SOURCE')).toMatchObject({ phaseStatus: 'STOPPED' });
    expect(processes(({ command }) => command.includes(host()))).toEqual([]);
  }, 60_000);

  it.skipIf(engines.length === 0)('is stopped while a registry does not answer', async () => {
    await house.project('pull', { environment: { ...compute, image: `${host()}/team/image:1` } });
    const connected = heard();
    const id = await house.start('pull');
    await connected;
    const asked = performance.now();
    await s.aws.codebuild.stopBuild({ id });
    const build = await house.ended(id);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(phaseNames(build)).toEqual(['SUBMITTED', 'QUEUED', 'PROVISIONING STOPPED', 'COMPLETED']);
  }, 60_000);
});
