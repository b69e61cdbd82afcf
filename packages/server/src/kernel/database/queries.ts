import {
  DefaultQueryExecutor, DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, SqliteAdapter,
  SqliteIntrospector, SqliteQueryCompiler,
} from 'kysely';
import type { CompiledQuery, DatabaseConnection, Dialect, QueryResult } from 'kysely';
import type { AnyTables, Database } from '../database.ts';

type Kind = Database['kind'];

/** Executes one compiled query; the only thing that the two databases do differently for queries. */
export type Execute = (query: CompiledQuery) => Promise<QueryResult<unknown>>;

const dialects: Record<Kind, Dialect> = {
  sqlite: {
    createDriver: () => new DummyDriver(),
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  },
  postgres: {
    createDriver: () => new DummyDriver(),
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  },
};

const shared = {
  sqlite: { adapter: dialects.sqlite.createAdapter(), compiler: dialects.sqlite.createQueryCompiler(), driver: new DummyDriver() },
  postgres: { adapter: dialects.postgres.createAdapter(), compiler: dialects.postgres.createQueryCompiler(), driver: new DummyDriver() },
};

/** A Kysely over one `execute`; cheap enough to make one for each transaction. */
export function queries(kind: Kind, execute: Execute): Kysely<AnyTables> {
  const connection: DatabaseConnection = {
    executeQuery: async <R>(query: CompiledQuery) => (await execute(query)) as QueryResult<R>,
    streamQuery() {
      throw new Error('Streaming a query is not offered: a cursor would hold its connection. Page by key');
    },
  };
  const { adapter, compiler, driver } = shared[kind];
  const executor = new DefaultQueryExecutor(compiler, adapter, { provideConnection: (consumer) => consumer(connection) });
  return new Kysely<AnyTables>({ config: { dialect: dialects[kind] }, dialect: dialects[kind], driver, executor });
}

const WRITES: ReadonlySet<string> = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'MergeQueryNode']);

/** `read` is for reading: a write there would be outside any transaction, and SQLite's read connection could not do it anyway. */
export function refuseWrites(query: CompiledQuery): void {
  if (WRITES.has(query.query.kind)) throw new Error('A write outside a transaction: use db.transaction');
}

/** What both databases store alike: text, whole numbers, bytes, null; booleans become 0 and 1. */
export function bindable(parameters: readonly unknown[]): unknown[] {
  return parameters.map((value, index) => {
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value === 'string' || value === null || typeof value === 'bigint' || value instanceof Uint8Array) return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw new TypeError(`Query parameter ${index + 1} is neither text, a whole number, bytes nor null`);
  });
}

/**
 * A failed statement ends a PostgreSQL transaction but not a SQLite one. Here it ends both: later queries throw the
 * first failure again, and `failure()` makes the end a rollback even when `work` swallowed it.
 */
export function failingOnce(execute: Execute): { execute: Execute; failure(): { error: unknown } | undefined; close(): void } {
  let failure: { error: unknown } | undefined;
  let closed = false;
  return {
    async execute(query) {
      if (closed) throw new Error('A query came after its transaction had ended: await every query inside the work');
      if (failure) throw failure.error;
      try {
        return await execute(query);
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    },
    failure: () => failure,
    close() {
      closed = true;
    },
  };
}
