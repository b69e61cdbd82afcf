import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runBuild, sourceFolder } from '../../build.ts';
import { parseBuildspec } from '../../buildspec/parse.ts';
import type { PhaseContext } from '../../phases/phases.ts';
import { buildProcesses } from '../processes.ts';
import { BUSYBOX_IMAGE, makeTestImages, testEngines } from '../testing/engines.ts';
import { Engine } from './engine.ts';
import { LABEL, sweepContainers } from './leftovers.ts';

const engines = await testEngines();

if (engines.length === 0) test.skip('engines that end under a build (no engine was found; TEST_ENGINES names sockets)');

describe.each(engines)('a build in a container of $name', (engine) => {
  let root: string;
  let socket: string;
  let listening: ReturnType<typeof createServer>;
  const sockets = new Set<Socket>();

  beforeAll(() => makeTestImages(engine), 120_000);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-lost-'));
    socket = join(root, 'engine.sock');
    await listen();
  });

  afterEach(async () => {
    leave();
    await rm(root, { recursive: true, force: true });
  });

  /** The engine's socket, at a place of ours, where it can go. */
  async function listen(): Promise<void> {
    listening = createServer((from) => {
      const to = connect(engine.socket);
      for (const [one, other] of [[from, to], [to, from]] as const) {
        sockets.add(one);
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
        one.pipe(other);
      }
    }).listen(socket);
    await once(listening, 'listening');
  }

  function leave(): void {
    listening.close();
    for (const each of sockets) each.destroy();
    sockets.clear();
  }

  test('fails with that cause when its engine ends, leaves no process, and its container goes when the engine is there again', async () => {
    const folder = join(root, 'build');
    const mark = randomUUID();
    await mkdir(sourceFolder(folder, 'src1/src'), { recursive: true });
    const contexts: PhaseContext[] = [];
    const buildspec = parseBuildspec(`version: 0.2\nphases:\n  build:\n    commands:\n      - "(setsid sleep 60 &); echo begun; sleep 60"\n`);
    const ended = runBuild({ folder, runner: 'container', source: 'src1/src', env: {}, buildspec, network: { mode: 'isolated' }, container: { socket, image: BUSYBOX_IMAGE } }, {
      log: (_, lines) => { if (lines.some(({ text }) => text === 'begun')) leave(); },
      phaseStarted: () => undefined, phaseEnded: (_, __, said) => void contexts.push(...said), exported: () => undefined, artifact: () => undefined,
    }, { mark });
    await expect(ended).rejects.toThrow(`The container engine at ${socket} does not answer`);
    expect(contexts[0]).toMatchObject({ message: expect.stringContaining("The build's container was lost with its engine") });
    expect(buildProcesses(mark)).toEqual([]);
    await expect(access(join(folder, 'state'))).rejects.toThrow('ENOENT');
    await expect(sweepContainers(folder)).rejects.toThrow('does not answer');
    await listen();
    await sweepContainers(folder);
    expect(await new Engine(engine.socket).find({ [LABEL]: mark })).toEqual([]);
  }, 60_000);
});
