import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Outcome, Runner, Session } from './runner.ts';
import { SessionLost } from './runner.ts';
import { outputFolder } from './layout.ts';
import { makeFolders } from './workspace.ts';

/**
 * No processes: for tests of what lies around a build. A command is a small script of its own, one step per line:
 * `print TEXT`, `exit STATUS`, `set NAME VALUE`, `write PATH TEXT`, `wait` (until stopped). Anything else succeeds silently.
 */
export const dummyRunner: Runner = {
  kind: 'dummy',

  async unavailable() {
    return undefined;
  },

  async prepare({ folder }) {
    await makeFolders(folder);
    const stopped = new AbortController();
    return {
      output: outputFolder(folder),
      user: 'root',
      notices: [],
      environment: {},
      open: async ({ env, cwd, onOutput }) => new DummySession({ ...env }, cwd, onOutput, stopped.signal),
      stop: async () => stopped.abort(),
      measure: async () => ({}),
      memoryKills: async () => 0,
      destroy: async () => stopped.abort(),
    };
  },
};

class DummySession implements Session {
  readonly #variables: Record<string, string>;
  readonly #cwd: string;
  readonly #onOutput: (bytes: Uint8Array) => void;
  readonly #stopped: AbortSignal;

  constructor(variables: Record<string, string>, cwd: string, onOutput: (bytes: Uint8Array) => void, stopped: AbortSignal) {
    this.#variables = variables;
    this.#cwd = cwd;
    this.#onOutput = onOutput;
    this.#stopped = stopped;
  }

  async run(command: string): Promise<Outcome> {
    for (const line of command.split('\n')) {
      if (this.#stopped.aborted) throw new SessionLost('The build was stopped');
      const [, verb, rest = ''] = /^\s*(\S+)\s?(.*)$/.exec(line) ?? [];
      const [name = '', ...words] = rest.split(' ');
      if (verb === 'print') this.#onOutput(Buffer.from(`${await this.expand(rest)}\n`));
      if (verb === 'exit') return { status: Number(rest), shellEnded: true };
      if (verb === 'set') this.#variables[name] = words.join(' ');
      if (verb === 'write') await this.#write(name, words.join(' '));
      if (verb === 'wait') await new Promise<void>((resolve) => this.#stopped.addEventListener('abort', () => resolve(), { once: true }));
    }
    if (this.#stopped.aborted) throw new SessionLost('The build was stopped');
    return { status: 0, shellEnded: false };
  }

  async #write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.#cwd, path)), { recursive: true });
    await writeFile(join(this.#cwd, path), text);
  }

  async set(name: string, value: string): Promise<void> {
    this.#variables[name] = value;
  }

  async read(names: readonly string[]): Promise<Record<string, string>> {
    return Object.fromEntries(names.map((name) => [name, this.#variables[name] ?? '']));
  }

  async expand(text: string): Promise<string> {
    return text.replace(/\$(\w+)/g, (_, name: string) => this.#variables[name] ?? '');
  }

  async become(): Promise<void> {
    // There are no users either.
  }

  async close(): Promise<void> {
    // Nothing runs.
  }
}
