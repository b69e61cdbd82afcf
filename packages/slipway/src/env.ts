import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRootProfile, readServerNote } from '@slipway/server';
import { configFromArgs } from './settings.ts';
import { UsageError } from './usage.ts';

/**
 * `eval "$(slipway env)"`: the stock aws CLI, every SDK and git then work against the running server.
 * Git is told through GIT_CONFIG_*, so that no file of the user's changes.
 */
export async function env(args: string[]): Promise<void> {
  const config = configFromArgs('env', args);
  if (!config) return;
  const note = readServerNote(config.data);
  const key = readRootProfile(join(config.data, 'keys'));
  if (!note || !key) throw new UsageError(`no server is running on the data folder ${config.data}; start one with \`slipway start\`, or name its folder with --data`);

  const helper = `!${shellQuote(process.execPath)} ${shellQuote(fileURLToPath(import.meta.url))} credential-helper`;
  const git: [string, string][] = [
    [`credential.${note.endpoint}.helper`, ''],
    [`credential.${note.endpoint}.helper`, helper],
    [`credential.${note.endpoint}.UseHttpPath`, 'true'],
  ];
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: note.endpoint,
    AWS_REGION: note.region,
    AWS_DEFAULT_REGION: note.region,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    GIT_CONFIG_COUNT: String(git.length),
  };
  for (const [i, [name, value]] of git.entries()) {
    variables[`GIT_CONFIG_KEY_${i}`] = name;
    variables[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${shellQuote(value)}`);
  console.log('unset AWS_SESSION_TOKEN AWS_PROFILE');
}

function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
