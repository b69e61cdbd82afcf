import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { runnerOf } from '@slipway/builder';
import { awsClients, cleanEnvironment, slipwayProgram, type Aws, type Credentials } from '@slipway/testkit';
import { awsCli, cliClients, type Cli } from './cli.ts';
import { eventually } from './eventually.ts';

const region = 'eu-central-1';
const account = '210987654321';

/** Long enough for a machine that does much else. */
const START_MS = 45_000;

export const agentProgram = join(dirname(slipwayProgram), 'agent.js');

/** A server as a process of its own, in a folder of its own, and its clients. */
export interface World {
  readonly endpoint: string;
  readonly region: typeof region;
  readonly account: string;
  readonly folder: string;
  /** The server's data folder. */
  readonly data: string;
  /** As root, by the SDK: quick, for setting up and waiting. */
  readonly aws: Aws;
  /** As root, by the stock CLI. */
  readonly cli: Cli;
  /** The SDK's shapes by the stock CLI. */
  readonly awsByCli: Aws;
  /** By the SDK as somebody else. */
  as(credentials: Credentials): Aws;
  /** What a shell has in which `aws` and `git` are to work. */
  environment(credentials?: Credentials): NodeJS.ProcessEnv;
  /** What the server has logged so far, warnings and errors: a line each. */
  log(): string[];
  /** To be run at the end, the last one first, before the server is ended. */
  atEnd(end: () => Promise<unknown>): void;
}

export interface WorldOptions {
  /** What builds run in; a sandbox where one works otherwise. */
  readonly runner?: 'sandbox' | 'plain';
}

/**
 * One world for all tests of a file. When a test fails, the end of the server's log is shown. At the end everything that
 * was started is ended, which is checked.
 */
export function useWorld(options: WorldOptions = {}): () => World {
  let started: StartedWorld | undefined;
  beforeAll(async () => {
    started = await startWorld(options);
  }, 60_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(`The server's log ends with:\n${started?.logTail() ?? '(no server)'}`);
  });
  afterAll(() => started?.end(), 60_000);
  return () => {
    if (!started) throw new Error('the server is not started yet');
    return started;
  };
}

interface StartedWorld extends World {
  logTail(): string;
  end(): Promise<void>;
}

async function startWorld({ runner }: WorldOptions): Promise<StartedWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-e2e-'));
  const data = join(folder, 'data');
  const logFile = join(folder, 'server.log');
  const rootKey = { accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`, secretAccessKey: randomBytes(30).toString('base64') };
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [slipwayProgram, 'start', '--port', '0', '--data', data, '--region', region, '--account-id', account], {
    cwd: folder,
    stdio: ['ignore', 'pipe', log],
    env: cleanEnvironment({
      SLIPWAY_RUNNER: runner ?? ((await runnerOf('sandbox').unavailable()) === undefined ? 'sandbox' : 'plain'),
      SLIPWAY_LOG_LEVEL: 'warn',
      SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId,
      SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
    }),
  });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines = (): string[] => readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const logTail = (): string => lines().slice(-40).join('\n');
  const endpoint = await listening(child, logTail);

  const ends: (() => Promise<unknown>)[] = [];
  const as = (credentials: Credentials): Aws => {
    const { aws, destroy } = awsClients({ endpoint, region, credentials, clockOffset: () => 0 });
    ends.push(async () => destroy());
    return aws;
  };
  const environment = (credentials: Credentials = rootKey): NodeJS.ProcessEnv =>
    cleanEnvironment({
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_CONFIG_FILE: join(folder, 'no-aws-config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no-aws-credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
    });
  const cli = awsCli(environment(), folder);

  const aws = as(rootKey);
  return {
    endpoint, region, account, folder, data, cli, aws, as, environment, logTail,
    log: lines,
    awsByCli: cliClients(cli, aws),
    atEnd: (end) => void ends.push(end),
    async end() {
      await endBuilds(aws);
      for (const end of ends.toReversed()) await end();
      child.kill('SIGTERM');
      const code = await exited;
      const tail = logTail();
      const left = await processesAbout(folder);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
      expect(code, `the server's exit code; its log ends with:\n${tail}`).toBe(0);
      expect(left, 'processes that were left behind').toEqual([]);
    },
  };
}

/** Builds outlive their server: those that a test left running are stopped ahead of it. */
async function endBuilds({ codebuild }: Aws): Promise<void> {
  await eventually('the end of every build', async () => {
    const { ids = [] } = await codebuild.listBuilds({});
    if (ids.length === 0) return true;
    const { builds = [] } = await codebuild.batchGetBuilds({ ids });
    const running = builds.filter(({ buildComplete }) => !buildComplete);
    for (const { id } of running) await codebuild.stopBuild({ id });
    return running.length === 0 ? true : undefined;
  });
}

async function listening(child: ChildProcess, logTail: () => string): Promise<string> {
  if (!child.stdout) throw new Error('the server was started without an output');
  const lines = createInterface({ input: child.stdout });
  // Heard to its end, lest the server waits for somebody to read.
  const endpoint = await new Promise<string | undefined>((resolve) => {
    lines.on('line', (line) => {
      const found = /^Slipway listening on (\S+)$/.exec(line)?.[1];
      if (found) resolve(found);
    });
    lines.once('close', () => resolve(undefined));
    setTimeout(() => resolve(undefined), START_MS).unref();
  });
  if (!endpoint) {
    child.kill('SIGKILL');
    throw new Error(`The server did not start: ${logTail()}`);
  }
  return endpoint;
}

/** This machine's processes whose command line or environment names the folder. */
async function processesAbout(folder: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [command, environment] = await Promise.all([read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)]);
    if (command.includes(folder) || environment.includes(folder)) found.push({ pid: Number(pid), command: command.replaceAll('\0', ' ').trim() });
  }
  return found;
}

/** Processes end while one looks, and those of others are theirs. */
async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
