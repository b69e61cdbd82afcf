/** What the load generator is told and what it answers, over the channel between processes. */
export interface LoadOrder {
  readonly endpoint: string;
  readonly requests: readonly SignedRequest[];
  readonly connections: number;
  /** Whether the requests may be sent again when all have been; otherwise each is sent once. */
  readonly cycle: boolean;
  /** Requests ahead of the measurement. */
  readonly warmUp: number;
  /** The measurement's longest time. */
  readonly seconds: number;
}

export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoadResult {
  readonly done: number;
  readonly seconds: number;
  readonly failures: number;
  readonly firstFailure: string | undefined;
}
