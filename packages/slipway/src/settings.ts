import { parseArgs } from 'node:util';
import { readConfig, settings, type Config } from '@slipway/server';

type Flags = Record<string, string | boolean | undefined>;

/** Reads a command's flags and the environment into one configuration; prints the help and answers undefined for `--help`. */
export function configFromArgs(command: string, args: string[]): Config | undefined {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' }, dev: { type: 'boolean' } };
  for (const { flag } of settings) options[flag] = { type: 'string' };
  const { values } = parseArgs({ args, options, strict: true });
  if (values['help']) {
    console.log(help(command));
    return undefined;
  }
  return readConfig(values as Flags, process.env);
}

function help(command: string): string {
  const lines = settings.map(({ flag, variable, value, help }) => `  ${`--${flag} ${value}`.padEnd(34)} ${help}; ${variable}`);
  return [`Usage: slipway ${command} [options]`, '', ...lines, `  ${'--dev'.padEnd(34)} accept the key test/test as root, on loopback only; SLIPWAY_DEV=1`].join('\n');
}
