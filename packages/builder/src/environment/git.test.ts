import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBuild } from '../build.ts';
import type { BuildSpec } from '../build.ts';
import { parseBuildspec } from '../buildspec/parse.ts';
import { runnerOf } from '../runners/index.ts';
import { quote } from '../runners/session.ts';
import { credentialsOf } from './credentials.ts';

let folder: string;
let server: Server;
let endpoint: string;
const asked: { url: string; authorization: string | undefined }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-git-'));
  asked.length = 0;
  server = createServer(({ url = '', headers: { authorization } }, response) => {
    asked.push({ url, authorization });
    if (url === '/credentials') return void response.end(JSON.stringify({ AccessKeyId: 'ASIAROLE', SecretAccessKey: 'secret', Token: 'session' }));
    // Git asks its helper when it is turned away, and gives up when that did not help.
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function build(runner: 'plain' | 'sandbox', commands: string[], more: Partial<BuildSpec> = {}): Promise<{ output: string[]; log: string[] }> {
  const lines: string[] = [];
  const yaml = `version: 0.2\nenv:\n  git-credential-helper: yes\nphases:\n  build:\n    commands: ${JSON.stringify(commands)}\n`;
  const env = { AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'eu-central-1', AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/credentials`, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'build-token', GIT_TERMINAL_PROMPT: '0' };
  const sink = { log: (_: number, batch: readonly { text: string }[]) => void lines.push(...batch.map(({ text }) => text)), phaseStarted: () => undefined, phaseEnded: () => undefined, exported: () => undefined, artifact: () => undefined };
  await runBuild({ folder, runner, source: 'src1/src', buildspec: parseBuildspec(yaml), env, ...more }, sink);
  return { output: lines.filter((line) => !line.startsWith('[Container]')), log: lines };
}

test('credentials are asked of the server alone, whatever address the variables of the build name', async () => {
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/credentials` };
  await expect(credentialsOf(env, { url: 'http://127.0.0.1:1/credentials' })).rejects.toThrow('are handed out by http://127.0.0.1:1');
  expect(asked).toEqual([]);
  expect(await credentialsOf({}, { url: `${endpoint}/credentials` })).toEqual({ accessKeyId: 'ASIAROLE', secretAccessKey: 'secret', sessionToken: 'session' });
});

const password = (authorization: string | undefined): string => Buffer.from(authorization?.replace('Basic ', '') ?? '', 'base64').toString();

for (const runner of ['plain', 'sandbox'] as const) {
  const absent = await runnerOf(runner).unavailable();
  describe.skipIf(absent !== undefined)(`git-credential-helper: yes in the ${runner} runner`, () => {
    test.each(['/v1/repos/site', 'https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/site'])('signs for %s as the role of the build', async (url) => {
      await build(runner, [`git clone ${quote(url.startsWith('/') ? endpoint + url : url)} clone || echo refused`]);
      expect(asked.find(({ url: path }) => path === '/credentials')?.authorization).toBe('build-token');
      const signed = asked.map(({ authorization }) => password(authorization)).find((text) => text.startsWith('ASIAROLE%session:'));
      expect(signed).toMatch(/^ASIAROLE%session:\d{8}T\d{6}Z[0-9a-f]{64}$/);
    });

    test('signs for nobody else', async () => {
      const { log } = await build(runner, ['printf "protocol=https\\nhost=example.com\\npath=v1/repos/x\\n\\n" | timeout 2 "${CODEBUILD_SRC_DIR%/src1/src}/tmp/slipway/git-credential" get || echo nothing']);
      expect(log).toContain('nothing');
      expect(log.join('\n')).toContain('"example.com" is not a host of repositories');
    });

    test('writes nothing where the build has put links', async () => {
      const { output } = await build(runner, [
        'cd "${CODEBUILD_SRC_DIR%/src1/src}/tmp/slipway" && mkdir elsewhere && mv answered held && ln -s elsewhere answered && ln -s /etc/passwd asked/1',
        `printf "host=%s\\npath=v1/repos/x\\n\\n" ${quote(new URL(endpoint).host)} | timeout 2 ./git-credential get || echo unanswered`,
        'ls elsewhere | wc -l | tr -d " "',
      ]);
      expect(output).toEqual(['unanswered', '0']);
    });
  });
}

test('git-credential-helper without an endpoint says what it needs', async () => {
  const { log } = await build('plain', ['echo never'], { env: {} });
  expect(log.join('\n')).toContain('git-credential-helper needs AWS_ENDPOINT_URL and AWS_REGION');
  expect(log).not.toContain('never');
});

test("git's settings of the build's own come first", async () => {
  await promisify(execFile)('git', ['--version']);
  const { output } = await build('plain', ['git config --get user.name', 'echo $GIT_CONFIG_COUNT'], { env: { AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'eu-central-1', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.name', GIT_CONFIG_VALUE_0: 'Build' } });
  expect(output).toEqual(['Build', '5']);
});
