import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ErrorCode } from './diagnostics.ts';
import { revision, tarOf } from './testing/bundle.ts';
import { commandServer } from './testing/command-server.ts';
import type { CommandServer, TestDeployment } from './testing/command-server.ts';

const HOST = 'arn:aws:iam::000000000000:user/host-1';
let programs: string;
let folder: string;
let server: CommandServer;
let agents: ChildProcess[];

beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'slipway-agent-program-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'main.ts')], outfile: join(programs, 'agent.js'),
    bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'error',
  });
});
afterAll(() => rm(programs, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-restart-'));
  server = await commandServer(HOST);
  agents = [];
  await mkdir(join(folder, 'root'));
  await writeFile(join(folder, 'credentials.json'), JSON.stringify({ accessKeyId: 'AKIATEST', secretAccessKey: 'secret' }));
  await writeFile(join(folder, 'agent.json'), JSON.stringify({
    endpoint: server.endpoint, region: 'us-east-1', hostIdentifier: HOST, credentialsFile: join(folder, 'credentials.json'), rootDir: join(folder, 'root'),
  }));
});
afterEach(async () => {
  for (const agent of agents) agent.kill('SIGKILL');
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function start(): ChildProcess {
  const agent = spawn(process.execPath, [join(programs, 'agent.js'), '--config', join(folder, 'agent.json')], { stdio: 'ignore' });
  agents.push(agent);
  return agent;
}

const ended = (agent: ChildProcess): Promise<number | null> => new Promise((resolve) => {
  agent.once('exit', resolve);
});

const deployment = async (script: string): Promise<TestDeployment> => ({
  deploymentId: 'd-1', bundleType: 'tar',
  bundle: await tarOf(revision('version: 0.0\nos: linux\nhooks:\n  BeforeInstall:\n    - location: a.sh\n', { 'a.sh': `#!/bin/sh\n${script}\n` })),
});

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
};

async function isTracked(command: string): Promise<boolean> {
  const ongoing = join(folder, 'root/ongoing-deployment');
  const records = (await readdir(ongoing)).filter((name) => name.endsWith('.json')).map((name) => readFile(join(ongoing, name), 'utf8').catch(() => ''));
  return (await Promise.all(records)).some((text) => text.includes(command));
}

describe('the bundled agent', () => {
  test('killed while a script runs, reports that command as failed after its restart and never runs the script again', async () => {
    const first = start();
    const run = await deployment(`echo x >> ${join(folder, 'ledger')}; sleep 2`);
    await server.send(run, 'DownloadBundle');
    const id = server.queue(run, 'BeforeInstall');
    await until(() => stat(join(folder, 'ledger')).then(() => true, () => false));
    first.kill('SIGKILL');
    await ended(first);
    start();
    expect(await server.completionOf(id)).toMatchObject({ status: 'Failed', diagnostics: { error_code: ErrorCode.failedAfterRestart } });
    expect(await readFile(join(folder, 'ledger'), 'utf8')).toBe('x\n');
  });

  test('killed before a command began, takes it up again', async () => {
    const first = start();
    const run = await deployment(`echo x >> ${join(folder, 'ledger')}`);
    await server.send(run, 'DownloadBundle');
    server.failing = 1000;
    const id = server.queue(run, 'BeforeInstall');
    await until(() => isTracked('BeforeInstall'));
    first.kill('SIGKILL');
    await ended(first);
    server.failing = 0;
    start();
    expect((await server.completionOf(id)).status).toBe('Succeeded');
    expect(await readFile(join(folder, 'ledger'), 'utf8')).toBe('x\n');
  });

  test('lets the running script finish on SIGTERM, reports it and exits with 0', async () => {
    const agent = start();
    const run = await deployment(`touch ${join(folder, 'ledger')}; sleep 0.5; echo done`);
    await server.send(run, 'DownloadBundle');
    const id = server.queue(run, 'BeforeInstall');
    await until(() => stat(join(folder, 'ledger')).then(() => true, () => false));
    agent.kill('SIGTERM');
    expect(await ended(agent)).toBe(0);
    expect((await server.completionOf(id)).diagnostics.log).toContain('[stdout]done');
  });

  test('refuses a configuration that it does not understand', async () => {
    await writeFile(join(folder, 'agent.json'), JSON.stringify({ endpoint: 'http://x', regoin: 'us-east-1' }));
    const agent = spawn(process.execPath, [join(programs, 'agent.js'), '--config', join(folder, 'agent.json')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let message = '';
    agent.stderr.on('data', (chunk: Buffer) => (message += chunk.toString()));
    expect(await ended(agent)).toBe(1);
    expect(message).toContain('unknown key "regoin"');
  });

  test('runs with the files of AWS\'s agent', async () => {
    await writeFile(join(folder, 'agent.json'), [
      '---', `:deploy_control_endpoint: ${server.endpoint}`, `:on_premises_config_file: ${join(folder, 'premises.yml')}`, `:root_dir: ${join(folder, 'root')}`, ':verbose: false', '',
    ].join('\n'));
    await writeFile(join(folder, 'premises.yml'), `---\nregion: us-east-1\niam_user_arn: ${HOST}\naws_access_key_id: AKIATEST\naws_secret_access_key: secret\n`);
    start();
    expect((await server.send(await deployment('true'), 'DownloadBundle')).status).toBe('Succeeded');
  });
});
