import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { bootId, processStart } from '../kernel/processes.ts';

/** A git command that ended with an error; `detail` is what git said, for logs, not for clients. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed';
  readonly exitCode: number | null;
  readonly detail: string;
  /** What it had written to standard output, where that was collected. */
  output = '';

  constructor(verb: string, exitCode: number | null, detail: string) {
    super(`git ${verb} ended with ${exitCode === null ? 'a signal' : `exit code ${exitCode}`}: ${detail}`);
    this.exitCode = exitCode;
    this.detail = detail;
  }
}

export interface GitOptions {
  /** The bare repository, for commands that take it from the environment. */
  readonly repository?: string;
  /** A working tree, for the commands that need one. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the command when the client has gone. */
  readonly signal?: AbortSignal;
}

/**
 * Configuration that every command runs under. Passed by environment rather than `-c`, so that the helpers which git
 * itself starts (index-pack, maintenance) run under it too.
 */
const CONFIGURATION: readonly (readonly [string, string])[] = [
  // Repositories belong to whoever ran the server last; no other user's file is ever opened by a path from outside.
  ['safe.directory', '*'],
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // `file://`, `ext::` and every other transport: no command of ours may reach out.
  ['protocol.allow', 'never'],
  ['core.fsync', 'all'],
  ['core.fsyncMethod', 'batch'],
  // A push of a few objects becomes loose files; a larger one stays the pack it came as: one file to write and sync.
  ['receive.unpackLimit', '10'],
  ['gc.autoDetach', 'false'],
  ['maintenance.autoDetach', 'false'],
  ['receive.autogc', 'false'],
  ['receive.denyDeleteCurrent', 'refuse'],
  ['transfer.hideRefs', 'refs/slipway'],
  ['advice.detachedHead', 'false'],
  // Larger files are neither compared for deltas nor held in memory.
  ['core.bigFileThreshold', '64m'],
  ['uploadpack.allowFilter', 'true'],
];

/** Settings whose values are secrets: whoever may look at git's processes sees their environment, and that of all they start. */
const SECRET = new Set(['http.extraHeader']);
const SECRET_FD = 3;

/** The environment of every git process: nothing of the server's but the path, no user's and no system's configuration. */
export function gitEnvironment(options: GitOptions & { configuration?: readonly (readonly [string, string])[] } = {}): Record<string, string> {
  const configuration = [...CONFIGURATION, ...options.configuration ?? []];
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    // A pusher who may not touch a branch could otherwise put other contents in place of its commits, by `refs/replace/`.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(configuration.length),
    ...options.repository === undefined ? {} : { GIT_DIR: options.repository },
    ...options.env,
  };
  configuration.forEach(([key, value], index) => {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return environment;
}

/**
 * Starts a command. `told`: it begins only when it reads a line, with the process id that it has before; without the line
 * it ends. For commands that read no input themselves.
 */
export function spawnGit(args: readonly string[], options: GitOptions & { configuration?: readonly (readonly [string, string])[]; told?: boolean } = {}): ChildProcessWithoutNullStreams {
  const [command, all] = options.told === true ? ['/bin/sh', ['-c', 'read -r go && exec git "$@"', 'git', ...args]] as const : ['git', args] as const;
  const { open, secret } = sorted(options.configuration ?? []);
  const fd = secret.length === 0 ? undefined : unnamedFile(secret.map(([key, value]) => line(key, value)).join(''));
  let child;
  try {
    child = spawn(command, all, {
      env: gitEnvironment({ ...options, configuration: fd === undefined ? open : [...open, ['include.path', `/proc/self/fd/${SECRET_FD}`]] }),
      ...options.cwd === undefined ? {} : { cwd: options.cwd },
      stdio: ['pipe', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
      // A group of its own: what git has started to speak with a remote does not end with it.
      detached: options.signal !== undefined,
    }) as ChildProcessWithoutNullStreams;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  if (options.signal !== undefined) endOn(options.signal, child);
  // Whoever waits for its end hears of it there; without a listener of our own it would end the server.
  child.on('error', () => undefined);
  // So it is when no file descriptors are left, whatever the types say.
  if ((child.stdin as unknown) === undefined) throw new Error('git cannot be started: too many open files');
  return child;
}

/** As `spawn` does it with a signal, but for all that the command has started. */
function endOn(signal: AbortSignal, child: ChildProcessWithoutNullStreams): void {
  const { pid } = child;
  const end = (): void => {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    child.emit('error', new DOMException('The command was given up', 'AbortError'));
  };
  signal.addEventListener('abort', end, { once: true });
  child.once('exit', () => signal.removeEventListener('abort', end));
  // Whoever called listens only after this.
  if (signal.aborted) setImmediate(end);
}

type Setting = readonly [string, string];

/** Where there is no /proc, a file without a name cannot be read twice, as git does. */
function sorted(configuration: readonly Setting[]): { open: readonly Setting[]; secret: readonly Setting[] } {
  if (process.platform !== 'linux') return { open: configuration, secret: [] };
  return { open: configuration.filter(([key]) => !SECRET.has(key)), secret: configuration.filter(([key]) => SECRET.has(key)) };
}

/** A setting as a configuration file has it. */
function line(key: string, value: string): string {
  const dot = key.lastIndexOf('.');
  return `[${key.slice(0, dot)}]\n\t${key.slice(dot + 1)} = ${JSON.stringify(value)}\n`;
}

/** A file that only its descriptor leads to. */
function unnamedFile(text: string): number {
  const path = join(tmpdir(), `slipway-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  writeSync(fd, text);
  return fd;
}

/** Runs a command to its end and answers its output. `input` goes to its standard input. Throws `GitFailed`. */
export async function runGit(
  args: readonly string[],
  options: GitOptions & { input?: Uint8Array | string; configuration?: readonly (readonly [string, string])[] } = {},
): Promise<Buffer> {
  const child = spawnGit(args, options);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const ended = finished(child, args[0] ?? '');
  // A command that fails early closes its input; its exit code says why.
  child.stdin.on('error', ignoreClosedInput);
  child.stdin.end(options.input);
  try {
    await ended;
  } catch (error) {
    if (error instanceof GitFailed) error.output = Buffer.concat(output).toString('utf8', 0, 1_000_000);
    throw error;
  }
  return Buffer.concat(output);
}

/**
 * Resolves when the command has ended well; rejects with `GitFailed` and the first of what it wrote to standard error. One
 * that was given up is over, too, when this rejects: nothing writes into its folder any more.
 */
export function finished(child: ChildProcessWithoutNullStreams, verb: string): Promise<void> {
  const complaint = firstText(child.stderr, 4_096);
  return new Promise((resolve, reject) => {
    let given: Error | undefined;
    child.once('error', (error) => {
      if (error.name !== 'AbortError' || child.pid === undefined) return reject(error);
      given = error;
    });
    child.once('close', (code) => (given === undefined && code === 0 ? resolve() : reject(given ?? new GitFailed(verb, code, complaint().trim()))));
  });
}

/** A closed pipe shows as the exit of the process behind it, which `finished` reports. */
export function ignoreClosedInput(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED' && error.code !== 'ECONNRESET') throw error;
}

function firstText(stream: NodeJS.ReadableStream, limit: number): () => string {
  const decoder = new StringDecoder('utf8');
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length < limit) text = (text + decoder.write(chunk)).slice(0, limit);
  });
  return () => text;
}

/**
 * Names one process for as long as the machine runs: its id and, where the system tells, when it started, because ids
 * are used again.
 */
export function processIdentity(pid: number): string {
  return `${pid}:${startOf(pid) ?? ''}`;
}

/** Ends the process that `processIdentity` named, if it is still that one, and resolves once it is gone. */
export async function endProcess(identity: string): Promise<void> {
  const [number = '', started = ''] = identity.split(':');
  const pid = Number(number);
  const isTheSame = (): boolean => started !== '' && startOf(pid) === started;
  while (isTheSame()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The process's start and the boot that it counts from. */
function startOf(pid: number): string | undefined {
  const [start, boot] = [processStart(pid), bootId()];
  return start === undefined || boot === undefined ? undefined : `${start}@${boot}`;
}
