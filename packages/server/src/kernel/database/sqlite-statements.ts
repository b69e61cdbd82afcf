import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';
import { bindable } from './queries.ts';

const KEPT = 500;

interface Statement {
  readonly prepared: StatementSyncInstance;
  readonly givesRows: boolean;
}

/** Executes queries on one connection and keeps the statements used last prepared. */
export class SqliteStatements {
  readonly #db: DatabaseSyncInstance;
  readonly #kept = new Map<string, Statement>();

  constructor(db: DatabaseSyncInstance) {
    this.#db = db;
  }

  execute(query: CompiledQuery): QueryResult<unknown> {
    const { prepared, givesRows } = this.#prepare(query.sql);
    const parameters = bindable(query.parameters);
    if (givesRows) {
      const rows = prepared.all(...parameters);
      return { rows, numAffectedRows: BigInt(rows.length) };
    }
    return { rows: [], numAffectedRows: BigInt(prepared.run(...parameters).changes) };
  }

  /** A changed schema may change what a statement gives. */
  forget(): void {
    this.#kept.clear();
  }

  #prepare(sql: string): Statement {
    const kept = this.#kept.get(sql);
    if (kept) {
      this.#kept.delete(sql);
      this.#kept.set(sql, kept);
      return kept;
    }
    const prepared = this.#db.prepare(sql);
    const statement = { prepared, givesRows: prepared.columns().length > 0 };
    this.#kept.set(sql, statement);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > KEPT && !oldest.done) this.#kept.delete(oldest.value);
    return statement;
  }
}
