import type { Client, ClientConfig, Pool, PoolClient } from 'pg';
import { CompiledQuery } from 'kysely';
import type { QueryResult } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Transaction } from '../database.ts';
import { silent } from '../log.ts';
import type { Log } from '../log.ts';
import { databaseBusy, isPostgresBusy, isRetryable } from './errors.ts';
import { applyMigrations, migrationLock, postgresSql } from './migrate.ts';
import { PostgresListener } from './postgres-listener.ts';
import { bindable, failingOnce, queries, refuseWrites } from './queries.ts';
import { inScope, refuseNested } from './scope.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Most connections of this server. Default 10. */
  readonly connections?: number;
  readonly log?: Log;
}

const ATTEMPTS = 10;
const INT8 = 20;
const NUMERIC = 1700;

export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const pg = await loadClient();
  const log = options.log ?? silent;
  const config: ClientConfig = {
    connectionString: options.url,
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: 30_000,
    lock_timeout: 10_000,
    application_name: 'slipway',
    // Sums of bigint come as numeric; both fit a number here, since only safe integers are stored.
    types: { getTypeParser: (oid: number, format?: 'text' | 'binary') => (oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format as 'text')) },
  };
  const pool = new pg.Pool({ ...config, max: options.connections ?? 10 });
  // A connection that breaks while idle is replaced at its next use.
  pool.on('error', (error) => log.warn('An idle database connection broke', { error }));
  const listener = new PostgresListener(() => new pg.Client({ ...config, keepAlive: true }) as Client, log);

  const running = new Set<Promise<unknown>>();
  const transaction = async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    if (closing) throw new Error('The database is closed');
    const run = retrying(() => once(pool, work));
    const ended = run.then(() => undefined, () => undefined);
    running.add(ended);
    void ended.then(() => running.delete(ended));
    return run;
  };
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(running);
    await listener.close();
    await pool.end();
  };

  return {
    kind: 'postgres',
    read: queries('postgres', async (query) => {
      refuseWrites(query);
      try {
        return result(await pool.query(query.sql, bindable(query.parameters)));
      } catch (error) {
        throw isPostgresBusy(error) ? databaseBusy(error) : error;
      }
    }),
    async transaction(work) {
      refuseNested();
      return transaction(work);
    },
    notify(channel, payload) {
      pool.query('select pg_notify($1, $2)', [channel, payload]).catch((error: unknown) => log.warn('A notification to other servers failed', { channel, error }));
    },
    listen: (channel, heard) => listener.listen(channel, heard),
    async migrate(migrations) {
      await applyMigrations({
        exclusively: (apply) => transaction(async (tx) => {
          await migrationLock.execute(tx.query);
          await apply(tx, async (statements) => void (await tx.query.executeQuery(CompiledQuery.raw(postgresSql(statements)))));
        }),
      }, migrations);
    },
    close: () => (closing ??= close()),
  };
}

async function loadClient() {
  try {
    return (await import('pg')).default;
  } catch (cause) {
    throw new Error('PostgreSQL needs the package "pg": npm install pg', { cause });
  }
}

async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (isPostgresBusy(error)) throw databaseBusy(error);
      if (!isRetryable(error)) throw error;
      if (tries === ATTEMPTS) throw databaseBusy(error);
      await delay(Math.random() * 5 * 2 ** tries);
    }
  }
}

async function once<T>(pool: Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  const after: (() => void)[] = [];
  const connection = failingOnce(async (query) => result(await run(client, query)));
  const tx: Transaction = { kind: 'postgres', query: queries('postgres', connection.execute), afterCommit: (task) => after.push(task) };
  let value: T;
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    value = await inScope(() => work(tx));
    const failure = connection.failure();
    if (failure) throw failure.error;
    connection.close();
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    connection.close();
    await rollback(client);
    // A serialisation failure counts even when the work turned it into an error of its own.
    const failure = connection.failure();
    throw failure && isRetryable(failure.error) ? failure.error : error;
  }
  for (const task of after) task();
  return value;
}

async function rollback(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch (error) {
    // The connection is gone, and the transaction with it; the first error tells why.
    client.release(error instanceof Error ? error : true);
  }
}

function run(client: PoolClient, query: CompiledQuery) {
  const parameters = bindable(query.parameters);
  // Without parameters pg takes the simple protocol, which allows a migration's several statements.
  return parameters.length === 0 ? client.query(query.sql) : client.query(query.sql, parameters);
}

function result(answer: { rows?: unknown[]; rowCount?: number | null }): QueryResult<unknown> {
  return { rows: answer.rows ?? [], numAffectedRows: BigInt(answer.rowCount ?? 0) };
}
