import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuild } from '@aws-sdk/client-codebuild';
import { CodeCommit } from '@aws-sdk/client-codecommit';
import { CodePipeline } from '@aws-sdk/client-codepipeline';
import { IAM } from '@aws-sdk/client-iam';
import { S3 } from '@aws-sdk/client-s3';
import { SNS } from '@aws-sdk/client-sns';
import { SQS } from '@aws-sdk/client-sqs';
import type { Bench } from './group.ts';
import { notMeasured, type Row, type RowTerms } from './measure.ts';

export const region = 'us-east-1';
export const rootKey = { accessKeyId: 'AKIAROOTOFTHEBENCHES', secretAccessKey: 'a-secret-that-only-benches-know-012345678' };

export interface Target {
  readonly endpoint: string;
  readonly pid: number;
  /** Its data folder; empty where it keeps none. */
  readonly data: string;
  /** ms from spawning the process to the line that says it listens. */
  readonly startedIn: number;
  stop(): Promise<void>;
}

/** A Slipway of its own on a new data folder, with node flags for profiling. */
export async function startSlipway(bench: Bench, nodeFlags: readonly string[] = [], settings: Readonly<Record<string, string>> = {}): Promise<Target> {
  const data = await mkdtemp(join(bench.scratch, 'data-'));
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, bench.slipway, 'start'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      SLIPWAY_DATA: data,
      SLIPWAY_PORT: '0',
      // The sinks that it delivers to are this machine's.
      SLIPWAY_ALLOW_ENDPOINTS: '127.0.0.0/8',
      SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId,
      SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
      ...settings,
    },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const endpoint = /^Slipway listening on (\S+)$/.exec(line)?.[1];
    if (endpoint) return { endpoint, pid: child.pid!, data, startedIn: performance.now() - started, stop: () => end(child) };
  }
  throw new Error('the server ended before it listened');
}

/** Rows that one Slipway of its own is measured for; when that fails, each says why. */
export async function withSlipway(bench: Bench, settings: Readonly<Record<string, string>>, terms: readonly RowTerms[], measure: (aws: Clients, target: Target) => Promise<Row[]>): Promise<Row[]> {
  const target = await startSlipway(bench, [], settings);
  try {
    return await measure(clients(target), target);
  } catch (error) {
    return terms.map((each) => notMeasured(each, (error as Error).message));
  } finally {
    await target.stop();
  }
}

/** moto's server; undefined where it is not installed. */
export async function startMoto(bench: Bench): Promise<Target | undefined> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', cwd: bench.scratch });
  const failed = new Promise<true>((resolve) => {
    child.once('error', () => resolve(true));
    child.once('exit', () => resolve(true));
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (;;) {
    const ready = fetch(`${endpoint}/moto-api/`).then((response) => response.ok, () => false);
    if (await Promise.race([failed, ready])) break;
    await pause(50);
  }
  if (child.pid === undefined || child.exitCode !== null) return undefined;
  return { endpoint, pid: child.pid, data: '', startedIn: performance.now() - started, stop: () => end(child) };
}

export function clients(target: Target) {
  const config = { endpoint: target.endpoint, region, credentials: rootKey };
  return {
    codebuild: new CodeBuild(config),
    codecommit: new CodeCommit(config),
    codepipeline: new CodePipeline(config),
    iam: new IAM(config),
    logs: new CloudWatchLogs(config),
    s3: new S3({ ...config, forcePathStyle: true }),
    sns: new SNS(config),
    sqs: new SQS(config),
  };
}

export type Clients = ReturnType<typeof clients>;

/** A role for one service that may do everything: permissions are not what is measured. */
export async function role(aws: Clients, name: string, service: string): Promise<string> {
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] };
  const { Role } = await aws.iam.createRole({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) });
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  await aws.iam.putRolePolicy({ RoleName: name, PolicyName: 'everything', PolicyDocument: JSON.stringify(everything) });
  return Role!.Arn!;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
