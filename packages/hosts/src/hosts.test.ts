import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { commandServer, revision, tarOf } from '@slipway/agent/testing';
import type { CommandServer, TestDeployment } from '@slipway/agent/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { detectBestHost, netns, plain } from './index.ts';
import type { Host, HostKind } from './index.ts';
import { loadRecord } from './record.ts';
import { withEnvironment } from './processes.ts';

let programs: string;
let folder: string;
let servers: CommandServer[];
let hosts: Host[];

beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'slipway-hosts-agent-'));
  const agent = dirname(fileURLToPath(import.meta.resolve('@slipway/agent')));
  await build({ entryPoints: [join(agent, 'main.ts')], outfile: join(programs, 'agent.js'), bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'error' });
});
afterAll(() => rm(programs, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-hosts-'));
  [servers, hosts] = [[], []];
});
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.destroy()));
  await Promise.all(servers.map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

async function create(kind: HostKind, name: string): Promise<{ host: Host; server: CommandServer }> {
  const hostIdentifier = `arn:aws:iam::000000000000:user/${name}`;
  const server = await commandServer(hostIdentifier);
  servers.push(server);
  const host = await kind.create({
    name, folder: join(folder, name), agentPath: join(programs, 'agent.js'), endpoint: server.endpoint, region: 'us-east-1',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' }, hostIdentifier, hide: [join(folder, 'hidden')],
  });
  hosts.push(host);
  return { host, server };
}

const APP_SPEC = `version: 0.0
os: linux
files:
  - source: index.html
    destination: /var/www/site
hooks:
  ApplicationStart:
    - location: start.sh
      timeout: 60
`;

const START = `#!/bin/sh
set -e
cd "$SLIPWAY_HOST_ROOT/var/www/site"
setsid nohup node -e '
  const fs = require("node:fs");
  require("node:http").createServer((request, response) => response.end(fs.readFileSync("index.html", "utf8") + process.env.SLIPWAY_HOST_NAME))
    .listen(Number(process.env.SLIPWAY_HOST_PORT), process.env.SLIPWAY_HOST_ADDRESS, () => fs.writeFileSync("up", ""));
' > /dev/null 2>&1 < /dev/null &
while [ ! -e up ]; do sleep 0.05; done
`;

const site = async (page: string): Promise<TestDeployment> =>
  ({ deploymentId: 'd-1', bundleType: 'tar', bundle: await tarOf(revision(APP_SPEC, { 'start.sh': START }, { 'index.html': page })) });

const page = async (host: Host): Promise<string> => (await fetch(host.address, { signal: AbortSignal.timeout(2000) })).text();
const processesOf = async (host: Host): Promise<readonly number[]> => withEnvironment(`SLIPWAY_HOST_ID=${(await loadRecord(host.folder))?.id}`);

/** What every kind of host promises. */
function describeHost(kind: HostKind): void {
  describe(`a ${kind.name} host`, () => {
    test('serves what was deployed to it, beside another host', async () => {
      const [one, two] = await Promise.all([create(kind, 'one'), create(kind, 'two')]);
      const results = await Promise.all([one.server.deploy(await site('first ')), two.server.deploy(await site('second '))]);
      expect(results.map((result) => result.diagnostics.message)).toEqual(['Succeeded', 'Succeeded']);
      expect(await Promise.all([page(one.host), page(two.host)])).toEqual(['first one', 'second two']);
      expect(one.host.address).not.toBe(two.host.address);
      expect(await readFile(one.host.pathOf('/var/www/site/index.html'), 'utf8')).toBe('first ');
      await expect(stat('/var/www/site/index.html')).rejects.toThrow('ENOENT');
    });

    test('destroy ends its daemons and removes its folder', async () => {
      const { host, server } = await create(kind, 'one');
      await server.deploy(await site(''));
      const id = (await loadRecord(host.folder))?.id;
      expect((await processesOf(host)).length).toBeGreaterThan(2);
      await host.destroy();
      expect(await withEnvironment(`SLIPWAY_HOST_ID=${id}`)).toEqual([]);
      // Whoever answers there now, where anyone does, is not the host.
      expect(await page(host).catch(() => '')).not.toContain('one');
      await expect(stat(host.folder)).rejects.toThrow('ENOENT');
    });

    test('starts its agent again when that is killed', async () => {
      const { host, server } = await create(kind, 'one');
      await server.send(await site(''), 'DownloadBundle');
      const polls = (): number => server.requests.filter(({ what }) => what === 'PollHostCommand').length;
      const before = polls();
      for (const pid of await processesOf(host)) {
        const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
        if (words[1]?.endsWith('agent.js')) process.kill(pid, 'SIGKILL');
      }
      // A command handed to the poll of the dead one would be lost with it.
      while (polls() === before) await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await server.send(await site(''), 'Install')).status).toBe('Succeeded');
    });

    test('is found by its folder and replaced by a new one of the same folder', async () => {
      const first = await create(kind, 'one');
      const found = await kind.open(first.host.folder);
      expect(found?.address).toBe(first.host.address);
      const id = (await loadRecord(first.host.folder))?.id;
      const second = await create(kind, 'one');
      expect(await withEnvironment(`SLIPWAY_HOST_ID=${id}`)).toEqual([]);
      await second.host.destroy();
      expect(await kind.open(second.host.folder)).toBeUndefined();
    });

    test('does not know the environment of the process that made it', async () => {
      process.env['SLIPWAY_TEST_SECRET'] = 'secret';
      try {
        const { host, server } = await create(kind, 'one');
        await server.send(await site(''), 'DownloadBundle');
        for (const pid of await processesOf(host)) expect(await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')).not.toContain('SLIPWAY_TEST_SECRET');
      } finally {
        delete process.env['SLIPWAY_TEST_SECRET'];
      }
    });

    test('a name that is no host name is refused', async () => {
      await expect(create(kind, '../x')).rejects.toThrow('lower-case letters');
    });
  });
}

describeHost(plain);

const why = await netns.unavailable();
describe.skipIf(why !== undefined)(`with namespaces${why === undefined ? '' : ` (${why})`}`, () => {
  describeHost(netns);

  test('a netns host does not see hidden folders', async () => {
    await mkdir(join(folder, 'hidden'));
    await writeFile(join(folder, 'hidden/key'), 'secret');
    const { server } = await create(netns, 'one');
    const bundle = await tarOf(revision('version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a.sh\n', { 'a.sh': `#!/bin/sh\nls -A ${join(folder, 'hidden')} | wc -l\nhostname\n` }));
    const result = await server.deploy({ deploymentId: 'd-1', bundle, bundleType: 'tar' }, ['DownloadBundle', 'AfterInstall']);
    expect(result.diagnostics.log).toContain('[stdout]0\n[stdout]one\n');
  });

  test('detectBestHost prefers netns', async () => {
    expect((await detectBestHost()).kind).toBe(netns);
  });

  test('a netns host refuses a server beyond the loopback', async () => {
    await expect(netns.create({
      name: 'one', folder: join(folder, 'one'), agentPath: join(programs, 'agent.js'), endpoint: 'https://slipway.example', region: 'us-east-1',
      credentials: { accessKeyId: 'A', secretAccessKey: 'B' }, hostIdentifier: 'x',
    })).rejects.toThrow('loopback only, not https://slipway.example');
  });
});
