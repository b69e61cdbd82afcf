import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { awsClients, cleanEnvironment, slipwayProgram, type Aws, type Credentials } from '@slipway/testkit';

/** Another one in each file of tests: those that run at the same time look for theirs in each other's processes. */
export const rootKey: Credentials = { accessKeyId: 'AKIAROOTOFTHEPROGRAM', secretAccessKey: `planted-root-key-${randomBytes(16).toString('hex')}` };

/** A server as the process that people start, which can be measured, looked at and killed. */
export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly endpoint: string;
  readonly aws: Aws;
  /** All that it has written. */
  said(): string;
  /** Resolves when it has gone. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export async function startProgram(data: string, settings: Readonly<Record<string, string>>): Promise<Program> {
  const env = cleanEnvironment({
    SLIPWAY_DATA: data, SLIPWAY_PORT: '0', SLIPWAY_LOG_LEVEL: 'info', SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey, ...settings,
  });
  const child = spawn(process.execPath, [slipwayProgram, 'start'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  const endpoint = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = /^Slipway listening on (\S+)$/m.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    child.once('exit', () => reject(new Error(`The server did not start: ${said}`)));
  });
  const { aws, destroy } = awsClients({ endpoint, region: 'us-east-1', credentials: rootKey, clockOffset: () => 0 });
  return {
    child, pid: child.pid!, endpoint, aws,
    said: () => said,
    async kill(signal) {
      destroy();
      child.kill(signal);
      await exited;
    },
  };
}

/** The most memory that a process has ever had, in MB; undefined when it is gone. */
export function peakOf(pid: number): number | undefined {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_000;
  } catch {
    return undefined;
  }
}

/** A role for everything, that builds may have. */
export async function makeRole(aws: Aws): Promise<string> {
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Action: 'sts:AssumeRole' }] };
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const { Role } = await aws.iam.createRole({ RoleName: 'builder', AssumeRolePolicyDocument: JSON.stringify(trust) });
  await aws.iam.putRolePolicy({ RoleName: 'builder', PolicyName: 'all', PolicyDocument: JSON.stringify(all) });
  return Role!.Arn!;
}

/** Asks until it is so: a server of its own clock tells nobody. */
export async function until<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The lines of a build's log. */
export async function logOf(aws: Aws, id: string): Promise<string[]> {
  const { builds } = await aws.codebuild.batchGetBuilds({ ids: [id] });
  const { groupName, streamName } = builds![0]!.logs ?? {};
  if (groupName === undefined) return [];
  const lines: string[] = [];
  for (let nextToken: string | undefined, last: string | undefined; ; last = nextToken) {
    const page = await aws.cloudwatchLogs.getLogEvents({ logGroupName: groupName, logStreamName: streamName, startFromHead: true, nextToken });
    lines.push(...page.events!.map(({ message }) => message!));
    nextToken = page.nextForwardToken;
    if (nextToken === last) return lines;
  }
}
