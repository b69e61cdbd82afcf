import type { Transaction } from '../kernel/database.ts';

/** Names an aggregate whose next step may be due: one row, one run at a time, anywhere. */
export interface JobKey {
  /** `codebuild/build`, `codepipeline/execution` */
  readonly kind: string;
  readonly account: string;
  readonly region: string;
  readonly id: string;
}

/** One run of an aggregate's job, under a lease. */
export interface JobRun {
  readonly key: JobKey;
  /** Aborted when the lease is lost or the server stops. */
  readonly signal: AbortSignal;
  /** Throws `LeaseLost` inside a transaction when another run has taken over: call it first in every deciding transaction. */
  fence(tx: Transaction): Promise<void>;
  /** Asks to be run again at `due` (ms UTC, domain clock) unless woken earlier. */
  again(due: number): void;
}

export type Advance = (run: JobRun) => Promise<void>;

/**
 * Keyed background work. Life: `handle` at composition → `start` → wakes and runs → `stop` (waits for running steps).
 * Waking is an upsert (`due = min(due, t)`, `generation + 1`); finishing deletes the row only if the generation is
 * unchanged: wakes coalesce, one aggregate advances serially, none is lost. A run that throws is tried again with
 * growing delay; a run whose server died is taken over when its lease ends.
 */
export interface Jobs {
  handle(kind: string, advance: Advance): void;
  /** Part of the caller's transaction. `due` defaults to now. */
  wake(tx: Transaction, key: JobKey, due?: number): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when nothing is running or due now: for tests and clean shutdown. */
  idle(): Promise<void>;
}

/** The run's lease has gone to another run: what this one was about to write is no longer its to decide. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';

  constructor(key: JobKey) {
    super(`The lease of ${key.kind} ${key.id} is lost`);
  }
}
