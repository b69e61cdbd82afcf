import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAgent } from './agent.ts';
import type { Agent } from './agent.ts';
import type { AgentConfig } from './config.ts';
import { staticCredentials } from './credentials.ts';
import { ErrorCode } from './diagnostics.ts';
import { revision, tarOf } from './testing/bundle.ts';
import { commandServer } from './testing/command-server.ts';
import type { CommandServer, TestDeployment } from './testing/command-server.ts';

const HOST = 'arn:aws:iam::000000000000:user/host-1';
let folder: string;
let server: CommandServer;
let agent: Agent;

const config = (): AgentConfig => ({
  endpoint: server.endpoint, s3Endpoint: server.endpoint, region: 'us-east-1', hostIdentifier: HOST,
  credentials: staticCredentials({ accessKeyId: 'AKIATEST', secretAccessKey: 'secret' }),
  rootDir: join(folder, 'root'), pathPrefix: join(folder, 'host'),
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-agent-'));
  server = await commandServer(HOST);
  await mkdir(join(folder, 'root'));
  agent = startAgent(config());
});
afterEach(async () => {
  await agent.stop(0);
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const deployment = async (deploymentId: string, appSpec: string, scripts: Record<string, string> = {}, files: Record<string, string> = {}): Promise<TestDeployment> =>
  ({ deploymentId, bundleType: 'tar', bundle: await tarOf(revision(`version: 0.0\nos: linux\n${appSpec}`, scripts, files)) });

const hook = (event: string, script = 'a.sh', rest = ''): string => `hooks:\n  ${event}:\n    - location: ${script}${rest}\n`;
const sh = (body: string): string => `#!/bin/sh\n${body}\n`;

const failing = async (appSpec: string, scripts: Record<string, string> = {}): Promise<{ status: string; diagnostics: unknown }> =>
  server.deploy(await deployment('d-1', appSpec, scripts), ['DownloadBundle', 'BeforeInstall']);

describe('a deployment', () => {
  test('runs every lifecycle event, reports no-ops as such, and installs the files', async () => {
    const site = await deployment('d-1', `files:\n  - source: /\n    destination: /srv/site\n${hook('AfterInstall')}`, { 'a.sh': sh('echo hello') }, { 'index.html': 'page' });
    expect((await server.deploy(site)).status).toBe('Succeeded');
    expect(await readFile(join(folder, 'host/srv/site/index.html'), 'utf8')).toBe('page');
    expect(server.acknowledged).toEqual([
      'ApplicationStop:true', 'DownloadBundle:false', 'BeforeInstall:true', 'Install:false', 'AfterInstall:false', 'ApplicationStart:true', 'ValidateService:true',
    ]);
    const after = server.completions.find((completion) => completion.command === 'AfterInstall');
    expect(after?.diagnostics).toEqual({ error_code: 0, script_name: '', message: 'Succeeded', log: 'LifecycleEvent - AfterInstall\nScript - a.sh\n[stdout]hello\n' });
    expect(await readdir(join(folder, 'root/group-1/d-1'))).toEqual(expect.arrayContaining(['bundle.tar', 'deployment-archive', 'logs']));
  });

  test('signs its requests for codedeploy-commands and the bundle\'s for s3', async () => {
    await server.deploy(await deployment('d-1', ''), ['DownloadBundle']);
    const scopes = server.requests.map(({ what, authorization }) => [what, /Credential=AKIATEST\/\d{8}\/([^,]+)/.exec(authorization)?.[1]]);
    expect(scopes).toContainEqual(['PollHostCommand', 'us-east-1/codedeploy-commands/aws4_request']);
    expect(scopes).toContainEqual(['/bundles/d-1.bundle?versionId=v1', 'us-east-1/s3/aws4_request']);
  });

  test('hooks see AWS\'s variables', async () => {
    await server.deploy(await deployment('d-1', hook('AfterInstall'), { 'a.sh': sh(
      'echo "$LIFECYCLE_EVENT $DEPLOYMENT_ID $APPLICATION_NAME $DEPLOYMENT_GROUP_NAME $DEPLOYMENT_GROUP_ID $BUNDLE_BUCKET $BUNDLE_KEY $BUNDLE_VERSION $SLIPWAY_HOST_ROOT"') }),
    ['DownloadBundle', 'AfterInstall']);
    expect(server.completions.at(-1)?.diagnostics.log).toContain(`AfterInstall d-1 app fleet group-1 bundles d-1.bundle v1 ${join(folder, 'host')}`);
  });

  test('ApplicationStop runs from the last successful revision', async () => {
    const first = await deployment('d-1', hook('ApplicationStop'), { 'a.sh': sh('echo from one') });
    const second = await deployment('d-2', hook('ApplicationStop'), { 'a.sh': sh('echo from two') });
    await server.deploy(first);
    await server.deploy(second, ['ApplicationStop']);
    expect(server.completions.at(-1)?.diagnostics.log).toContain('from one');
  });

  test('keeps five revisions', async () => {
    for (let number = 1; number <= 7; number += 1) await server.deploy(await deployment(`d-${number}`, ''), ['DownloadBundle', 'Install']);
    expect((await readdir(join(folder, 'root/group-1'))).toSorted()).toEqual(['d-3', 'd-4', 'd-5', 'd-6', 'd-7']);
  });

  test('a command that the server has as Succeeded is not run', async () => {
    const run = await deployment('d-1', hook('BeforeInstall'), { 'a.sh': sh(`touch ${join(folder, 'ran')}`) });
    await server.send(run, 'DownloadBundle');
    server.acknowledgeWith = 'Succeeded';
    server.queue(run, 'BeforeInstall');
    await until(() => server.acknowledged.includes('BeforeInstall:false'));
    server.acknowledgeWith = 'InProgress';
    await server.send(run, 'AfterInstall');
    await expect(stat(join(folder, 'ran'))).rejects.toThrow('ENOENT');
  });

  test('a command handed out again is answered with its first result, its scripts not run again', async () => {
    const run = await deployment('d-1', hook('BeforeInstall'), { 'a.sh': sh(`echo x >> ${join(folder, 'ledger')}`) });
    await server.send(run, 'DownloadBundle');
    const id = server.queue(run, 'BeforeInstall');
    await server.completionOf(id);
    server.repeat(id);
    await until(() => server.completions.filter((completion) => completion.command === 'BeforeInstall').length === 2);
    expect(await readFile(join(folder, 'ledger'), 'utf8')).toBe('x\n');
  });

  test('goes on after server errors', async () => {
    server.failing = 2;
    expect((await server.deploy(await deployment('d-1', ''), ['DownloadBundle'])).status).toBe('Succeeded');
  });
});

describe('a lifecycle event fails', () => {
  test('with the script, its exit code and its output when a script fails', async () => {
    const result = await failing(hook('BeforeInstall'), { 'a.sh': sh('echo one; echo two >&2; exit 3') });
    expect(result.status).toBe('Failed');
    expect(result.diagnostics).toEqual({
      error_code: ErrorCode.scriptFailed, script_name: 'a.sh', message: 'Script at specified location: a.sh failed with exit code 3',
      log: expect.stringMatching(/LifecycleEvent - BeforeInstall\nScript - a\.sh\n(?=[^]*\[stdout\]one\n)(?=[^]*\[stderr\]two\n)/),
    });
  });

  test('naming a script that is missing', async () => {
    expect((await failing(hook('BeforeInstall', 'scripts/gone.sh'))).diagnostics).toMatchObject({
      error_code: ErrorCode.scriptMissing, script_name: 'scripts/gone.sh', message: 'Script does not exist at specified location: scripts/gone.sh',
    });
  });

  test('when a script takes longer than its timeout, which ends it with what it started', async () => {
    const result = await failing(hook('BeforeInstall', 'a.sh', '\n      timeout: 1'), { 'a.sh': sh(`sleep 60 & echo $! > ${join(folder, 'pid')}; wait`) });
    expect(result.diagnostics).toMatchObject({ error_code: ErrorCode.scriptTimedOut, message: 'Script at specified location: a.sh failed to complete in 1 seconds' });
    await until(async () => !(await isAlive(Number(await readFile(join(folder, 'pid'), 'utf8')))));
  });

  test('when a daemon keeps the script\'s output open; the daemon lives on', async () => {
    const result = await failing(hook('BeforeInstall', 'a.sh', '\n      timeout: 1'), { 'a.sh': sh(`sleep 60 & echo $! > ${join(folder, 'pid')}`) });
    expect(result.diagnostics).toMatchObject({ error_code: ErrorCode.outputsLeftOpen, message: 'Script at specified location: a.sh failed to close STDOUT' });
    const daemon = Number(await readFile(join(folder, 'pid'), 'utf8'));
    expect(await isAlive(daemon)).toBe(true);
    process.kill(daemon);
  });

  test('naming a runas user that the host does not have', async () => {
    expect((await failing(hook('BeforeInstall', 'a.sh', '\n      runas: no-such-user'), { 'a.sh': sh('') })).diagnostics)
      .toMatchObject({ error_code: ErrorCode.unknownError, script_name: 'a.sh', message: expect.stringContaining('no-such-user, which is not a user of this host') });
  });

  test('naming the place of a mistake in the AppSpec', async () => {
    expect((await failing('hook: {}')).diagnostics).toMatchObject({ error_code: ErrorCode.unknownError, message: expect.stringContaining('appspec.yml:3:1: unknown key "hook"') });
  });

  test('when the bundle is not the one that was deployed', async () => {
    const other = { ...await deployment('d-1', ''), etag: 'abc' };
    expect((await server.send(other, 'DownloadBundle')).diagnostics.message).toMatch(/^Expected deployment artifact bundle etag "?abc"? but was actually [0-9a-f]{32}$/);
  });

  test('when the specification\'s content does not match its signature', async () => {
    server.tamper = (payload) => {
      const der = Buffer.from(payload.replaceAll(/-----.*-----|\s/g, ''), 'base64');
      der.write('d-2', der.indexOf('d-1'));
      return `-----BEGIN PKCS7-----\n${der.toString('base64')}\n-----END PKCS7-----\n`;
    };
    expect((await server.send(await deployment('d-1', ''), 'DownloadBundle')).diagnostics.message).toBe('the deployment specification\'s signature is wrong');
  });

  test('when the command is none that exists', async () => {
    expect((await server.send(await deployment('d-1', ''), 'Reboot')).diagnostics.message).toContain('Unsupported command type: Reboot.');
  });
});

describe('a script', () => {
  test('may leave a daemon behind that closed its outputs', async () => {
    await server.deploy(await deployment('d-1', hook('BeforeInstall'), { 'a.sh': sh(`nohup sleep 60 > /dev/null 2>&1 & echo $! > ${join(folder, 'pid')}`) }), ['DownloadBundle', 'BeforeInstall']);
    expect(server.completions.at(-1)?.status).toBe('Succeeded');
    const daemon = Number(await readFile(join(folder, 'pid'), 'utf8'));
    expect(await isAlive(daemon)).toBe(true);
    process.kill(daemon);
  });

  test('is made executable where the bundle did not say so', async () => {
    const bundle = await tarOf([{ name: 'appspec.yml', content: `version: 0.0\nos: linux\n${hook('BeforeInstall')}` }, { name: 'a.sh', content: sh('echo ran'), mode: 0o644 }]);
    await server.deploy({ deploymentId: 'd-1', bundle, bundleType: 'tar' }, ['DownloadBundle', 'BeforeInstall']);
    expect(server.completions.at(-1)?.diagnostics.log).toContain('[stdout]ran');
  });

  test('without a first line that names an interpreter is run by the shell', async () => {
    await server.deploy(await deployment('d-1', hook('BeforeInstall'), { 'a.sh': 'echo plain\n' }), ['DownloadBundle', 'BeforeInstall']);
    expect(server.completions.at(-1)?.diagnostics.log).toContain('[stdout]plain');
  });

  test.runIf(process.getuid?.() === 0)('runs as the user that the AppSpec names', async () => {
    await chmod(folder, 0o755);
    await server.deploy(await deployment('d-1', hook('BeforeInstall', 'a.sh', '\n      runas: nobody'), { 'a.sh': sh('id -un; echo "$HOME $USER"') }), ['DownloadBundle', 'BeforeInstall']);
    expect(server.completions.at(-1)?.diagnostics.log).toMatch(/\[stdout\]nobody\n\[stdout\]\S+ nobody\n/);
  });

  test('may name the agent\'s own user', async () => {
    await server.deploy(await deployment('d-1', hook('BeforeInstall', 'a.sh', `\n      runas: ${userInfo().username}`), { 'a.sh': sh('echo mine') }), ['DownloadBundle', 'BeforeInstall']);
    expect(server.completions.at(-1)?.diagnostics.log).toContain('[stdout]mine');
  });

  test('writes its whole output to a log on the host, the tail to the server', async () => {
    await server.deploy(await deployment('d-1', hook('BeforeInstall'), { 'a.sh': sh('i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line number $i; done') }), ['DownloadBundle', 'BeforeInstall']);
    const { log } = server.completions.at(-1)?.diagnostics ?? { log: '' };
    expect(log.length).toBeLessThanOrEqual(4096);
    expect(log).toMatch(/^\[stdout\]line number \d+\n[^]*\[stdout\]line number 500\n$/);
    const full = await readFile(join(folder, 'root/group-1/d-1/logs/scripts.log'), 'utf8');
    expect(full.match(/\[stdout\]line number \d+$/gm)).toHaveLength(500);
  });

  test('that runs when the agent is stopped is ended and reported as such', async () => {
    const run = await deployment('d-1', hook('BeforeInstall'), { 'a.sh': sh(`touch ${join(folder, 'started')}; sleep 60`) });
    await server.send(run, 'DownloadBundle');
    const id = server.queue(run, 'BeforeInstall');
    await until(() => stat(join(folder, 'started')).then(() => true, () => false));
    await agent.stop(0);
    expect((await server.completionOf(id)).diagnostics).toMatchObject({ error_code: ErrorCode.failedAfterRestart, script_name: 'a.sh' });
    expect(await readdir(join(folder, 'root/ongoing-deployment'))).toEqual([]);
  });
});

async function isAlive(pid: number): Promise<boolean> {
  try {
    // A zombie is dead, though its number is still taken.
    return !/^\d+ \(.*\) Z/.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
