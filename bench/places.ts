import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Engine } from '../packages/builder/src/runners/container/engine.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../packages/builder/src/runners/testing/engines.ts';

const exec = promisify(execFile);

/** A place that builds run in, and its bare start: the same isolation around a shell that does nothing. */
export interface Place {
  readonly name: string;
  /** How the server is told to use it. */
  readonly settings: Readonly<Record<string, string>>;
  /** The project's image. */
  readonly image: string;
  /** What the bare start is, in the table's words. */
  readonly baseline: string;
  bare(): Promise<unknown>;
  /** Why it is not here. */
  absent(): Promise<string | undefined>;
}

const CURATED = 'aws/codebuild/standard:7.0';
const SHELL = ['-c', ':'] as const;

const bwrap = (): Promise<unknown> => exec('bwrap', ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--unshare-pid', '/bin/sh', ...SHELL]);
const absentBwrap = (): Promise<string | undefined> => bwrap().then(() => undefined, () => 'bubblewrap does not work here');

export const sandbox: Place = { name: 'sandbox', settings: { SLIPWAY_RUNNER: 'sandbox' }, image: CURATED, baseline: 'bwrap … sh -c :', bare: bwrap, absent: absentBwrap };
export const sandboxOnHostNetwork: Place = { ...sandbox, name: 'sandbox.host-network', settings: { SLIPWAY_RUNNER: 'sandbox', SLIPWAY_BUILD_NETWORK: 'host' } };
export const plain: Place = { name: 'plain', settings: { SLIPWAY_RUNNER: 'plain' }, image: CURATED, baseline: 'sh -c :', bare: () => exec('/bin/sh', [...SHELL]), absent: async () => undefined };

const ENGINES = ['Docker', 'Podman'];

/** One for each engine; scripts/with-engines.mjs starts those that are installed, and the image is made from this machine's own programs. */
export async function containers(): Promise<Place[]> {
  const engines = await testEngines();
  return ENGINES.map((name) => {
    const found = engines.find((engine) => engine.name === name);
    const socket = found?.socket ?? '';
    return {
      name: `container.${name.toLowerCase()}`,
      settings: { SLIPWAY_RUNNER: 'container', SLIPWAY_CONTAINER_SOCKET: socket },
      image: BASH_IMAGE,
      baseline: 'a container of the same image that runs sh -c :, made, waited for and removed',
      bare: () => bareContainer(new Engine(socket)),
      absent: async () => (found ? makeTestImages(found).then(() => undefined, (error: Error) => error.message) : `${name} does not run: scripts/with-engines.mjs starts what is installed`),
    };
  });
}

let made = 0;

async function bareContainer(engine: Engine): Promise<void> {
  const id = await engine.create(`slipway-bench-${process.pid}-${made++}`, { Image: BASH_IMAGE, Entrypoint: ['/bin/sh'], Cmd: SHELL, Env: [], WorkingDir: '/', User: '', Labels: {}, HostConfig: { NetworkMode: 'none' } });
  await engine.start(id);
  await engine.wait(id);
  await engine.remove(id);
}
