export interface UndeliveredOptions {
  /** Trying again cannot help. */
  readonly final?: boolean;
  /** ms that the target asked to be left alone for. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** An attempt at a delivery that failed in a way that AWS has a code for. The message is shown in dead letters: no secrets. */
export class Undelivered extends Error {
  override readonly name = 'Undelivered';
  readonly code: string;
  readonly final: boolean;
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, { final = false, retryAfter, cause }: UndeliveredOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.final = final;
    this.retryAfter = retryAfter;
  }
}
