import { DatabaseSync } from '@photostructure/sqlite';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import type { Database } from '../database.ts';
import { applyMigrations } from './migrate.ts';
import { queries, refuseWrites } from './queries.ts';
import { refuseNested } from './scope.ts';
import { SqliteStatements } from './sqlite-statements.ts';
import { SqliteWriter } from './sqlite-writer.ts';

export interface SqliteOptions {
  /** Made when absent; its folder must exist. */
  readonly file: string;
  /** Real time after which a transaction whose work does not end is rolled back, since all writers wait for it. Default 30 000 ms. */
  readonly transactionTimeout?: number;
  /** Real time that a transaction waits for another process (a backup) to let go of the file. Default 5 000 ms. */
  readonly lockTimeout?: number;
}

/** Short, because waiting for another process blocks the event loop; the writer itself tries again for longer. */
const BUSY_TIMEOUT = 50;

export async function openSqlite(options: SqliteOptions): Promise<Database> {
  const writable = open(options.file, false);
  writable.exec('pragma journal_mode = wal');
  const readable = open(options.file, true);
  const writer = new SqliteWriter(writable, { transaction: options.transactionTimeout ?? 30_000, lock: options.lockTimeout ?? 5_000 });
  const reads = new SqliteStatements(readable);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await writer.close();
    reads.forget();
    readable.close();
    writable.close();
  };

  return {
    kind: 'sqlite',
    read: queries('sqlite', async (query) => {
      refuseWrites(query);
      return reads.execute(query);
    }),
    async transaction(work) {
      refuseNested();
      return writer.transaction(work);
    },
    notify() {},
    listen: async () => async () => {},
    async migrate(migrations) {
      await applyMigrations({ exclusively: (apply) => writer.transaction((tx) => apply(tx, async (statements) => writable.exec(statements))) }, migrations);
      writer.forgetStatements();
      reads.forget();
    },
    close: () => (closing ??= close()),
  };
}

function open(file: string, readOnly: boolean): DatabaseSyncInstance {
  const db = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true });
  db.exec('pragma synchronous = full');
  return db;
}
