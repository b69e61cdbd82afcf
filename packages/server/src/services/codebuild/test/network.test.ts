import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { buildsOf, buildspec } from './house.ts';

const engines = await testEngines();
const sandbox = (await sandboxRunner.unavailable()) === undefined;
const places = [
  ...(sandbox ? [{ name: 'a sandbox', image: 'aws/codebuild/standard:7.0', settings: {} }] : []),
  ...engines.map(({ name, socket }) => ({ name: `a container of ${name}`, image: BASH_IMAGE, settings: { SLIPWAY_CONTAINER_SOCKET: socket } })),
];
if (!sandbox) it.skip('what builds in sandboxes reach (bubblewrap does not work here)');
if (engines.length === 0) it.skip('what builds in containers reach (no engine was found; TEST_ENGINES names sockets)');

let neighbour: Server;
beforeAll(async () => {
  for (const engine of engines) await makeTestImages(engine);
  neighbour = createServer((_, response) => response.end('the neighbour')).listen(0, '127.0.0.1');
  await once(neighbour, 'listening');
}, 120_000);
afterAll(() => neighbour.close());

describe.each(places)('A build in $name', ({ image, settings }) => {
  /** What the proxy answers to a build that asks for a neighbour on this machine, by its address and by a name. */
  async function asked(more: Readonly<Record<string, string>>): Promise<string[]> {
    const s = await Slipway.start({ runner: 'auto', settings: { ...settings, ...more } });
    try {
      const house = buildsOf(s);
      const { port } = neighbour.address() as AddressInfo;
      const commands = ['export no_proxy= NO_PROXY=', ...['127.0.0.1', 'localhost'].map((host) => `wget -q -O - http://${host}:${port}/ 2>/dev/null || echo refused`)];
      await house.project('asks', { environment: { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL', image }, source: { type: 'NO_SOURCE', buildspec: buildspec([commands.join('; ')]) } });
      return await house.output(await house.run('asks'));
    } finally {
      await s.stop();
    }
  }

  it('reaches nothing of this machine but the server', async () => {
    expect(await asked({})).toEqual(['refused', 'refused']);
  }, 60_000);

  it('reaches what the operator has opened', async () => {
    expect((await asked({ SLIPWAY_BUILD_NETWORK_ALLOW: 'loopback' })).join('')).toBe('the neighbourthe neighbour');
  }, 60_000);
});
