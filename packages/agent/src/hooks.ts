import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { access, chmod, constants, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { EVENT_TIMEOUT_SECONDS } from './appspec.ts';
import type { Script } from './appspec.ts';
import { CommandError, ErrorCode, LogTail } from './diagnostics.ts';
import { findUser, ownUid } from './users.ts';

export interface HookRun {
  readonly event: string;
  readonly deploymentId: string;
  readonly scripts: readonly Script[];
  readonly archive: string;
  readonly scriptsLog: string;
  readonly deploymentsLog: string;
  readonly workingDirectory: string;
  /** The variables of this event, laid over the agent's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted when the agent must end now: the running script's process group is ended. */
  readonly signal: AbortSignal;
}

/** How long a script that was told to end may take before it is killed. */
const GRACE_MS = 5000;

/** Runs the scripts of one lifecycle event in order; answers the tail of their output. Throws `CommandError` at the first that fails. */
export async function runHooks(run: HookRun): Promise<string> {
  const log = await HookLog.open(run);
  const deadline = Date.now() + EVENT_TIMEOUT_SECONDS * 1000;
  try {
    log.line(`LifecycleEvent - ${run.event}`);
    for (const script of run.scripts) await runScript(run, script, log, deadline);
    return log.tail();
  } finally {
    await log.close();
  }
}

async function runScript(run: HookRun, script: Script, log: HookLog, deadline: number): Promise<void> {
  const path = join(run.archive, script.location);
  const failure = (code: ErrorCode, message: string, cause?: unknown): CommandError =>
    new CommandError(code, message, { script: script.location, log: log.tail(), cause });
  await makeExecutable(path, script, failure);
  const identity = await identityOf(script, failure);
  log.line(`Script - ${script.location}`);
  const timeout = Math.min(script.timeoutSeconds * 1000, deadline - Date.now());
  const child = await start(path, run, identity, script, failure);
  const outcome = await attend(child, timeout, log, run.signal);
  switch (outcome.end) {
    case 'timed out':
      throw failure(ErrorCode.scriptTimedOut, `Script at specified location: ${script.location} failed to complete in ${script.timeoutSeconds} seconds`);
    case 'stopped':
      throw failure(ErrorCode.failedAfterRestart, `Script at specified location: ${script.location} was ended because the CodeDeploy agent was stopped while it ran`);
    case 'left open':
      throw failure(ErrorCode.outputsLeftOpen, `Script at specified location: ${script.location} failed to close ${outcome.stream}`);
    case 'exited': {
      if (outcome.code === 0) return;
      const as = script.runas === undefined ? '' : ` run as user ${script.runas}`;
      const how = outcome.signal === null ? `exit code ${outcome.code}` : `exit code ${outcome.code} (signal ${outcome.signal})`;
      throw failure(ErrorCode.scriptFailed, `Script at specified location: ${script.location}${as} failed with ${how}`);
    }
  }
}

type Failure = (code: ErrorCode, message: string, cause?: unknown) => CommandError;

/** A script without the executable bit is given it, as AWS's agent does: zips made on Windows carry none. */
async function makeExecutable(path: string, script: Script, failure: Failure): Promise<void> {
  try {
    await access(path, constants.F_OK);
  } catch (cause) {
    throw failure(ErrorCode.scriptMissing, `Script does not exist at specified location: ${script.location}`, cause);
  }
  try {
    // For whoever it runs as: as root `access` would say yes to a bit that the runas user lacks.
    await chmod(path, 0o755);
  } catch (cause) {
    throw failure(ErrorCode.scriptNotExecutable, `Unable to set script at specified location: ${script.location} as executable`, cause);
  }
}

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
  readonly environment: Readonly<Record<string, string>>;
}

async function identityOf(script: Script, failure: Failure): Promise<Identity> {
  if (script.runas === undefined) return { environment: {} };
  const user = await findUser(script.runas);
  if (user === undefined) throw failure(ErrorCode.unknownError, `Script at specified location: ${script.location} asks to run as ${script.runas}, which is not a user of this host`);
  if (user.uid === ownUid()) return { environment: {} };
  if (ownUid() !== 0) {
    throw failure(ErrorCode.unknownError, `Script at specified location: ${script.location} asks to run as ${script.runas}, but this host's agent does not run as root and can run scripts as its own user only`);
  }
  return { uid: user.uid, gid: user.gid, environment: { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell } };
}

async function start(path: string, run: HookRun, identity: Identity, script: Script, failure: Failure): Promise<ChildProcess> {
  const begin = (command: string, args: readonly string[]): Promise<ChildProcess> => new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: run.workingDirectory,
      env: { ...process.env, ...identity.environment, ...run.environment },
      // A process group of its own: a timeout ends the script with everything it started in the foreground.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(identity.uid === undefined ? {} : { uid: identity.uid, gid: identity.gid }),
    });
    child.once('spawn', () => resolve(child)).once('error', reject);
  });
  try {
    return await begin(path, []).catch((error: NodeJS.ErrnoException) => {
      // No `#!` line: a shell's business, as it would be when called from one.
      if (error.code === 'ENOEXEC') return begin('/bin/sh', [path]);
      throw error;
    });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const hint = code === 'ENOENT' ? ': the interpreter named in its first line does not exist (Windows line endings have this effect too)' : '';
    throw failure(ErrorCode.unknownError, `Script at specified location: ${script.location} could not be started (${code})${hint}`, cause);
  }
}

type Outcome =
  | { readonly end: 'exited'; readonly code: number; readonly signal: NodeJS.Signals | null }
  | { readonly end: 'timed out' | 'stopped' }
  | { readonly end: 'left open'; readonly stream: 'STDOUT' | 'STDERR' };

/**
 * Waits for the script's end and then for the end of its outputs, which a daemon that inherited them keeps open: the rest of
 * the timeout is given to that, as by AWS's agent, and the daemon is left running.
 */
async function attend(child: ChildProcess, timeoutMs: number, log: HookLog, signal: AbortSignal): Promise<Outcome> {
  const exited = new Promise<Outcome>((resolve) => {
    child.once('exit', (code, by) => resolve({ end: 'exited', code: code ?? 128, signal: by }));
  });
  const outputs = { STDOUT: log.follow(child.stdout as Readable, '[stdout]'), STDERR: log.follow(child.stderr as Readable, '[stderr]') };
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const cutShort = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ end: 'timed out' }), Math.max(timeoutMs, 0));
    stop = () => resolve({ end: 'stopped' });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    const first = await Promise.race([exited, cutShort]);
    if (first.end !== 'exited') {
      await endGroup(child, exited);
      return first;
    }
    for (const stream of ['STDOUT', 'STDERR'] as const) {
      const closed = await Promise.race([outputs[stream].then(() => true), cutShort.then(() => false)]);
      if (!closed) return { end: 'left open', stream };
    }
    return first;
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener('abort', stop);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

async function endGroup(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  signalGroup(child, 'SIGTERM');
  const killing = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
  await exited;
  clearTimeout(killing);
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The output of one lifecycle event: to two files on the host, and its tail to the diagnostics. */
class HookLog {
  readonly #tail = new LogTail();
  readonly #files: readonly WriteStream[];
  readonly #deploymentId: string;

  static async open(run: HookRun): Promise<HookLog> {
    const paths = [run.scriptsLog, run.deploymentsLog];
    for (const path of paths) await mkdir(dirname(path), { recursive: true });
    return new HookLog(paths.map((path) => createWriteStream(path, { flags: 'a' })), run.deploymentId);
  }

  private constructor(files: readonly WriteStream[], deploymentId: string) {
    this.#files = files;
    this.#deploymentId = deploymentId;
  }

  line(text: string): void {
    this.#tail.append(`${text}\n`);
    const at = new Date().toISOString();
    const [scripts, deployments] = this.#files;
    scripts?.write(`${at} ${text}\n`);
    deployments?.write(`[${at}] [${this.#deploymentId}]${text}\n`);
  }

  tail(): string {
    return this.#tail.toString();
  }

  /** Resolves when the stream has ended. A line longer than 64 KiB is cut into several. */
  async follow(stream: Readable, prefix: string): Promise<void> {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const take = (text: string): void => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.line(prefix + line);
      if (rest.length > 65_536) {
        this.line(prefix + rest);
        rest = '';
      }
    };
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) take(decoder.write(chunk));
    } catch (error) {
      // Destroyed because the wait for the output was given up.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
    take(decoder.end());
    if (rest !== '') this.line(prefix + rest);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => new Promise<void>((resolve, reject) => {
      file.once('error', reject);
      file.end(() => resolve());
    })));
  }
}
