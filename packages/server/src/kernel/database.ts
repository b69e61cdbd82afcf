import type { Kysely } from 'kysely';

/**
 * A database handle whose tables a room names with `withTables`:
 * `db.read.withTables<CodeBuildTables>()`. Untyped here because the kernel knows no room.
 */
// eslint-disable-next-line typescript/no-empty-object-type
export type AnyTables = {};

/**
 * One code path over SQLite and PostgreSQL.
 *
 * Life: `openDatabase(url)` → `migrate(all rooms' migrations)` → reads and transactions → `close()`.
 */
export interface Database {
  readonly kind: 'sqlite' | 'postgres';
  /** Committed rows only, outside any transaction. */
  readonly read: Kysely<AnyTables>;
  /**
   * Runs `work` in one durable transaction; resolves once it is on disk.
   * `work` may be run again after a serialisation failure, so it holds queries only: no files, network, git, or other
   * rooms' operations. A nested call throws.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Wakes listeners in other servers on the same database (LISTEN/NOTIFY); a no-op on SQLite. */
  notify(channel: string, payload: string): void;
  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
  migrate(migrations: readonly Migration[]): Promise<void>;
  close(): Promise<void>;
}

export interface Transaction {
  readonly kind: 'sqlite' | 'postgres';
  readonly query: Kysely<AnyTables>;
  /** Runs after the commit is durable, never after a rollback. */
  afterCommit(run: () => void): void;
}

/**
 * One step of a room's schema. `sql` is portable: `text`, `bigint` (integers, booleans as 0/1, time as ms UTC),
 * `blob`, `if not exists` unused; several statements are separated by `;`. Applied once, in the order given, and recorded by id.
 */
export interface Migration {
  /** `<room>-<number>-<what>`: `codebuild-001-projects`. */
  readonly id: string;
  readonly sql: string;
}
