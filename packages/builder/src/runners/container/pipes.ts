import { closeSync, constants, openSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { makePipes } from '../workspace.ts';
import type { Keeper } from '../session.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

/**
 * Our ends of the named pipes that lead into a container; `CONTAINER_KEEPER` has the others. Until the keeper has opened
 * its ends we hold them too, so that neither side takes a pipe without a writer for one that has ended.
 */
export class Pipes {
  readonly #folder: string;
  readonly #held: number[] = [];
  readonly #outputFd: number;
  readonly #life: number;
  readonly #control: Socket;
  readonly #answers: Socket;

  private constructor(folder: string) {
    const open = (name: string, flags: number): number => openSync(join(folder, name), flags);
    this.#folder = folder;
    // Opened for both: a pipe that nobody reads yet cannot be opened for writing without waiting.
    this.#life = open('life', O_RDWR);
    this.#control = new Socket({ fd: open('control', O_RDWR | O_NONBLOCK), readable: false, writable: true });
    this.#control.on('error', () => this.#control.destroy());
    this.#outputFd = open('output', O_RDONLY | O_NONBLOCK);
    const answers = open('answers', O_RDONLY | O_NONBLOCK);
    this.#held.push(open('output', O_WRONLY), open('answers', O_WRONLY));
    this.#answers = new Socket({ fd: answers, readable: true, writable: false });
    this.#answers.on('error', () => this.#answers.destroy());
  }

  static async make(folder: string): Promise<Pipes> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await makePipes(...['life', 'control', 'answers', 'output'].map((name) => join(folder, name)));
    await chmod(folder, 0o755);
    return new Pipes(folder);
  }

  /** Lets the keeper go on, and resolves with what it says of itself, or with undefined when `gone` comes first. */
  async begin(gone: Promise<unknown>): Promise<string | undefined> {
    this.#control.write('go\n');
    const lines: Interface = createInterface({ input: this.#answers });
    try {
      return await Promise.race([
        new Promise<string>((resolve) => lines.once('line', resolve)),
        gone.then(() => undefined),
      ]);
    } finally {
      lines.close();
      for (const fd of this.#held.splice(0)) closeSync(fd);
      // From here on nobody can open them by name.
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  /** The keeper, for a session; its end closes what is left. */
  keeper(ended: Promise<string | undefined>): Keeper {
    const over = ended.then((reason) => {
      this.#close();
      return reason;
    });
    return { control: this.#control, answers: this.#answers, outputFd: this.#outputFd, ended: over };
  }

  /** When no session came of it. */
  abandon(): void {
    for (const fd of this.#held.splice(0)) closeSync(fd);
    this.#answers.destroy();
    closeSync(this.#outputFd);
    this.#close();
  }

  #close(): void {
    this.#control.destroy();
    closeSync(this.#life);
  }
}
