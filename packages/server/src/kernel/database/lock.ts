import type { Transaction } from '../database.ts';

/**
 * Locks the selected rows until the transaction ends: `query.$call(lockRow(tx))`. First in every deciding transaction,
 * since READ COMMITTED lets two deciders read the same state. SQLite has one writer, so nothing is added there.
 */
export function lockRow(tx: Transaction) {
  return <Q extends { forUpdate(): unknown }>(query: Q): Q => (tx.kind === 'postgres' ? (query.forUpdate() as Q) : query);
}

/** As `lockRow`, but leaves out rows that another transaction holds: for claiming work. */
export function lockFreeRows(tx: Transaction) {
  return <Q extends { forUpdate(): unknown; skipLocked(): unknown }>(query: Q): Q => (tx.kind === 'postgres' ? ((query.forUpdate() as Q).skipLocked() as Q) : query);
}
