import { execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Engine } from '../container/engine.ts';
import { imageReference } from '../container/reference.ts';
import { findEngineSocket } from '../container/socket.ts';

const run = promisify(execFile);

/** A container engine that tests may use. */
export interface TestEngine {
  readonly name: string;
  readonly socket: string;
}

/** Those of TEST_ENGINES (sockets, separated by colons), else the machine's own. */
export async function testEngines(): Promise<TestEngine[]> {
  const listed = process.env['TEST_ENGINES'];
  const own = findEngineSocket();
  const sockets = listed === undefined ? (own === undefined ? [] : [own]) : listed.split(':').filter((path) => path !== '');
  const found: TestEngine[] = [];
  for (const socket of sockets) {
    try {
      found.push({ name: (await new Engine(socket).ping()).name, socket });
    } catch (error) {
      // A socket that was asked for must work; one that merely lies about may have nobody behind it.
      if (listed !== undefined) throw error;
    }
  }
  return found;
}

export const BUSYBOX_IMAGE = 'localhost/slipway-test/busybox:latest';
export const BASH_IMAGE = 'localhost/slipway-test/bash:latest';

/** Makes the images that tests use from this machine's busybox (statically linked) and bash. */
export async function makeTestImages(engine: TestEngine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-image-'));
  try {
    await fillBusybox(folder);
    await importImage(engine, folder, BUSYBOX_IMAGE);
    await addProgram(folder, '/bin/bash');
    await importImage(engine, folder, BASH_IMAGE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A small system of busybox alone, with a user besides root. */
export async function fillBusybox(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const name of ['bin', 'etc', 'root', 'tmp', 'home/builder', 'mnt', 'var']) await mkdir(join(folder, name), { recursive: true });
  await chmod(join(folder, 'tmp'), 0o1777);
  await cp('/bin/busybox', join(folder, 'bin', 'busybox'), { dereference: true });
  const { stdout } = await run('/bin/busybox', ['--list']);
  for (const name of stdout.split('\n').filter((line) => line !== '' && line !== 'busybox')) await symlink('busybox', join(folder, 'bin', name));
  await writeFile(join(folder, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\nbuilder:x:1000:1000:builder:/home/builder:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n');
  await writeFile(join(folder, 'etc', 'group'), 'root:x:0:\nbuilder:x:1000:\nnogroup:x:65534:\n');
}

/** A program of this machine with the libraries that it is linked to, if any. */
export const addProgram = (folder: string, program: string): Promise<void> => addPrograms(folder, [program]);

/** Programs of this machine with the libraries that they, and the `others` that are there already, are linked to. */
export async function addPrograms(folder: string, programs: readonly string[], others: readonly string[] = []): Promise<void> {
  // ldd fails where one is static, and tells of the others all the same.
  const listed = await run('ldd', [...programs, ...others], { maxBuffer: 16_000_000 }).then(({ stdout }) => stdout, (error: { stdout?: string }) => error.stdout ?? '');
  const libraries = listed.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  for (const path of new Set([...programs, ...libraries])) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await cp(path, join(folder, path), { dereference: true, force: true });
  }
}

/** The folder as an image. */
export async function importImage({ socket }: TestEngine, folder: string, image: string): Promise<void> {
  const { repository: repo = image, tag = 'latest' } = imageReference(image) ?? {};
  const tar = spawn('tar', ['-C', folder, '--owner=0', '--group=0', '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise<string>((resolve, reject) => {
    const sent = request({ socketPath: socket, method: 'POST', path: `/images/create?${new URLSearchParams({ fromSrc: '-', repo, tag })}`, headers: { host: 'engine', 'content-type': 'application/x-tar' } }, (response) => {
      text(response).then(resolve, reject);
    });
    sent.on('error', reject);
    tar.stdout.pipe(sent);
  });
  if (said.includes('"error"')) throw new Error(`The image ${image} could not be made: ${said}`);
}
