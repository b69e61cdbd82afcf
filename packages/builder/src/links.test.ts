import { spawn } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBuild, sourceFolder } from './build.ts';
import type { BuildExit, BuildSpec, CollectedArtifact } from './build.ts';
import { parseBuildspec } from './buildspec/parse.ts';
import { cacheFile, savedCacheFile } from './environment/cache.ts';
import { runnerOf } from './runners/index.ts';
import { writeForAll } from './runners/session.ts';

let root: string;
let folder: string;
/** A folder of the machine that the build knows of and must not reach by our hands. */
let victim: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-links-'));
  folder = join(root, 'build');
  victim = join(root, 'victim');
  await mkdir(join(victim, 'slipway'), { recursive: true, mode: 0o700 });
  for (const file of ['secret', 'run.sh', 'slipway/data']) await writeFile(join(victim, file), 'of the machine', { mode: 0o600 });
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function build(commands: string[], more: string, spec: Partial<BuildSpec> = {}): Promise<{ exit: BuildExit; artifacts: CollectedArtifact[]; log: string[] }> {
  await mkdir(sourceFolder(folder, 'src1/src'), { recursive: true });
  const artifacts: CollectedArtifact[] = [];
  const log: string[] = [];
  const yaml = `version: 0.2\n${more}\nphases:\n  build:\n    commands: ${JSON.stringify(commands)}\n`;
  const exit = await runBuild({ folder, runner: 'sandbox', source: 'src1/src', env: {}, buildspec: parseBuildspec(yaml, { honours: ['cache'] }), ...spec }, {
    log: (_, lines) => void log.push(...lines.map(({ text }) => text)), phaseStarted: () => undefined, phaseEnded: () => undefined, exported: () => undefined, artifact: (artifact) => void artifacts.push(artifact),
  });
  return { exit, artifacts, log };
}

const unavailable = await runnerOf('sandbox').unavailable();

describe.skipIf(unavailable !== undefined)('a link that a build has put in the place of', () => {
  test.each(['$CODEBUILD_SRC_DIR', '/codebuild/output/src1', '/codebuild/output'])('%s gives no files of the machine away as artifacts', async (place) => {
    const target = { $CODEBUILD_SRC_DIR: victim, '/codebuild/output/src1': join(victim, 'x'), '/codebuild/output': join(victim, 'y') }[place] ?? '';
    for (const path of ['x/src', 'y/src1/src']) {
      await mkdir(join(victim, path), { recursive: true });
      await writeFile(join(victim, path, 'secret'), 'of the machine');
    }
    const { artifacts } = await build([`cd /tmp; mv ${place} /codebuild/old; ln -s ${target} ${place}`], 'artifacts:\n  files: ["**/*"]\n');
    expect(artifacts).toEqual([{ identifier: null, error: { statusCode: 'CLIENT_ERROR', message: 'The source directory is gone, or the build has put a link in its place' } }]);
  });

  test('the folder of our tools has nothing of the machine removed', async () => {
    const { exit } = await build([`rm -rf /codebuild/output/tmp; ln -s ${victim} /codebuild/output/tmp`], 'env:\n  git-credential-helper: yes\n', { env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_REGION: 'eu-central-1' } });
    expect(exit.status).toBe('SUCCEEDED');
    expect(await readFile(join(victim, 'slipway/data'), 'utf8')).toBe('of the machine');
  });

  test('the folder of the cache changes nothing on the machine', async () => {
    const cache = { paths: ['kept/*'], restore: false, save: true };
    const { exit } = await build([`mkdir -p kept /codebuild/output/tmp; echo 1 > kept/file; ln -s ${victim} /codebuild/output/tmp/slipway-cache`], 'cache:\n  paths: ["kept/*"]\n', { cache });
    expect(exit.status).toBe('SUCCEEDED');
    expect((await readdir(victim)).toSorted()).toEqual(['run.sh', 'secret', 'slipway']);
    expect((await stat(victim)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(victim, 'run.sh'), 'utf8')).toBe('of the machine');
    await expect(lstat(savedCacheFile(folder))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test.skipIf(unavailable !== undefined)('a cache is packed by one build and unpacked by the next, whatever its paths are called', async () => {
  const paths = ["it's/*", 'a (b)/$HOME'];
  const more = `cache:\n  paths: ${JSON.stringify(paths)}\n`;
  await build([`mkdir -p "it's" "a (b)"; echo 1 > "it's/one"; echo 2 > 'a (b)/$HOME'`], more, { cache: { paths, restore: false, save: true } });
  const archive = await readFile(savedCacheFile(folder));
  await rm(folder, { recursive: true });
  await mkdir(folder, { recursive: true });
  await writeFile(cacheFile(folder), archive);
  const { log } = await build([`cat "it's/one" 'a (b)/$HOME'`, 'ls /codebuild/output/tmp'], more, { cache: { paths, restore: true, save: false } });
  expect(log.filter((line) => !line.startsWith('[Container]'))).toEqual(['1', '2']);
});

test('a file for everybody opens no other one that is linked in its place meanwhile', async () => {
  const [file, secret] = [join(root, 'env'), join(victim, 'secret')];
  const swap = `const fs = require('node:fs'); for (;;) { try { fs.symlinkSync(process.argv[1], process.argv[2] + '.link'); } catch {} try { if (fs.lstatSync(process.argv[2]).isFile()) fs.renameSync(process.argv[2] + '.link', process.argv[2]); } catch {} }`;
  const child = spawn(process.execPath, ['-e', swap, secret, file], { stdio: 'ignore' });
  try {
    let swapped = 0;
    for (let round = 0; round < 20_000 && swapped < 200; round += 1) {
      // The other one came first: then nothing is opened at all.
      await writeForAll(file, '').catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('EEXIST'));
      if ((await lstat(file).catch(() => undefined))?.isSymbolicLink()) swapped += 1;
      await rm(file, { force: true });
    }
    expect(swapped).toBeGreaterThan(0);
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
  } finally {
    child.kill('SIGKILL');
  }
});
