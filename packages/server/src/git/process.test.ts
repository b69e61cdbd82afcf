import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const run = promisify(execFile);

/** Takes every file descriptor there is, then asks for git, then gives them back and asks again. */
const PROGRAM = `
  import { closeSync, openSync } from 'node:fs';
  import { runGit } from './process.mjs';
  const taken = [];
  try { for (;;) taken.push(openSync('/dev/null')); } catch {}
  const first = await runGit(['version']).then(() => 'ran', (error) => error.message);
  for (const fd of taken) closeSync(fd);
  const second = String(await runGit(['version']));
  console.log(JSON.stringify([first, second]));
`;

it('a git that cannot be started for want of file descriptors fails its caller, and the process goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-git-process-'));
  try {
    const entry = fileURLToPath(new URL('process.ts', import.meta.url));
    await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: join(folder, 'process.mjs'), logLevel: 'error' });
    await writeFile(join(folder, 'main.mjs'), PROGRAM);
    const { stdout } = await run('/bin/sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, join(folder, 'main.mjs')]);
    expect(JSON.parse(stdout)).toEqual(['git cannot be started: too many open files', expect.stringMatching(/^git version/)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
