import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment, runToEnd, serve, slipwayProgram, type Ended, type ServerProcess } from '@slipway/testkit';

const slipway = (args: string[], variables: Record<string, string> = {}): Promise<Ended> => runToEnd(process.execPath, [slipwayProgram, ...args], { env: cleanEnvironment(variables) });

describe('slipway', () => {
  it.each([[[]], [['--help']], [['help']]])('%j: lists the commands', async (args) => {
    const { code, stdout } = await slipway(args);
    expect(code).toBe(0);
    for (const command of ['start', 'env', 'demo']) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it.each(['start', 'env'])('%s --help: names each flag with its variable, and starts nothing', async (command) => {
    const { code, stdout } = await slipway([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--data DIR .*SLIPWAY_DATA/);
    expect(stdout).toMatch(/--dev .*SLIPWAY_DEV/);
  });

  it('refuses a command that it does not have, and lists those it has', async () => {
    expect(await slipway(['strat'])).toMatchObject({ code: 2, stderr: "slipway: there is no command 'strat'\n", stdout: expect.stringContaining('start the server') });
  });

  it('refuses a flag that it does not know, in one line without a stack', async () => {
    const { code, stderr } = await slipway(['start', '--prot', '1']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^slipway start: Unknown option '--prot'.*\n$/);
  });

  it('refuses a variable that it does not know', async () => {
    const { code, stderr } = await slipway(['start'], { SLIPWAY_PROT: '1' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^slipway start: SLIPWAY_PROT is not a setting of Slipway\. Known: .*SLIPWAY_PORT.*\n$/);
  });

  it('refuses a value, naming what it accepts', async () => {
    expect(await slipway(['start', '--port', 'high'])).toMatchObject({ code: 2, stderr: "slipway start: --port is 'high'; accepted is a port number, 0 to 65535\n" });
  });
});

describe('slipway env', () => {
  let folder: string;
  let server: ServerProcess;
  const data = (): string => join(folder, "it's data");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-env-'));
    server = await serve(process.execPath, [slipwayProgram, 'start', '--port', '0', '--data', data()], { env: cleanEnvironment() });
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('says what to do when no server runs on the folder', async () => {
    const { code, stdout, stderr } = await slipway(['env', '--data', join(folder, 'other')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('start one with `slipway start`');
  });

  it('points the stock aws CLI and git at the server, evaluated by sh, over what was set before', async () => {
    const script = `set -e
      eval "$("$NODE" "$SLIPWAY" env --data "$DATA")"
      aws sts get-caller-identity --query Arn --output text
      url=$(aws codecommit create-repository --repository-name from-sh --query repositoryMetadata.cloneUrlHttp --output text)
      git clone --quiet "$url" clone 2>/dev/null
      cd clone
      echo content > file
      git add file
      git -c user.name=Someone -c user.email=someone@localhost commit --quiet --message First
      git push --quiet origin HEAD:main
      aws codecommit get-file --repository-name from-sh --commit-specifier main --file-path file --query fileContent --output text | base64 -d`;
    const env = cleanEnvironment({ NODE: process.execPath, SLIPWAY: slipwayProgram, DATA: data(), AWS_PAGER: '', AWS_PROFILE: 'somebody-else', AWS_SESSION_TOKEN: 'stale', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', GIT_TERMINAL_PROMPT: '0', HOME: folder });
    const { code, stdout, stderr } = await runToEnd('sh', ['-c', script], { cwd: folder, env });
    expect(stderr).toBe('');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'arn:aws:iam::000000000000:root\ncontent\n' });
  });
});
