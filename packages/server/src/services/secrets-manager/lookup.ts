import type { Kysely } from 'kysely';
import type { AnyTables, Transaction } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';
import { meanings } from './arns.ts';
import { markedForDeletion, noSecret } from './fail.ts';
import { findSecret, lockSecret } from './store.ts';
import type { SecretRow } from './store.ts';

/** The secret that a SecretId means, marked for deletion or not. `query` is `db.read` or a transaction's. */
export async function lookUp(query: Kysely<AnyTables>, place: Place, id: string): Promise<SecretRow | undefined> {
  for (const { place: owner, name, suffix } of meanings(id, place)) {
    const row = owner.region === place.region ? await findSecret(query, owner, name) : undefined;
    if (row !== undefined && (suffix === undefined || suffix === row.suffix)) return row;
  }
  return undefined;
}

/** @throws ResourceNotFoundException */
export async function existing(query: Kysely<AnyTables>, place: Place, id: string): Promise<SecretRow> {
  const row = await lookUp(query, place, id);
  if (row === undefined) throw noSecret();
  return row;
}

/** The secret, locked. @throws ResourceNotFoundException, and InvalidRequestException for one that is marked for deletion */
export async function lockUsable(tx: Transaction, place: Place, id: string): Promise<SecretRow> {
  const { name, suffix, ...owner } = await existing(tx.query, place, id);
  const row = await lockSecret(tx, owner, name);
  if (row?.suffix !== suffix) throw noSecret();
  if (row.deletion !== null) throw markedForDeletion();
  return row;
}
