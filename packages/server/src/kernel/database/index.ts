import type { Database } from '../database.ts';
import { openSqlite } from './sqlite.ts';
import type { SqliteOptions } from './sqlite.ts';
import type { PostgresOptions } from './postgres.ts';

export { isUniqueViolation, whenTaken } from './errors.ts';
export { lockFreeRows, lockRow } from './lock.ts';
export { prepared } from './prepared.ts';
export { insideTransaction } from './scope.ts';

export type DatabaseOptions = SqliteOptions | PostgresOptions;

/** `{ file }` opens SQLite, `{ url: 'postgres://…' }` PostgreSQL, whose client `pg` is an optional package. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if ('file' in options) return openSqlite(options);
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(options);
}
