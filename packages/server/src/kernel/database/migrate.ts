import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Migration, Transaction } from '../database.ts';

/** A `type`, since Kysely takes no `interface` for tables. */
type MigrationTables = {
  migrations: { id: string; digest: string };
};

/** How a database applies one migration: everything in `apply` is one transaction that no other server runs at the same time. */
export interface MigrationRunner {
  exclusively(apply: (tx: Transaction, run: (statements: string) => Promise<void>) => Promise<void>): Promise<void>;
}

/** Applies what is not yet recorded, each migration with its record in one transaction, in the order given. */
export async function applyMigrations(runner: MigrationRunner, migrations: readonly Migration[]): Promise<void> {
  refuseRepeatedIds(migrations);
  await runner.exclusively(async (_tx, run) => run('create table if not exists migrations (id text not null primary key, digest text not null)'));
  for (const migration of migrations) {
    await runner.exclusively(async (tx, run) => {
      const query = tx.query.withTables<MigrationTables>();
      const digest = createHash('sha256').update(migration.sql).digest('hex');
      const applied = await query.selectFrom('migrations').select('digest').where('id', '=', migration.id).executeTakeFirst();
      if (applied?.digest === digest) return;
      if (applied) throw new Error(`Migration ${migration.id} was changed after this database had applied it: write a new migration instead`);
      await run(migration.sql);
      await query.insertInto('migrations').values({ id: migration.id, digest }).execute();
    });
  }
}

function refuseRepeatedIds(migrations: readonly Migration[]): void {
  const seen = new Set<string>();
  for (const { id } of migrations) {
    if (seen.has(id)) throw new Error(`Two migrations are called ${id}`);
    seen.add(id);
  }
}

const COLUMN_TYPE = /((?:[(,]|\badd\s+column\b)\s*(?:"[^"]+"|\w+)\s+)(text|blob)\b/gi;
const LITERAL_OR_COMMENT = /('(?:[^']|'')*')|--[^\n]*/g;

/** Portable types to PostgreSQL's: text compares bytewise as on SQLite, whatever the cluster's locale. */
export function postgresSql(statements: string): string {
  let translated = '';
  let from = 0;
  // Comments go first, so that a column stands right behind its comma; literals stay as they are.
  const bare = statements.replace(LITERAL_OR_COMMENT, (_all, literal: string | undefined) => literal ?? '');
  for (const match of bare.matchAll(/'(?:[^']|'')*'/g)) {
    translated += postgresTypes(bare.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return translated + postgresTypes(bare.slice(from));
}

function postgresTypes(part: string): string {
  return part.replace(COLUMN_TYPE, (_all, column: string, type: string) => column + (type.toLowerCase() === 'text' ? 'text collate "C"' : 'bytea'));
}

/** Held until the transaction ends, so that servers that start together migrate one after the other. */
export const migrationLock = sql`select pg_advisory_xact_lock(7309453211)`;
