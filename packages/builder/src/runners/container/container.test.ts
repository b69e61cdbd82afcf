import { spawnSync } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { outputFolder } from '../layout.ts';
import { readProc } from '../proc.ts';
import { CannotOpen } from '../runner.ts';
import type { ContainerRequest, Session, Workspace, WorkspaceRequest } from '../runner.ts';
import { BUSYBOX_IMAGE, addProgram, fillBusybox, importImage, makeTestImages, testEngines } from '../testing/engines.ts';
import type { TestEngine } from '../testing/engines.ts';
import { forgetImage, pushTo, startRegistry } from '../testing/registry.ts';
import { containerRunner } from './container.ts';
import { Engine } from './engine.ts';
import { ImageUnavailable, provideImage } from './image.ts';
import { LABEL, noteContainer, sweepContainers } from './leftovers.ts';
import { findEngineSocket } from './socket.ts';

const engines = await testEngines();
const DOCKER = ['docker', 'dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc'].map(whereIs);
const DOCKER_IMAGE = 'localhost/slipway-test/docker:latest';

test('looks for the engine where DOCKER_HOST says, and nowhere over a network', () => {
  expect(findEngineSocket({ DOCKER_HOST: 'unix:///somewhere/sock' })).toBe('/somewhere/sock');
  expect(findEngineSocket({ DOCKER_HOST: 'tcp://192.0.2.1:2375', XDG_RUNTIME_DIR: '/nowhere' })).not.toBe('tcp://192.0.2.1:2375');
});

if (engines.length === 0) test.skip('containers (no engine was found; TEST_ENGINES names sockets)');

describe.each(engines)('a container of $name', (engine) => {
  let folder: string;
  let mark: string;
  let workspace: Workspace | undefined;
  let output: string;

  beforeAll(() => makeTestImages(engine), 120_000);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-container-'));
    mark = randomUUID();
    output = '';
    await mkdir(join(outputFolder(folder), 'src'), { recursive: true });
  });

  afterEach(async () => {
    await workspace?.destroy();
    workspace = undefined;
    expect(await new Engine(engine.socket).find({ [LABEL]: mark })).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (container: Partial<ContainerRequest>, more: Partial<WorkspaceRequest> = {}, shell: 'sh' | 'bash' = 'sh'): Promise<Session> => {
    workspace = await containerRunner.prepare({ folder, mark, network: { mode: 'isolated' }, ...more, container: { socket: engine.socket, image: BUSYBOX_IMAGE, ...container } });
    return workspace.open({ shell, cwd: '/codebuild/output/src', env: { ...workspace.environment, TOKEN: 'planted-in-the-environment' }, onOutput: (bytes) => { output += Buffer.from(bytes).toString(); } });
  };

  test('of an image without bash says so when the buildspec asks for it', async () => {
    await expect(open({}, {}, 'bash')).rejects.toThrow(`asks for the shell bash, which the image ${BUSYBOX_IMAGE} does not have`);
  });

  test('of an image without any shell says what an image needs', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'slipway-image-'));
    await mkdir(join(empty, 'etc'));
    await importImage(engine, empty, 'localhost/slipway-test/empty:latest');
    await rm(empty, { recursive: true });
    await expect(open({ image: 'localhost/slipway-test/empty:latest' })).rejects.toThrow(/an image needs \/bin\/sh/);
  });

  test('of an image whose shell ends at once says so, with its status', async () => {
    const silent = await mkdtemp(join(tmpdir(), 'slipway-image-'));
    await addProgram(silent, '/bin/false');
    await rename(join(silent, 'bin/false'), join(silent, 'bin/sh'));
    await importImage(engine, silent, 'localhost/slipway-test/silent:latest');
    await rm(silent, { recursive: true });
    await expect(open({ image: 'localhost/slipway-test/silent:latest' })).rejects.toThrow(/of the image localhost\/slipway-test\/silent:latest ended with status 1 before its first command/);
  });

  test('of an image that the engine has lost since it was provided says so', async () => {
    await expect(open({ imageId: `sha256:${'0'.repeat(64)}` })).rejects.toThrow(/is no longer there/);
  });

  test('of an image that nobody has tells so in the words of the registry', async () => {
    await expect(open({ image: '127.0.0.1:1/nobody/has:this' })).rejects.toBeInstanceOf(CannotOpen);
  });

  test('tells the engine nothing of the environment', async () => {
    const session = await open({});
    await session.run('echo "$TOKEN"');
    expect(output).toBe('planted-in-the-environment\n');
    const [id = ''] = await new Engine(engine.socket).find({ [LABEL]: mark });
    expect(JSON.stringify(await rawInspect(engine, id))).not.toContain('planted-in-the-environment');
  });

  test('is measured by the engine, too, for those who cannot ask the kernel', async () => {
    const session = await open({});
    await session.run("x=$(head -c 30000000 /dev/zero | tr '\\0' x)");
    const [id = ''] = await new Engine(engine.socket).find({ [LABEL]: mark });
    const { cpuMs, memoryBytes } = await new Engine(engine.socket).usage(id);
    expect(cpuMs).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(30_000_000);
  });

  test('says where the machine is smaller than the compute type', async () => {
    await open({}, { limits: { memoryBytes: 2 ** 50, cpus: 4_096 } });
    expect(workspace?.notices).toEqual([expect.stringMatching(/^This machine has \d+ GB of memory, less than the 1048576 GB/), expect.stringMatching(/^This machine has \d+ processors, fewer than the 4096/)]);
  });

  test('reaches nothing but the endpoint when its network is none', async () => {
    const registry = await startRegistry();
    const session = await open({}, { network: { mode: 'none', endpoint: registry.url } });
    await session.run(`wget -q -O - ${registry.url}/v2/; echo; env | grep -ci proxy; wget -q -T 2 -O - http://192.0.2.77/ || echo refused`);
    registry.close();
    expect(output).toMatch(/^\{\}\n0\n[^]*refused\n$/);
  });

  test('is removed by whoever finds its supervisor dead, and ends by itself when nobody does', async () => {
    await open({});
    await noteContainer(folder, { socket: engine.socket, mark });
    await sweepContainers(folder);
    expect(await new Engine(engine.socket).find({ [LABEL]: mark })).toEqual([]);
    await sweepContainers(folder);
  });

  // Podman takes plain HTTP only from registries that its configuration names.
  test.skipIf(engine.name === 'Podman' && process.env['TEST_REGISTRY_PORTS'] === undefined)('takes a private image with the credentials for it, and not without', async () => {
    const auth = { username: 'somebody', password: 'the-password-of-the-registry' };
    const registry = await startRegistry(auth);
    try {
      const image = `${registry.host}/team/private:1`;
      await pushTo(engine, registry, image, BUSYBOX_IMAGE, auth);
      const provide = (more: Partial<Parameters<typeof provideImage>[0]> = {}) => provideImage({ socket: engine.socket, image, pull: 'always', ...more });
      await expect(provide()).rejects.toBeInstanceOf(ImageUnavailable);
      const wrong = await provide({ auth: { ...auth, password: 'wrong-password' } }).catch((error: unknown) => error);
      expect(wrong).toBeInstanceOf(ImageUnavailable);
      expect(String(wrong)).not.toContain('wrong-password');
      const { id } = await provide({ auth });
      // Now that the engine has it, the registry still says who gets it.
      await expect(provide()).rejects.toBeInstanceOf(ImageUnavailable);
      await expect(provide({ kept: true })).resolves.toEqual({ id, notice: expect.stringContaining('does not give the image') });
      expect(await provide({ pull: 'if-missing' })).toEqual({ id });
      const session = await open({ image });
      expect((await session.run('true')).status).toBe(0);
    } finally {
      await workspace?.destroy();
      await forgetImage(engine.socket, `${registry.host}/team/private:1`);
      registry.close();
    }
  });

  test.skipIf(DOCKER.includes(undefined))('builds an image with docker, pushes and runs it, in privileged mode, and leaves nothing of that when it is stopped', async () => {
    const registry = await startRegistry();
    const word = `60.${randomInt(1_000_000, 9_999_999)}`;
    try {
      await makeDockerImage(engine);
      await cp('/bin/busybox', join(outputFolder(folder), 'src', 'busybox'), { dereference: true });
      const session = await open({ image: DOCKER_IMAGE, privileged: true }, { network: { mode: 'isolated', endpoint: registry.url } });
      for (const command of [
        'dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs >/tmp/dockerd.log 2>&1 &',
        'i=0; until docker info >/dev/null 2>&1; do i=$((i+1)); [ $i -lt 100 ] || { cat /tmp/dockerd.log; exit 1; }; sleep 0.2; done',
        'printf \'FROM scratch\\nCOPY busybox /bin/sh\\nCOPY busybox /bin/sleep\\nCOPY busybox /bin/setsid\\nRUN ["/bin/sh", "-c", "echo built > /made"]\\nCMD ["/bin/sh"]\\n\' > Dockerfile',
        `docker build --network=none -t ${registry.host}/team/app:1 .`,
        `docker push ${registry.host}/team/app:1`,
        `docker run --detach --network=none --volume=/kept --cidfile=ran ${registry.host}/team/app:1 /bin/sh -c '(setsid sleep ${word} &); exec sleep ${word}'`,
      ]) {
        const { status } = await session.run(command);
        if (status !== 0) throw new Error(`${command} ended with status ${status}: ${output}`);
      }
      expect(registry.pushed).toContain('team/app:1');
      const inner = readFileSync(join(outputFolder(folder), 'src', 'ran'), 'utf8').trim();
      const running = leftOf(word, inner);
      expect(running.processes).toHaveLength(2);
      expect(running.groups.length).toBeGreaterThan(0);
      const asked = performance.now();
      await workspace!.stop(1_500);
      expect(performance.now() - asked).toBeLessThan(5_000);
      expect(leftOf(word, inner)).toEqual({ processes: [], groups: [] });
    } finally {
      registry.close();
    }
  }, 120_000);
});

/** Of a container in a container: processes that have the word in their arguments, and its control groups. */
function leftOf(word: string, id: string): { processes: string[]; groups: string[] } {
  const processes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && (readProc(`/proc/${pid}/cmdline`) ?? '').split('\0').includes(word) && readProc(`/proc/${pid}/comm`) === 'sleep\n');
  return { processes, groups: spawnSync('find', ['/sys/fs/cgroup', '-name', `*${id}`], { encoding: 'utf8' }).stdout.split('\n').filter((path) => path !== '') };
}

function whereIs(program: string): string | undefined {
  const { stdout } = spawnSync('/bin/sh', ['-c', 'PATH=/usr/bin:/usr/sbin:/bin:/sbin; command -v "$0"', program], { encoding: 'utf8' });
  return stdout.trim() || undefined;
}

async function makeDockerImage(engine: TestEngine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-image-'));
  try {
    await fillBusybox(folder);
    for (const program of DOCKER) await addProgram(folder, program ?? '');
    await importImage(engine, folder, DOCKER_IMAGE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rawInspect(engine: TestEngine, id: string): Promise<unknown> {
  return JSON.parse(await request(engine, 'GET', `/containers/${id}/json`));
}

async function request({ socket }: TestEngine, method: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    send({ socketPath: socket, method, path, agent: false, headers: { host: 'engine', ...headers } }, (response) => { text(response).then(resolve, reject); }).on('error', reject).end();
  });
}
