import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, readSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { isCode } from './processes.ts';
import { SessionLost } from './runner.ts';
import type { Outcome, Session, SessionOptions } from './runner.ts';

/** The control folders by both names: the host's, and the one that the build's processes use. */
export interface ControlPaths {
  readonly commands: { readonly host: string; readonly build: string };
  readonly state: { readonly host: string; readonly build: string };
}

export interface Keeper {
  readonly child: ChildProcess;
  /** The read end of the pipe that is the build's standard output and error. */
  readonly outputFd: number;
}

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
  readonly #ended: Promise<void>;
  #answer: ((line: string | undefined) => void) | undefined;
  #lost = false;
  #shellRuns = false;
  #hasState = false;
  #number = 0;

  constructor(keeper: Keeper, paths: ControlPaths, shell: string, options: SessionOptions) {
    this.#keeper = keeper;
    this.#paths = paths;
    this.#shell = shell;
    this.#onOutput = options.onOutput;
    this.#control = descriptor<Writable>(keeper.child, 8);
    this.#control.on('error', () => this.#lose());
    this.#output = new Socket({ fd: keeper.outputFd, readable: true, writable: false });
    this.#output.on('data', options.onOutput);
    this.#output.on('error', () => this.#output.destroy());
    const lines = createInterface({ input: descriptor<Readable>(keeper.child, 9) });
    lines.on('line', (line) => this.#reply(line));
    lines.on('close', () => this.#lose());
    this.#ended = new Promise((resolve) => {
      keeper.child.once('close', () => resolve());
      keeper.child.once('error', () => resolve());
    });
  }

  async run(command: string, options: { fresh?: boolean } = {}): Promise<Outcome> {
    if (options.fresh === true) return this.#runAlone(command);
    await this.#ensureShell();
    return this.#source(command);
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
    if (!this.#hasState) return;
    const { build } = this.#paths.state;
    // Read-only variables and a directory that was removed must not end the new shell.
    await this.#source(`. ${quote(`${build}/env`)} 2>/dev/null; cd "$(command cat ${quote(`${build}/cwd`)})" 2>/dev/null || :`);
  }

  async #startShell(): Promise<void> {
    this.#send(this.#shell);
    this.#shellRuns = true;
  }

  async #source(command: string): Promise<Outcome> {
    const file = this.#unique('command');
    const host = join(this.#paths.commands.host, file);
    await writeFile(host, `${command}\n`, { flag: 'wx', mode: 0o600 });
    try {
      const line = await this.#ask(join(this.#paths.commands.build, file));
      this.#drain();
      const [kind, status] = line.split(' ');
      this.#hasState = true;
      if (kind === 'exit') this.#shellRuns = false;
      return { status: Number(status), shellEnded: kind === 'exit' };
    } finally {
      await rm(host, { force: true });
    }
  }

  #send(line: string): void {
    if (this.#lost) throw new SessionLost('The processes of the build have ended');
    this.#control.write(`${line}\n`);
  }

  async #ask(line: string): Promise<string> {
    const answer = new Promise<string | undefined>((resolve) => {
      this.#answer = resolve;
    });
    this.#send(line);
    const text = await answer;
    if (text === undefined) {
      await this.#ended;
      this.#drain();
      throw new SessionLost('The processes of the build have ended');
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
      if (isCode(error, 'ENOENT') || isCode(error, 'ELOOP')) return '';
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

/** Node's types know only the first five descriptors of a child. */
export function descriptor<S extends Readable | Writable>(child: ChildProcess, fd: number): S {
  return (child.stdio as readonly unknown[])[fd] as S;
}

/** A text as one word of the shell, with nothing in it expanded. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
