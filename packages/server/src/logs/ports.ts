import type { Caller } from '../kernel/caller.ts';

/** One line as its producer numbered it. */
export interface LogEntry {
  /** Numbered by the producer from 0 without gaps; a repeat of a number already stored is dropped. */
  readonly seq: number;
  /** ms UTC */
  readonly timestamp: number;
  readonly message: string;
}

/**
 * A room's way to write the log of a long run to CloudWatch Logs.
 *
 * Life: `open` authorises once, as `caller`, what AWS would ask of its role (logs:CreateLogGroup, logs:CreateLogStream,
 * logs:PutLogEvents), makes what is absent, and answers a writer → `append` as often as needed, from any process: a
 * producer that crashed opens again and sends again from any number it is unsure of → nothing to close.
 */
export interface LogSink {
  open(request: LogSinkRequest): Promise<LogWriter>;
}

export interface LogSinkRequest {
  readonly caller: Caller;
  readonly account: string;
  readonly region: string;
  readonly group: string;
  readonly stream: string;
  /** Makes the group and the stream where they are absent; otherwise their absence is ResourceNotFoundException. */
  readonly create: boolean;
}

export interface LogWriter {
  /** `arn:aws:logs:R:A:log-group:G:log-stream:S` */
  readonly arn: string;
  /** Resolves once the entries are on disk. */
  append(entries: readonly LogEntry[]): Promise<void>;
  /** The number that the producer should send next: one more than the highest stored, 0 for a new stream. */
  next(): Promise<number>;
}
