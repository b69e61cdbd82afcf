#!/usr/bin/env node
import { ConfigError } from '@slipway/server';
import { credentialHelper } from './credential-helper.ts';
import { demo } from './demo/demo.ts';
import { env } from './env.ts';
import { mirror } from './mirror.ts';
import { run } from './run/run.ts';
import { start } from './start.ts';
import { UsageError } from './usage.ts';

interface Command {
  readonly help: string;
  run(args: string[]): Promise<void>;
}

const commands: Record<string, Command> = {
  start: { help: 'start the server', run: start },
  env: { help: 'print the exports that point the aws CLI, the SDKs and git at the running server', run: env },
  demo: { help: 'from git push to a running site on three local hosts', run: demo },
  run: { help: "run a folder's buildspec on this machine, without a server", run },
  mirror: { help: 'keep a repository in step with a git remote elsewhere', run: mirror },
  'credential-helper': { help: 'git credential helper: signs with the AWS credentials in the environment', run: credentialHelper },
};

const [name = 'help', ...args] = process.argv.slice(2);
const command = commands[name];
if (command) {
  try {
    await command.run(args);
  } catch (error) {
    // A user's mistake is explained; only a fault of ours shows its stack.
    const expected = error instanceof ConfigError || error instanceof UsageError || isBadArgument(error);
    console.error(expected ? `slipway ${name}: ${(error as Error).message}` : error);
    process.exitCode = expected ? 2 : 1;
  }
} else {
  const known = name === 'help' || name === '--help' || name === '-h';
  if (!known) console.error(`slipway: there is no command '${name}'`);
  console.log(usage());
  process.exitCode = known ? 0 : 2;
}

function usage(): string {
  const lines = Object.entries(commands).map(([command, { help }]) => `  ${command.padEnd(18)} ${help}`);
  return ['The AWS Developer Tools, on your own machines, for real.', '', 'Usage: slipway COMMAND [options]', '', ...lines, '', '`slipway COMMAND --help` shows its options.'].join('\n');
}

/** What node:util's parseArgs throws for an option that a command does not have. */
function isBadArgument(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
