import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bestRunner } from '@slipway/builder';
import { Slipway, cleanEnvironment, runToEnd, slipwayProgram, type Ended } from '@slipway/testkit';
import { UsageError } from '../usage.ts';
import { runOptions } from './options.ts';

const { kind } = await bestRunner();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-run-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (yaml: string, name = 'buildspec.yml'): Promise<void> => writeFile(join(folder, name), yaml);
const builds = (commands: string[], more = ''): string => `version: 0.2\n${more}phases:\n  build:\n    commands: ${JSON.stringify(commands)}\n`;
const run = (args: string[], variables: Record<string, string> = {}): Promise<Ended> => runToEnd(process.execPath, [slipwayProgram, 'run', '--runner', kind, ...args], { env: cleanEnvironment(variables) });
/** Counts in a folder that the cache keeps. */
const cached = (key: string, last = 'true', paths = 'deps/**/*') => write(`${builds(['cat deps/count 2>/dev/null || echo none', 'mkdir -p deps && echo x >> deps/count', last])}cache:\n  key: ${key}\n  fallback-keys: [k-]\n  paths: [${paths}]\n`);
const output = ({ stdout }: Ended): string[] => stdout.trimEnd().split('\n').filter((line) => !line.startsWith('[Container]'));

describe('slipway run', () => {
  it('runs a copy of the folder: the build changes nothing of it', async () => {
    await write(builds(['rm -f keep.txt buildspec.yml', 'echo new > new.txt', 'echo done']));
    await writeFile(join(folder, 'keep.txt'), 'kept');
    const ended = await run([folder]);
    expect([ended.code, output(ended)]).toEqual([0, ['done']]);
    expect((await readdir(folder)).toSorted()).toEqual(['buildspec.yml', 'keep.txt']);
  });

  it('takes another buildspec, from the folder or from elsewhere, and variables', async () => {
    await mkdir(join(folder, 'app/ci'), { recursive: true });
    await write(builds(['echo inside $A $B']), 'app/ci/inside.yml');
    await write(builds(['echo outside $A $B']), 'outside.yml');
    expect(output(await run(['--buildspec', 'ci/inside.yml', '--env', 'A=1=2', '--env', 'B', join(folder, 'app')], { B: 'from here' }))).toEqual(['inside 1=2 from here']);
    expect(output(await run(['--buildspec', join(folder, 'outside.yml'), join(folder, 'app')]))).toEqual(['outside']);
  });

  it('knows the commit of a folder that lies in a repository, and of no other', async () => {
    const git = (...args: string[]): string => execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@a', ...args], { encoding: 'utf8' }).trim();
    for (const name of ['app', 'loose']) {
      await mkdir(join(folder, name));
      await write(builds(['echo "commit $CODEBUILD_RESOLVED_SOURCE_VERSION"']), `${name}/buildspec.yml`);
    }
    git('init', '-q');
    git('add', 'app');
    git('commit', '-qm', 'app');
    expect(output(await run([join(folder, 'app')]))).toEqual([`commit ${git('rev-parse', 'HEAD')}`]);
    expect(output(await run([join(folder, 'loose')]))).toEqual(['commit ']);
  });

  it('leaves nothing behind, and replaces the artifacts of an earlier run', async () => {
    await write(`${builds(['cat earlier 2>/dev/null || true', 'date +%s%N > made', 'chmod 400 made'])}artifacts:\n  files: [made]\n`);
    const out = join(folder, 'out');
    expect((await run(['--artifacts', out, folder])).code).toBe(0);
    const first = await readFile(join(out, 'made'), 'utf8');
    expect((await run(['--artifacts', out, folder])).code).toBe(0);
    expect(await readFile(join(out, 'made'), 'utf8')).not.toBe(first);
    expect((await readdir(folder)).toSorted()).toEqual(['buildspec.yml', 'out']);
  });

  it('fails when an artifact does', async () => {
    await write(`${builds(['true'])}artifacts:\n  files: [absent]\n`);
    const { code, stdout } = await run(['--artifacts', join(folder, 'out'), folder]);
    expect(code).toBe(1);
    expect(stdout).toContain('Phase complete: UPLOAD_ARTIFACTS State: FAILED');
    expect(stdout).toContain('no matching artifact paths found');
  });

  it('says what it needs for parameters and secrets', async () => {
    await write(builds(['echo never'], 'env:\n  parameter-store:\n    P: /p\n'));
    expect(await run([folder])).toMatchObject({ code: 2, stderr: expect.stringContaining('takes P from the parameter store or the secrets manager: set AWS_ENDPOINT_URL') });
  });

  it('takes parameters and secrets from a server, and masks them', async () => {
    const s = await Slipway.start();
    try {
      await s.aws.ssm.putParameter({ Name: '/site/token', Value: 'parameter-value', Type: 'SecureString' });
      await s.aws.secretsManager.createSecret({ Name: 'site/db', SecretString: JSON.stringify({ user: 'u', password: 'secret-value' }) });
      await write(builds(['echo $P $S', 'echo ${#P} ${#S}'], 'env:\n  parameter-store:\n    P: /site/token\n  secrets-manager:\n    S: site/db:password\n'));
      const variables = s.cliEnvironment();
      expect(output(await run([folder], variables))).toEqual(['*** ***', '15 12']);
      await write(builds(['echo never'], 'env:\n  secrets-manager:\n    S: site/db:absent\n'));
      const { code, stdout } = await run([folder], variables);
      expect(code).toBe(1);
      expect(stdout).toContain('CLIENT_ERROR Message: The secret site/db has no key absent');
    } finally {
      await s.stop();
    }
  });

  it('takes values from here instead of a server, masks them, and exports none of them', async () => {
    await write(builds(['echo $P $S $T', 'echo ${#P} ${#S} ${#T}', 'V=$P'], 'env:\n  parameter-store:\n    P: /p\n  secrets-manager:\n    S: site/db:password\n  exported-variables: [V, T]\n'));
    const ended = await run(['--env', 'P=value-of-p', '--secret', 'S', '--secret', 'T=value-of-t', folder], { S: 'value-of-s' });
    expect(output(ended)).toEqual(['*** *** ***', '10 10 10']);
    expect(ended.stdout).toMatch(/Exported variable V="\*\*\*"\n/);
    expect(ended.stdout).not.toMatch(/value-of|Exported variable T/);
  });

  it('shows what was exported, and writes it where it is asked to', async () => {
    await write(builds(['V="1.0 \\"x\\""', 'export W=$(printf "a\\nb")'], 'env:\n  exported-variables: [V, W, NONE]\n'));
    const file = join(folder, 'exported.json');
    const { stdout, code } = await run(['--exported', file, folder]);
    expect([code, ...stdout.split('\n').flatMap((line) => /\] \S+ \S+ (Exported .*)/.exec(line)?.[1] ?? [])]).toEqual([0, 'Exported variable V="1.0 \\"x\\""', 'Exported variable W="a\\nb"', 'Exported variable NONE=""']);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ V: '1.0 "x"', W: 'a\nb', NONE: '' });
  });

  it('keeps a cache from one run to the next, by its key and its fallback keys, and only of builds that succeed', async () => {
    const cache = join(folder, 'cache');
    const again = async () => output(await run(['--cache', cache, folder]));
    await writeFile(join(folder, 'lock'), '1');
    await cached('k-$(codebuild-hash-files lock)', 'false');
    expect(await again()).toEqual(['none']);
    await cached('k-$(codebuild-hash-files lock)');
    expect(await again()).toEqual(['none']);
    expect(await again()).toEqual(['x']);
    expect(await again()).toEqual(['x']);
    await writeFile(join(folder, 'lock'), '2');
    expect(await again()).toEqual(['x']);
    expect(await again()).toEqual(['x', 'x']);
    await cached('k-$(codebuild-hash-files lock)', 'true', 'deps');
    expect(await again()).toEqual(['none']);
    expect((await run([folder])).stdout).toContain('neither restored nor saved: --cache names a folder');
  }, 60_000);

  it.runIf(kind === 'sandbox')('gives the build a network of its own, with the endpoint in it, or this machine\'s', async () => {
    const server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      await write(builds([`node -e 'fetch("${url}").then((r) => r.text()).then(console.log, () => console.log("nothing"))'`]));
      expect(output(await run([folder]))).toEqual(['nothing']);
      expect(output(await run(['--network', 'host', folder]))).toEqual(['here']);
      expect(output(await run(['--network', 'none', folder], { AWS_ENDPOINT_URL: url }))).toEqual(['here']);
    } finally {
      server.close();
    }
  }, 60_000);

  it('ends with 130 on Ctrl-C, with all that the build started', async () => {
    await write(builds(['echo started; sleep 1000']));
    const child = spawn(process.execPath, [slipwayProgram, 'run', '--runner', kind, folder], { env: cleanEnvironment({}), stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    for await (const line of createInterface({ input: child.stdout })) if (line === 'started') child.kill('SIGINT');
    expect(await ended).toBe(130);
  });

  it.each([
    [['--runner', 'lambda'], "no runner 'lambda'"], [['--runner', 'container'], 'needs --image'], [['--runner', 'plain', '--image', 'x'], '--image belongs'], [['--privileged'], '--privileged belongs'], [['--network', 'lan'], "no network 'lan'"], [['--runner', 'plain', '--network', 'none'], 'needs a sandbox'], [['a', 'b'], 'one folder'],
    [['--env', '=x'], 'NAME=VALUE'], [['--env', 'ABSENT'], 'no such variable'], [['--timeout', 'soon'], '--timeout'],
  ])('%j is a mistake that it explains', (args, why) => {
    expect(() => runOptions(args, {})).toThrow(UsageError);
    expect(() => runOptions(args, {})).toThrow(why);
  });

  it('says so where there is no folder, or no buildspec', async () => {
    expect(await run([join(folder, 'absent')])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no folder') });
    expect(await run([folder])).toMatchObject({ code: 2, stderr: expect.stringContaining('YAML file does not exist: buildspec.yml') });
  });
});
