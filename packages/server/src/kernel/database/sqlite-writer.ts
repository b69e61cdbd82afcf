import { AsyncResource } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import type { Transaction } from '../database.ts';
import { databaseBusy, isSqliteBusy } from './errors.ts';
import { failingOnce, queries } from './queries.ts';
import { inScope } from './scope.ts';
import { SqliteStatements } from './sqlite-statements.ts';

const LONGEST_QUEUE = 10_000;
/** A group ends after this many transactions or milliseconds, so that the first in it does not wait long for its commit. */
const LARGEST_GROUP = 256;
const LONGEST_GROUP = 25;

/** Real time in ms: how long one transaction may take, and how long to wait for another process's write lock. */
export interface WriterTimeouts {
  readonly transaction: number;
  readonly lock: number;
}

interface Waiting {
  /** Resolves to how the promise is to be settled once the group is committed. */
  run(): Promise<Settle>;
  refuse(error: unknown): void;
}

interface Settle {
  committed(): void;
  failed(error: unknown): void;
}

/**
 * The one writer of a SQLite file. Transactions queue and run one after the other; those that wait together share one
 * `BEGIN IMMEDIATE … COMMIT`, hence one sync of the disk, each under a savepoint of its own. Promises settle only
 * after the commit, failed ones too: what made them fail may be a neighbour's row that is not yet durable.
 */
export class SqliteWriter {
  readonly #db: DatabaseSyncInstance;
  readonly #statements: SqliteStatements;
  readonly #timeouts: WriterTimeouts;
  readonly #queue: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(db: DatabaseSyncInstance, timeouts: WriterTimeouts) {
    this.#db = db;
    this.#statements = new SqliteStatements(db);
    this.#timeouts = timeouts;
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('The database is closed'));
    if (this.#queue.length >= LONGEST_QUEUE) return Promise.reject(databaseBusy());
    return new Promise<T>((resolve, reject) => {
      // The work runs in the asynchronous context of who asked for it, not of whoever woke the writer.
      const asked = new AsyncResource('Transaction');
      const run = (): Promise<Settle> => asked.runInAsyncScope(() => this.#underSavepoint(work, resolve, reject));
      this.#queue.push({ run, refuse: reject });
      this.#draining ??= this.#drain();
    });
  }

  forgetStatements(): void {
    this.#statements.forget();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    this.#statements.forget();
  }

  async #drain(): Promise<void> {
    // Requests that arrived in the same turn of the event loop join the same group.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#group();
    this.#draining = undefined;
  }

  async #group(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      for (const waiting of this.#queue.splice(0)) waiting.refuse(error);
      return;
    }
    const settles: Settle[] = [];
    const began = performance.now();
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      settles.push(await next.run());
      // A full disk makes SQLite roll the whole transaction back by itself.
      if (!this.#db.isTransaction) break;
      if (settles.length >= LARGEST_GROUP || performance.now() - began > LONGEST_GROUP) break;
    }
    try {
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      for (const settle of settles) settle.failed(error);
      return;
    }
    for (const settle of settles) settle.committed();
  }

  async #begin(): Promise<void> {
    const began = performance.now();
    for (;;) {
      try {
        this.#db.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isSqliteBusy(error)) throw error;
        if (performance.now() - began > this.#timeouts.lock) throw databaseBusy(error);
        await delay(10 + Math.random() * 20);
      }
    }
  }

  async #underSavepoint<T>(work: (tx: Transaction) => Promise<T>, resolve: (value: T) => void, reject: (error: unknown) => void): Promise<Settle> {
    const after: (() => void)[] = [];
    const connection = failingOnce(async (query) => this.#statements.execute(query));
    const tx: Transaction = { kind: 'sqlite', query: queries('sqlite', connection.execute), afterCommit: (run) => after.push(run) };
    this.#db.exec('SAVEPOINT one');
    try {
      const value = await within(this.#timeouts.transaction, inScope(() => work(tx)));
      const failure = connection.failure();
      if (failure) throw failure.error;
      this.#db.exec('RELEASE one');
      return {
        committed() {
          resolve(value);
          for (const run of after) run();
        },
        failed: reject,
      };
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK TO one; RELEASE one');
      return { committed: () => reject(error), failed: reject };
    } finally {
      connection.close();
    }
  }
}

/** Every writer waits for this one, so it may not take for ever. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`A transaction took longer than ${ms} ms and was rolled back: it must hold queries only`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
