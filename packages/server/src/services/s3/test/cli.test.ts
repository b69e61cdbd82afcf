import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startS3 } from './harness.ts';

const run = promisify(execFile);
const installed = await run('aws', ['--version']).then(() => true, () => false);

describe.skipIf(!installed)('the stock aws CLI', { timeout: 180_000 }, () => {
  let server: Awaited<ReturnType<typeof startS3>>;
  let folder: string;
  beforeAll(async () => {
    server = await startS3();
    folder = await mkdtemp(join(tmpdir(), 'slipway-cli-'));
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  const s3 = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('aws', ['s3', ...args], { cwd: folder, env: { ...process.env, ...server.environment, AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }, maxBuffer: 1 << 24 });
    return stdout;
  };

  it('s3 mb, cp, ls, sync, presign and rb do what they do on AWS', async () => {
    await s3('mb', 's3://from-the-cli');
    const large = randomBytes(20 << 20);
    await writeFile(join(folder, 'large.bin'), large);
    await s3('cp', 'large.bin', 's3://from-the-cli/dir/large.bin', '--no-progress');
    await s3('cp', 's3://from-the-cli/dir/large.bin', 's3://from-the-cli/copy.bin', '--no-progress');
    await s3('cp', 's3://from-the-cli/copy.bin', 'back.bin', '--no-progress');
    expect((await readFile(join(folder, 'back.bin'))).equals(large)).toBe(true);
    expect(await s3('ls', 's3://from-the-cli')).toMatch(/PRE dir\/[\s\S]*20971520 copy\.bin/);

    await mkdir(join(folder, 'site', 'sub dir'), { recursive: true });
    for (const name of ['index.html', 'sub dir/ä+b.txt', 'gone.txt']) await writeFile(join(folder, 'site', name), name);
    await s3('sync', 'site', 's3://from-the-cli/site');
    await rm(join(folder, 'site', 'gone.txt'));
    expect(await s3('sync', 'site', 's3://from-the-cli/site', '--delete')).toContain('delete: s3://from-the-cli/site/gone.txt');
    await s3('sync', 's3://from-the-cli/site', 'again');
    expect(await readFile(join(folder, 'again', 'sub dir', 'ä+b.txt'), 'utf8')).toBe('sub dir/ä+b.txt');

    const url = (await s3('presign', 's3://from-the-cli/site/index.html')).trim();
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([200, 'index.html']);
    expect((await fetch(url.replace('index', 'indax'))).status).toBe(403);

    await expect(s3('rb', 's3://from-the-cli')).rejects.toThrow('BucketNotEmpty');
    await s3('rb', 's3://from-the-cli', '--force');
    expect(await s3('ls')).toBe('');
  });
});
