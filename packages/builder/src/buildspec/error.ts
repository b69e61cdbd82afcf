export interface BuildspecProblem {
  /** As the user knows it: `buildspec.yml`, or `the project's buildspec` for inline text. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** The path of the key at fault, dotted: `phases.build.commands[2]`; empty for the whole document. */
  readonly key: string;
  readonly problem: string;
  /** What would be accepted in this place. */
  readonly accepted?: readonly string[];
}

/**
 * A buildspec that cannot be used. `statusCode` and `message` are what AWS shows in a phase's context:
 * `YAML_FILE_ERROR: <message>`. The message names file, line, column, key and what would be accepted.
 */
export class BuildspecError extends Error {
  override readonly name = 'BuildspecError';
  readonly statusCode = 'YAML_FILE_ERROR';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly key: string;
  readonly accepted: readonly string[];

  constructor(at: BuildspecProblem, options?: ErrorOptions) {
    const accepted = at.accepted === undefined || at.accepted.length === 0 ? '' : ` Accepted here: ${at.accepted.join(', ')}.`;
    super(`${at.problem} (${at.file}, line ${at.line}, column ${at.column}${at.key === '' ? '' : `, key ${at.key}`}).${accepted}`, options);
    this.file = at.file;
    this.line = at.line;
    this.column = at.column;
    this.key = at.key;
    this.accepted = at.accepted ?? [];
  }
}
