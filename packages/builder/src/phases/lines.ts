import { StringDecoder } from 'node:string_decoder';
import type { Masker } from '../masks/masker.ts';

export interface LogLine {
  /** ms UTC */
  readonly time: number;
  readonly text: string;
}

/** CloudWatch Logs takes events of 256 KB; a longer line is cut into several, in characters of at most four bytes. */
const LONGEST_LINE = 60_000;

/** What `on-failure: RETRY-<regex>` looks at. */
const RECENT_LINES = 100;

/** Turns a build's output into masked lines. Lines reach `write` in batches, one per chunk of output. */
export class LineWriter {
  readonly #masker: Masker;
  readonly #write: (lines: readonly LogLine[]) => void;
  readonly #now: () => number;
  #decoder = new StringDecoder('utf8');
  #partial = '';
  #recent: string[] = [];

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
    if (rest !== '') this.#say([rest]);
  }

  /** A line of CodeBuild's own: `[Container] 2026/01/02 03:04:05.123456 Entering phase BUILD`. */
  container(text: string): void {
    this.flush();
    this.#recent = [];
    const now = this.#now();
    const masked = this.#masker.push(text) + this.#masker.flush();
    this.#write(containerLine(now, masked).split('\n').map((line) => ({ time: Math.floor(now), text: line })));
  }

  /** A text that leaves by another way than the log, such as a phase's context. */
  masked(text: string): string {
    this.flush();
    return this.#masker.push(text) + this.#masker.flush();
  }

  /** The last lines since the last line of CodeBuild's own: what the command that runs has said. */
  recent(): readonly string[] {
    return this.#recent;
  }

  #take(text: string): void {
    const pieces = (this.#partial + text).split('\n');
    this.#partial = pieces.pop() ?? '';
    const lines = pieces.flatMap((piece) => cut(piece));
    if (this.#partial.length > LONGEST_LINE) {
      const whole = cut(this.#partial);
      this.#partial = whole.pop() ?? '';
      lines.push(...whole);
    }
    if (lines.length > 0) this.#say(lines);
  }

  #say(lines: readonly string[]): void {
    this.#recent.push(...lines.slice(-RECENT_LINES));
    if (this.#recent.length > 2 * RECENT_LINES) this.#recent = this.#recent.slice(-RECENT_LINES);
    this.#write(lines.map((line) => this.#line(line)));
  }

  #line(text: string): LogLine {
    return { time: Math.floor(this.#now()), text };
  }
}

function cut(line: string): string[] {
  if (line.length <= LONGEST_LINE) return [line];
  const pieces: string[] = [];
  for (let from = 0; from < line.length; ) {
    let end = Math.min(from + LONGEST_LINE, line.length);
    // Not between the halves of one character.
    if (end < line.length && /[\uD800-\uDBFF]/.test(line[end - 1] ?? '')) end -= 1;
    pieces.push(line.slice(from, end));
    from = end;
  }
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
