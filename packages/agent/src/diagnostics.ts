/** What CodeDeploy's API shows as a lifecycle event's `errorCode`, by the number the agent sends. */
export const ErrorCode = {
  success: 0,
  scriptMissing: 1,
  scriptNotExecutable: 2,
  scriptTimedOut: 3,
  scriptFailed: 4,
  unknownError: 5,
  outputsLeftOpen: 6,
  failedAfterRestart: 7,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** The JSON payload of PutHostCommandComplete, in the agent protocol's own spelling. */
export interface Diagnostics {
  readonly error_code: ErrorCode;
  readonly script_name: string;
  readonly message: string;
  readonly log: string;
}

/** A lifecycle event that failed in a way the deployment's owner is meant to read. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: ErrorCode;
  readonly script: string;
  readonly log: string;

  constructor(code: ErrorCode, message: string, options: { script?: string; log?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.script = options.script ?? '';
    this.log = options.log ?? '';
  }
}

export function diagnosticsOf(error: unknown): Diagnostics {
  if (error instanceof CommandError) return { error_code: error.code, script_name: error.script, message: error.message, log: error.log };
  return { error_code: ErrorCode.unknownError, script_name: '', message: error instanceof Error ? error.message : String(error), log: '' };
}

export function succeeded(log: string): Diagnostics {
  return { error_code: ErrorCode.success, script_name: '', message: 'Succeeded', log };
}

/** CodeDeploy documents a `logTail` of at most 4 KB. */
const LOG_TAIL_BYTES = 4096;

/** The end of a lifecycle event's output: whole lines, as many as fit, and the end of the last line where it alone is too long. */
export class LogTail {
  #lines: Buffer[] = [];
  #bytes = 0;

  append(line: string): void {
    let bytes = Buffer.from(line);
    if (bytes.length > LOG_TAIL_BYTES) bytes = bytes.subarray(bytes.length - LOG_TAIL_BYTES);
    this.#lines.push(bytes);
    this.#bytes += bytes.length;
    while (this.#bytes > LOG_TAIL_BYTES) this.#bytes -= this.#lines.shift()?.length ?? 0;
  }

  toString(): string {
    return Buffer.concat(this.#lines).toString('utf8');
  }
}
