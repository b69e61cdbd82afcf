import { execFileSync } from 'node:child_process';
import { request } from 'node:https';
import { connect } from 'node:net';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanEnvironment, runToEnd, serve, slipwayProgram, type ServerProcess } from '@slipway/testkit';
import { awsClient, element } from './aws-client.ts';

function printedKey(server: ServerProcess): { accessKeyId: string; secretAccessKey: string } | undefined {
  const found = /^Root access key, shown this once: (\S+) \/ (\S+)$/m.exec(server.printed.join('\n'));
  return found ? { accessKeyId: found[1]!, secretAccessKey: found[2]! } : undefined;
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('slipway start', () => {
  let folder: string;
  let data: string;
  const servers: ServerProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-start-'));
    data = join(folder, 'data');
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const command = (args: string[]): string[] => [slipwayProgram, 'start', '--port', '0', '--data', data, ...args];

  async function start(args: string[] = []): Promise<ServerProcess> {
    const server = await serve(process.execPath, command(args), { env: cleanEnvironment() });
    servers.push(server);
    return server;
  }

  it('at the first start prints a root key, once, and after a restart key and data are still there', async () => {
    const first = await start();
    const key = printedKey(first)!;
    const before = awsClient({ endpoint: first.endpoint, region: 'us-east-1', ...key });
    await before.json('codecommit', 'CodeCommit_20150413', 'CreateRepository', { repositoryName: 'kept' });
    expect(await first.stop()).toBe(0);

    const second = await start();
    expect(printedKey(second)).toBeUndefined();
    const after = awsClient({ endpoint: second.endpoint, region: 'us-east-1', ...key });
    expect(element(await after.query('sts', '2011-06-15', 'GetCallerIdentity', {}), 'Arn')).toBe('arn:aws:iam::000000000000:root');
    expect(await after.json('codecommit', 'CodeCommit_20150413', 'ListRepositories', {})).toMatchObject({ repositories: [{ repositoryName: 'kept' }] });
  });

  it('refuses a data folder that another server uses, and leaves that one alone', async () => {
    const first = await start();
    const second = await runToEnd(process.execPath, command([]), { env: cleanEnvironment() });
    expect(second).toEqual({ code: 2, stdout: '', stderr: `slipway start: another Slipway server is using the data folder ${data}. Stop it, or choose another folder with --data\n` });
    expect((await fetch(`${first.endpoint}/_slipway/health`)).status).toBe(200);
  });

  it('takes over a data folder whose server was killed', async () => {
    const first = await start();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = await start();
    expect((await fetch(`${second.endpoint}/_slipway/health`)).status).toBe(200);
  });

  it('refuses an address that is taken, in one line', async () => {
    const { port } = new URL((await start()).endpoint);
    const second = await runToEnd(process.execPath, [slipwayProgram, 'start', '--port', port, '--data', join(folder, 'other')], { env: cleanEnvironment() });
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(new RegExp(`^slipway start: cannot listen on 127\\.0\\.0\\.1 port ${port}: .*EADDRINUSE.*\n$`));
  });

  it('refuses a certificate that it cannot read, by the name of its file', async () => {
    const { code, stderr } = await runToEnd(process.execPath, command(['--tls-cert', '/nowhere/cert.pem', '--tls-key', '/nowhere/key.pem']), { env: cleanEnvironment() });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^slipway start: cannot read \/nowhere\/cert\.pem: .*\n$/);
  });

  it('keeps folders 0700 and files that hold secrets 0600, whatever the umask', async () => {
    const server = await serve('sh', ['-c', 'umask 0; exec "$0" "$@"', process.execPath, ...command([])], { env: cleanEnvironment() });
    servers.push(server);
    expect(modeOf(data)).toBe('700');
    for (const entry of await readdir(data, { withFileTypes: true })) expect([entry.name, modeOf(join(data, entry.name))]).toEqual([entry.name, entry.isDirectory() ? '700' : '600']);
    for (const name of await readdir(join(data, 'keys'))) expect([name, modeOf(join(data, 'keys', name))]).toEqual([name, '600']);
    expect(modeOf(join(data, 'run', 'server.json'))).toBe('600');
  });

  it('answers https with the given certificate, to node and to the stock aws CLI', async () => {
    const cert = join(folder, 'cert.pem');
    const key = join(folder, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
    const server = await start(['--tls-cert', cert, '--tls-key', key]);
    expect(server.endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);

    const status = await new Promise((resolve, reject) => {
      const asked = request(`${server.endpoint}/_slipway/health`, { ca: readFileSync(cert) }, (response) => resolve(response.resume().statusCode));
      asked.on('error', reject).end();
    });
    expect(status).toBe(200);

    const { accessKeyId, secretAccessKey } = printedKey(server)!;
    const env = cleanEnvironment({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_DEFAULT_REGION: 'us-east-1', AWS_ENDPOINT_URL: server.endpoint, AWS_PAGER: '' });
    const identity = await runToEnd('aws', ['sts', 'get-caller-identity', '--ca-bundle', cert, '--query', 'Arn', '--output', 'text'], { env });
    expect(identity).toMatchObject({ code: 0, stdout: 'arn:aws:iam::000000000000:root\n' });
    const repository = await runToEnd('aws', ['codecommit', 'create-repository', '--repository-name', 'r', '--ca-bundle', cert, '--query', 'repositoryMetadata.cloneUrlHttp', '--output', 'text'], { env });
    expect(repository.stdout).toBe(`${server.endpoint}/v1/repos/r\n`);
  });

  it('SIGTERM: exits 0 without waiting for connections that are kept open or halfway through a request', async () => {
    const server = await start();
    const { port } = new URL(server.endpoint);
    const idle = connect(Number(port), '127.0.0.1');
    const halfway = connect(Number(port), '127.0.0.1');
    for (const socket of [idle, halfway]) socket.on('error', () => {});
    idle.write('GET /_slipway/health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    halfway.write('PUT /bucket/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome');
    await once(idle, 'data');
    const asked = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(3000);
  });
});
