import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runBuild } from '../build.ts';
import { parseBuildspec } from '../buildspec/parse.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-runtimes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(path: string, says: string): Promise<void> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${says}'\n`);
  await chmod(file, 0o755);
}

/** A build on a machine whose PATH finds only what the test made, and the shell's own programs. */
async function build(runtimes: string, commands: string[], env: Record<string, string> = {}): Promise<string[]> {
  const lines: string[] = [];
  const yaml = `version: 0.2\nphases:\n  install:\n    runtime-versions: ${runtimes}\n    commands: ${JSON.stringify(commands)}\n`;
  const given = { PATH: `${join(folder, 'path')}:/usr/bin:/bin`, N_PREFIX: folder, PYENV_ROOT: join(folder, 'pyenv'), HOME: folder, ...env };
  await runBuild({ folder: join(folder, 'build'), runner: 'plain', source: 'src1/src', buildspec: parseBuildspec(yaml), env: given }, {
    log: (_, batch) => void lines.push(...batch.map(({ text }) => text)), phaseStarted: () => undefined, phaseEnded: () => undefined, exported: () => undefined, artifact: () => undefined,
  });
  return lines.map((line) => line.replace(/^\[Container\] \S+ \S+ /, ''));
}

test('runtime-versions: the newest version that matches, of those side by side, is first on the PATH', async () => {
  await program('path/node', 'v18.1.0');
  await program('n/versions/node/22.2.0/bin/node', 'v22.2.0');
  await program('n/versions/node/22.11.0/bin/node', 'v22.11.0');
  await program('n/versions/node/22.11.0/bin/npm', 'npm of 22.11');
  const lines = await build('{ nodejs: 22 }', ['node --version', 'npm --version']);
  expect(lines).toContain("Selecting 'nodejs' runtime version '22.11.0' for '22'");
  expect(lines).toContain('v22.11.0');
  expect(lines).toContain('npm of 22.11');
});

test('runtime-versions: variables are expanded, and several runtimes chosen', async () => {
  await program('path/node', 'v18.1.0');
  await program('pyenv/versions/3.99.1/bin/python3', 'Python 3.99.1');
  const lines = await build('{ nodejs: "$NODE.x", python: "3.99" }', ['python3 --version; node --version'], { NODE: '18' });
  expect(lines).toContain('Python 3.99.1');
  expect(lines).toContain('v18.1.0');
});

test('runtime-versions: a version that is missing lists those that are there, and nothing runs', async () => {
  await program('path/node', 'v18.1.0');
  await program('n/versions/node/22.2.0/bin/node', 'v22.2.0');
  const lines = await build('{ nodejs: 19 }', ['echo never']);
  expect(lines.find((line) => line.includes('YAML_FILE_ERROR'))).toMatch(/Unknown runtime version named '19' of nodejs\. This build environment has the following versions: 18\.1\.0, 22\.2\.0/);
  expect(lines).not.toContain('never');
});

test('runtime-versions: Java by its major version', async () => {
  await program('path/java', 'openjdk version "99.0.9" 2099-10-17');
  expect(await build('{ java: corretto99 }', ['java -version'])).toContain('openjdk version "99.0.9" 2099-10-17');
});
