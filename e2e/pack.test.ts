import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRequest } from '@slipway/sigv4';
import { cleanEnvironment, runToEnd, serve } from '@slipway/testkit';

const root = resolve(import.meta.dirname, '..');
const minutes = 60_000;

describe('The packed package', () => {
  let folder: string;
  let tarball: string;
  let files: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-pack-'));
    const packed = await runToEnd('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: join(root, 'packages/slipway'), env: cleanEnvironment() });
    expect(packed.code, packed.stderr).toBe(0);
    const [about] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[];
    tarball = join(folder, about!.filename);
    files = about!.files.map(({ path }) => path);
    await mkdir(join(folder, 'empty'));
    const installed = await runToEnd('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: join(folder, 'empty'), env: cleanEnvironment() });
    expect(installed.code, installed.stderr).toBe(0);
  }, 3 * minutes);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('holds the programs, the contracts, the examples, the licences and nothing else', () => {
    const roots = [...new Set(files.map((path) => path.split('/')[0]))].toSorted();
    expect(roots).toEqual(['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES.txt', 'bin', 'dist', 'examples', 'gen', 'package.json']);
    expect(files.filter((path) => path.startsWith('dist/')).toSorted()).toEqual(['dist/agent.js', 'dist/slipway.js', 'dist/supervisor.js']);
    expect(files.filter((path) => path.startsWith('gen/') && !path.endsWith('.json'))).toEqual([]);
  });

  it('names in its manifest no package that the registry does not have', async () => {
    const manifest = JSON.parse(await readFile(join(folder, 'empty/node_modules/slipway/package.json'), 'utf8')) as Record<string, Record<string, string> | undefined>;
    expect(Object.keys({ ...manifest['dependencies'], ...manifest['optionalDependencies'] }).toSorted()).toEqual(['@photostructure/sqlite', 'pg']);
  });

  it('starts by npx in a folder that was empty, without install scripts, answers a signed call and ends cleanly on SIGTERM', async () => {
    const credentials = { accessKeyId: 'AKIAROOTOFTHEPACKAGE', secretAccessKey: 'a-secret-that-only-this-test-knows-012345' };
    const env = cleanEnvironment({ SLIPWAY_ROOT_ACCESS_KEY_ID: credentials.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey });
    const bin = join(folder, 'empty/node_modules/.bin/slipway');
    const shown = await runToEnd('npx', ['slipway', 'start', '--help'], { cwd: join(folder, 'empty'), env });
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('--port NUMBER') });

    const server = await serve(bin, ['start', '--port', '0', '--data', join(folder, 'data')], { cwd: join(folder, 'empty'), env });
    expect(server.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const body = 'Action=GetCallerIdentity&Version=2011-06-15';
    const headers = signRequest({ method: 'POST', url: `${server.endpoint}/`, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body, service: 'sts', region: 'us-east-1', credentials, now: Date.now() });
    const answer = await fetch(server.endpoint, { method: 'POST', headers, body });
    expect(await answer.text()).toContain('<Arn>arn:aws:iam::000000000000:root</Arn>');
    expect(answer.status).toBe(200);
    expect(await server.stop()).toBe(0);
  }, minutes);

  it('runs the demo to its end from a folder that was empty', async () => {
    const demo = await runToEnd(join(folder, 'empty/node_modules/.bin/slipway'), ['demo', '--once', '--port', '0'], { cwd: join(folder, 'empty'), env: cleanEnvironment(), timeout: 4 * minutes });
    expect(demo.code, demo.stdout + demo.stderr).toBe(0);
    expect(demo.stdout.match(/From push to live in/g)).toHaveLength(2);
  }, 5 * minutes);
});
