import { StringDecoder } from 'node:string_decoder';
import type { Masker } from '../masks/masker.ts';

export interface LogLine {
  /** ms UTC */
  readonly time: number;
  readonly text: string;
}

/** CloudWatch Logs takes events of 256 KB; a longer line is cut into several, in characters of at most four bytes. */
const LONGEST_LINE = 60_000;

/** Turns a build's output into masked lines. Lines reach `write` in batches, one per chunk of output. */
export class LineWriter {
  readonly #masker: Masker;
  readonly #write: (lines: readonly LogLine[]) => void;
  readonly #now: () => number;
  #decoder = new StringDecoder('utf8');
  #partial = '';

  /** `now`: ms UTC with a fraction. */
  constructor(masker: Masker, write: (lines: readonly LogLine[]) => void, now: () => number) {
    this.#masker = masker;
    this.#write = write;
    this.#now = now;
  }

  /** Output of a command, in any pieces. */
  output(bytes: Uint8Array): void {
    this.#take(this.#masker.push(this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))));
  }

  /** A command has ended: what it left without a line's end becomes a line. */
  flush(): void {
    this.#take(this.#masker.push(this.#decoder.end()) + this.#masker.flush());
    const rest = this.#partial;
    this.#partial = '';
    if (rest !== '') this.#write([this.#line(rest)]);
  }

  /** A line of CodeBuild's own: `[Container] 2026/01/02 03:04:05.123456 Entering phase BUILD`. */
  container(text: string): void {
    this.flush();
    const now = this.#now();
    const masked = this.#masker.push(text) + this.#masker.flush();
    this.#write(containerLine(now, masked).split('\n').map((line) => ({ time: Math.floor(now), text: line })));
  }

  #take(text: string): void {
    const pieces = (this.#partial + text).split('\n');
    this.#partial = pieces.pop() ?? '';
    const lines = pieces.flatMap((piece) => cut(piece));
    while (this.#partial.length > LONGEST_LINE) {
      lines.push(this.#partial.slice(0, LONGEST_LINE));
      this.#partial = this.#partial.slice(LONGEST_LINE);
    }
    if (lines.length > 0) this.#write(lines.map((line) => this.#line(line)));
  }

  #line(text: string): LogLine {
    return { time: Math.floor(this.#now()), text };
  }
}

function cut(line: string): string[] {
  if (line.length <= LONGEST_LINE) return [line];
  const pieces: string[] = [];
  for (let from = 0; from < line.length; from += LONGEST_LINE) pieces.push(line.slice(from, from + LONGEST_LINE));
  return pieces;
}

/** A line of CodeBuild's own; `now` is ms UTC with a fraction. */
export function containerLine(now: number, text: string): string {
  return `[Container] ${stamp(now)} ${text}`;
}

/** `2026/01/02 03:04:05.123456`, UTC. */
function stamp(now: number): string {
  const micros = Math.floor((now % 1) * 1000);
  return `${new Date(now).toISOString().slice(0, 23).replace('T', ' ').replaceAll('-', '/')}${String(micros).padStart(3, '0')}`;
}
