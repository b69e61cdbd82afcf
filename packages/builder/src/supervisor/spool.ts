import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { BuildExit, BuildSink } from '../build.ts';
import { encodeFrame } from './frames.ts';
import type { Frame } from './frames.ts';
import { spoolFile } from './folder.ts';

/** The writing end of a build's spool. Every frame is in the file when `append` returns, the last one on the disk. */
export class Spool {
  readonly #fd: number;
  readonly #wake: () => void;

  /** `wake` is called after each frame. */
  constructor(folder: string, wake: () => void) {
    this.#fd = openSync(spoolFile(folder), 'wx', 0o600);
    this.#wake = wake;
  }

  append(frame: Frame): void {
    const bytes = encodeFrame(frame);
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written);
    this.#wake();
  }

  finish(exit: BuildExit): void {
    // What came before must not be missing behind an exit that survived a power cut.
    fsyncSync(this.#fd);
    this.append({ type: 'exit', ...exit });
    fsyncSync(this.#fd);
    closeSync(this.#fd);
  }
}

export function spoolSink(spool: Spool): BuildSink {
  return {
    log: (first, lines) => spool.append({ type: 'log', first, lines }),
    phaseStarted: (phase, time) => spool.append({ type: 'phase-started', phase, time }),
    phaseEnded: (phase, status, contexts, time) => spool.append({ type: 'phase-ended', phase, status, contexts, time }),
    exported: (variables) => spool.append({ type: 'exported', variables }),
    artifact: (artifact) => spool.append({ type: 'artifact', ...artifact }),
    usage: (interval) => spool.append({ type: 'usage', ...interval }),
  };
}
