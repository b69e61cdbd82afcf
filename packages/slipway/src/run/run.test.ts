import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('ends with 130 on Ctrl-C, with all that the build started', async () => {
    await write(builds(['echo started; sleep 1000']));
    const child = spawn(process.execPath, [slipwayProgram, 'run', '--runner', kind, folder], { env: cleanEnvironment({}), stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    for await (const line of createInterface({ input: child.stdout })) if (line === 'started') child.kill('SIGINT');
    expect(await ended).toBe(130);
  });

  it.each([
    [['--runner', 'lambda'], "no runner 'lambda'"], [['--runner', 'container'], 'needs --image'], [['--runner', 'plain', '--image', 'x'], '--image belongs'], [['a', 'b'], 'one folder'],
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
