import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, readSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable, Writable } from 'node:stream';
import { isCode } from '../is-code.ts';
import { CannotBecome, SessionLost } from './runner.ts';
import type { Outcome, Session, SessionOptions } from './runner.ts';

/** The control folders by both names: the host's, and the one that the build's processes use. */
export interface ControlPaths {
  readonly commands: { readonly host: string; readonly build: string };
  readonly state: { readonly host: string; readonly build: string };
  /** The user that commands run as unless they ask for another, and that user's home. */
  readonly user: string;
  readonly home: string;
  /** Why there is no other user to run as; absent where there may be. */
  readonly otherUsers?: string;
}

/** What Debian's adduser lets a name be. */
const USER_NAME = /^[a-z_][a-z0-9_.-]{0,31}$/i;

/** Our side of a keeper; see `scripts.ts` for the other. */
export interface Keeper {
  readonly control: Writable;
  readonly answers: Readable;
  /** The read end of the pipe that is the build's standard output and error. */
  readonly outputFd: number;
  /** Resolves when the keeper and all that ran under it are gone, with the reason in words where there is one. */
  readonly ended: Promise<string | undefined>;
}

/** A keeper that is our child, with its control on descriptors 8 and 9. */
export function childKeeper(child: ChildProcess, outputFd: number): Keeper {
  const ended = new Promise<undefined>((resolve) => {
    // Not when its pipes are closed: what a command has left behind may hold them.
    child.once('exit', () => resolve(undefined));
    child.once('error', () => resolve(undefined));
  });
  return { control: descriptor<Writable>(child, 8), answers: descriptor<Readable>(child, 9), outputFd, ended };
}

/** Of a command that SIGKILL ended. */
const KILLED = '137';
const SOON_MS = 250;
/** What a build may hand back in a state file, at most. */
const MAX_STATE_BYTES = 4_000_000;
/** The most that a pipe holds (Linux: /proc/sys/fs/pipe-max-size): enough to drain what was written before a report. */
const PIPE_BYTES = 1_048_576;

/** The session over a keeper's control descriptors; see `scripts.ts` for the other side. */
export class ShellSession implements Session {
  readonly #keeper: Keeper;
  readonly #paths: ControlPaths;
  readonly #shell: string;
  readonly #onOutput: (bytes: Uint8Array) => void;
  readonly #control: Writable;
  readonly #output: Socket;
  readonly #ended: Promise<string | undefined>;
  #answer: ((line: string | undefined) => void) | undefined;
  #lost = false;
  #shellRuns = false;
  #hasState = false;
  #user: string | undefined;
  #moved = false;
  #number = 0;
  /** What the shell is to show of commands, `x` and `v`: the driver turns both off in between. */
  #shows = '';

  constructor(keeper: Keeper, paths: ControlPaths, shell: string, options: SessionOptions) {
    this.#keeper = keeper;
    this.#paths = paths;
    this.#shell = shell;
    this.#onOutput = options.onOutput;
    this.#control = keeper.control;
    this.#control.on('error', () => this.#lose());
    this.#output = new Socket({ fd: keeper.outputFd, readable: true, writable: false });
    this.#output.on('data', options.onOutput);
    this.#output.on('error', () => this.#output.destroy());
    const lines = createInterface({ input: keeper.answers });
    lines.on('line', (line) => this.#reply(line));
    lines.on('close', () => this.#lose());
    // It repeats its input's.
    lines.on('error', () => this.#lose());
    this.#ended = keeper.ended;
    // What it has said before is read first.
    void this.#ended.then(() => setImmediate(() => this.#lose()));
  }

  async become(user: string | undefined): Promise<void> {
    const next = user === this.#paths.user ? undefined : user;
    if (next === this.#user) return;
    if (next !== undefined) await this.#checkUser(next);
    await this.#endShell();
    this.#user = next;
    this.#moved = true;
  }

  async #checkUser(user: string): Promise<void> {
    if (!USER_NAME.test(user)) throw new CannotBecome(`run-as: ${user} is not the name of a user`);
    if (this.#paths.otherUsers !== undefined) throw new CannotBecome(`run-as: ${user} is not supported here: ${this.#paths.otherUsers}`);
    // The user that follows another is looked for by the workspace's own, who alone may ask for both.
    await this.become(undefined);
    await this.#ensureShell();
    const { status } = await this.#source(`command id -u ${user} >/dev/null 2>&1 && command -v su >/dev/null 2>&1`);
    if (status !== 0) throw new CannotBecome(`run-as: ${user} is not possible: the environment lacks that user, or the program su`);
  }

  async run(command: string, options: { fresh?: boolean } = {}): Promise<Outcome> {
    if (options.fresh === true) return this.#runAlone(command);
    await this.#ensureShell();
    // On a line of its own `v` shows nothing of ours; `x` alone leaves the numbers of the command's lines as they are.
    const shows = this.#shows === '' ? '' : this.#shows === 'x' ? 'set -x; ' : `set -${this.#shows}\n`;
    const { status, shellEnded, options: shellOptions } = await this.#source(shows + command);
    this.#shows = shellOptions.replaceAll(/[^xv]/g, '');
    return { status, shellEnded };
  }

  async set(name: string, value: string): Promise<void> {
    await this.#ensureShell();
    await this.#source(`${name}=${quote(value)}; export ${name}`);
  }

  async read(names: readonly string[]): Promise<Record<string, string>> {
    if (names.length === 0) return {};
    await this.#ensureShell();
    const file = this.#unique('values');
    await this.#source(`command printf '%s\\0' ${names.map((name) => `"\${${name}-}"`).join(' ')} >|${quote(join(this.#paths.state.build, file))}`);
    const values = (await this.#takeState(file)).split('\0');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  }

  async expand(text: string): Promise<string> {
    if (!/[$`\\]/.test(text)) return text;
    await this.#ensureShell();
    const file = this.#unique('text');
    const end = `END_${randomBytes(8).toString('hex')}`;
    await this.#source(`command cat >|${quote(join(this.#paths.state.build, file))} <<${end}\n${text}\n${end}`);
    return (await this.#takeState(file)).replace(/\n$/, '');
  }

  async close(): Promise<void> {
    this.#control.end();
    await this.#ended;
    this.#drain();
    this.#output.destroy();
  }

  /** Version 0.1: the shell ends with its command, and the next one begins anew. */
  async #runAlone(command: string): Promise<Outcome> {
    await this.#endShell();
    await this.#startShell();
    const outcome = await this.#source(command);
    if (!outcome.shellEnded) await this.#endShell();
    return { status: outcome.status, shellEnded: false };
  }

  async #endShell(): Promise<void> {
    if (this.#shellRuns) await this.#source('exit 0');
  }

  async #ensureShell(): Promise<void> {
    if (this.#shellRuns) return;
    await this.#startShell();
    if (this.#hasState) {
      const { build } = this.#paths.state;
      // Read-only variables and a directory that was removed must not end the new shell.
      await this.#source(`. ${quote(`${build}/env`)} 2>/dev/null; command cd "$(command cat ${quote(`${build}/cwd`)})" 2>/dev/null || :`);
    }
    if (this.#moved) await this.#settle();
  }

  /** What a user's own shell would have: the variables of another one's were handed on. */
  async #settle(): Promise<void> {
    this.#moved = false;
    const user = this.#user;
    const home = user === undefined ? quote(this.#paths.home) : `~${user}`;
    await this.#source(`HOME=${home} USER=${user ?? this.#paths.user} LOGNAME=${user ?? this.#paths.user}; export HOME USER LOGNAME`);
  }

  async #startShell(): Promise<void> {
    if (this.#paths.otherUsers === undefined) await this.#openState();
    const line = await this.#ask(`${this.#user ?? '-'} ${this.#shell}`);
    this.#drain();
    if (line === 'ready') this.#shellRuns = true;
    else if (this.#user === undefined) throw new SessionLost(`The shell ${this.#shell} cannot be started`);
    else throw new CannotBecome(`run-as: ${this.#user} is not possible: su cannot start ${this.#shell}`);
  }

  /** Whoever the next shell runs as can write where the one before has written: the files are made anew, and everybody's. */
  async #openState(): Promise<void> {
    for (const file of ['env', 'cwd']) {
      const kept = await this.#takeState(file);
      await writeForAll(join(this.#paths.state.host, file), kept);
    }
  }

  async #source(command: string): Promise<Outcome & { options: string }> {
    const file = this.#unique('command');
    const host = join(this.#paths.commands.host, file);
    await writeFile(host, `${command}\n`, { flag: 'wx', mode: 0o644 });
    try {
      const line = await this.#ask(join(this.#paths.commands.build, file));
      this.#drain();
      const [kind, status, options = ''] = line.split(' ');
      // A command that is killed with all the rest may be told of before the rest has ended.
      if (status === KILLED) await this.#endsSoon();
      this.#hasState = true;
      if (kind === 'exit') this.#shellRuns = false;
      return { status: Number(status), shellEnded: kind === 'exit', options: kind === 'exit' ? '' : options };
    } finally {
      await rm(host, { force: true });
    }
  }

  /** @throws SessionLost */
  async #endsSoon(): Promise<void> {
    const patience = new AbortController();
    const over = await Promise.race([this.#ended.then((reason) => ({ reason })), delay(SOON_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
    if (over !== undefined) throw new SessionLost('The processes of the build have ended', over.reason);
  }

  async #ask(line: string): Promise<string> {
    if (this.#lost) throw new SessionLost('The processes of the build have ended', await this.#ended);
    const answer = new Promise<string | undefined>((resolve) => {
      this.#answer = resolve;
    });
    this.#control.write(`${line}\n`);
    const text = await answer;
    if (text === undefined) {
      const reason = await this.#ended;
      this.#drain();
      throw new SessionLost('The processes of the build have ended', reason);
    }
    return text;
  }

  #reply(line: string): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(line);
  }

  #lose(): void {
    this.#lost = true;
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(undefined);
  }

  /**
   * The report on descriptor 9 may overtake output that is still in the pipe. What the socket has read was handed on at
   * once, so reading the pipe until it is empty restores the order.
   */
  #drain(): void {
    const buffer = Buffer.allocUnsafe(65_536);
    for (let total = 0; total < PIPE_BYTES && !this.#output.destroyed; ) {
      let length: number;
      try {
        length = readSync(this.#keeper.outputFd, buffer);
      } catch (error) {
        if (isCode(error, 'EAGAIN')) return;
        throw error;
      }
      if (length === 0) return;
      total += length;
      this.#onOutput(Buffer.from(buffer.subarray(0, length)));
    }
  }

  #unique(kind: string): string {
    this.#number += 1;
    return `${kind}-${this.#number}-${randomBytes(6).toString('hex')}.sh`;
  }

  /** Reads and removes a file that the build wrote; a link in its place is refused. */
  async #takeState(file: string): Promise<string> {
    const path = join(this.#paths.state.host, file);
    let handle;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ELOOP')) return '';
      throw error;
    }
    try {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.min(size, MAX_STATE_BYTES));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return bytes.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
      await rm(path, { force: true });
    }
  }
}

/** A new file that everybody may write. By its descriptor: processes of the build may put a link in its place at any moment. */
export async function writeForAll(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.chmod(0o666);
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Node's types know only the first five descriptors of a child. */
export function descriptor<S extends Readable | Writable>(child: ChildProcess, fd: number): S {
  return (child.stdio as readonly unknown[])[fd] as S;
}

/** A text as one word of the shell, with nothing in it expanded. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
