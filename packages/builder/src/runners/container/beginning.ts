import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CannotOpen } from '../runner.ts';
import { quote } from '../session.ts';
import { EngineError } from './engine.ts';
import type { Engine } from './engine.ts';
import type { Pipes } from './pipes.ts';

/** An engine that does not share this machine's kernel would never open our pipes. */
const READY_MS = 60_000;

/** Shells refuse to be told these, and end. */
const READ_ONLY = ['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID'];

/** A container that was made of an image and has run no command yet. */
export interface Fresh {
  readonly engine: Engine;
  readonly id: string;
  readonly image: string;
}

export async function startContainer({ engine, id, image }: Fresh): Promise<void> {
  try {
    await engine.start(id);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new CannotOpen(`The container of the image ${image} could not be started (an image needs /bin/sh): ${error.message}`);
  }
}

/** What the keeper reads into its environment before the first command. */
export async function writeEnvironment(path: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(variables).filter(([name]) => /^[A-Za-z_]\w*$/.test(name) && !READ_ONLY.includes(name)).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  await writeFile(path, lines.join(''), { flag: 'wx', mode: 0o600 });
}

/** Lets the keeper begin. Answers where the image has bash, or an empty text. */
export async function beginKeeper(container: Fresh, pipes: Pipes, gone: Promise<unknown>): Promise<string> {
  const patience = new AbortController();
  const late = delay(READY_MS, undefined, { signal: patience.signal }).catch(() => undefined);
  const said = await pipes.begin(Promise.race([gone, late]));
  patience.abort();
  if (said !== undefined) return said.replace(/^ready ?/, '');
  throw await silence(container);
}

/** Why a container never came to its first command. */
export async function silence({ engine, id, image }: Fresh): Promise<CannotOpen> {
  const state = await engine.inspect(id);
  const how = state?.running === true ? 'said nothing' : `ended${state === undefined ? '' : ` with status ${state.exitCode}`}${state?.outOfMemory === true ? ', out of memory,' : ''}`;
  return new CannotOpen(`The container of the image ${image} ${how} before its first command: ${(await engine.logs(id)).trim() || 'its log is empty'}`);
}
