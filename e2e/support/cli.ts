import { runToEnd, type Aws, type Ended } from '@slipway/testkit';

/** The stock `aws` CLI as a process, told where to go by its environment alone. */
export interface Cli {
  /** Answers what it printed, read as JSON. @throws CliError when it ends with another code than 0. */
  (...args: string[]): Promise<unknown>;
  /** For the commands that print for people, and for those that are to fail. */
  run(...args: string[]): Promise<Ended>;
}

/** What the CLI said on stderr, AWS's error code and message included. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

export function awsCli(env: NodeJS.ProcessEnv, folder: string): Cli {
  const run = (...args: string[]): Promise<Ended> => runToEnd('aws', args, { cwd: folder, env });
  const json = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run(...args, '--output', 'json');
    if (code !== 0) throw new CliError(`aws ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.trim() === '' ? {} : JSON.parse(stdout);
  };
  return Object.assign(json, { run });
}

/** The CLI's names of services where they differ from the SDK's. */
const names: Readonly<Record<string, string>> = { cloudwatchLogs: 'logs', codedeploy: 'deploy', eventbridge: 'events', s3: 's3api' };

/**
 * The SDK's clients by name and shape, but each call is a process of the CLI: `aws.codebuild.createProject(input)` is
 * `aws codebuild create-project --cli-input-json …`. So one set-up runs on both. Dates are answered as the CLI prints them.
 * IAM's calls, of which a set-up has dozens, stay the SDK's: a process each takes its time.
 */
export function cliClients(cli: Cli, { iam }: Aws): Aws {
  const service = (name: string): unknown =>
    new Proxy({}, {
      get: (_, operation) => (input: unknown) =>
        cli(names[name] ?? name, String(operation).replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`), '--cli-input-json', JSON.stringify(input)),
    });
  return new Proxy({} as Aws, { get: (_, name) => (name === 'iam' ? iam : service(String(name))) });
}
