import type { Row } from './measure.ts';

/** What every group of rows is given. */
export interface Bench {
  /** The checkout. */
  readonly root: string;
  /** The bundled `slipway` program. */
  readonly slipway: string;
  /** The bundled load generator. */
  readonly loadProgram: string;
  /** An empty folder, gone after the run. */
  readonly scratch: string;
  /** Tells what is going on. */
  say(line: string): void;
}

/** Rows that are measured together. A group answers a row for each of its ids, measured or not. */
export interface Group {
  readonly letter: string;
  readonly title: string;
  run(bench: Bench): Promise<Row[]>;
}
