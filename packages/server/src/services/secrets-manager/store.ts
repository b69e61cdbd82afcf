import type { ExpressionBuilder, Kysely } from 'kysely';
import { lockRow } from '../../kernel/database/index.ts';
import type { AnyTables, Transaction } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';

export type SecretRow = {
  account: string; region: string; name: string;
  /** Six characters at the end of the ARN: a secret made again under the same name is another one. */
  suffix: string;
  description: string | null;
  /** The resource policy, JSON. */
  policy: string | null;
  /** ms UTC; `accessed` is the day alone. */
  created: number; changed: number; accessed: number | null;
  /** ms UTC: when the secret goes for good; null while it is in use. */
  deletion: number | null;
};

export type VersionRow = {
  account: string; region: string; name: string;
  /** The client's request token. */
  id: string;
  kind: 'string' | 'binary';
  /** Sealed; base64 inside for `binary`. */
  value: string;
  /** JSON: string[] */
  stages: string;
  created: number; accessed: number | null;
};

type Tables = { secrets: SecretRow; secret_versions: VersionRow };

const named = ({ account, region }: Place, name: string) => (eb: ExpressionBuilder<Tables, keyof Tables>) => eb.and({ account, region, name });

export const findSecret = (query: Kysely<AnyTables>, place: Place, name: string): Promise<SecretRow | undefined> =>
  query.withTables<Tables>().selectFrom('secrets').selectAll().where(named(place, name)).executeTakeFirst();

/** First in every transaction that decides about a secret. */
export const lockSecret = (tx: Transaction, place: Place, name: string): Promise<SecretRow | undefined> =>
  tx.query.withTables<Tables>().selectFrom('secrets').selectAll().where(named(place, name)).$call(lockRow(tx)).executeTakeFirst();

export const allSecrets = (query: Kysely<AnyTables>, { account, region }: Place): Promise<SecretRow[]> =>
  query.withTables<Tables>().selectFrom('secrets').selectAll().where('account', '=', account).where('region', '=', region).orderBy('name').execute();

export async function insertSecret(tx: Transaction, row: SecretRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('secrets').values(row).execute();
}

export async function updateSecret(tx: Transaction, row: SecretRow, change: Partial<Omit<SecretRow, 'account' | 'region' | 'name' | 'suffix'>>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('secrets').set(change).where(named(row, row.name)).execute();
}

export async function deleteSecret(tx: Transaction, row: SecretRow): Promise<void> {
  const query = tx.query.withTables<Tables>();
  await query.deleteFrom('secret_versions').where(named(row, row.name)).execute();
  await query.deleteFrom('secrets').where(named(row, row.name)).execute();
}

/** Oldest first; at most about a hundred. */
export const versionsOf = (query: Kysely<AnyTables>, place: Place, name: string): Promise<VersionRow[]> =>
  query.withTables<Tables>().selectFrom('secret_versions').selectAll().where(named(place, name)).orderBy('created').orderBy('id').execute();

export async function insertVersion(tx: Transaction, row: VersionRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('secret_versions').values(row).execute();
}

export async function updateVersion(tx: Transaction, row: VersionRow, change: Partial<Pick<VersionRow, 'stages' | 'accessed'>>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('secret_versions').set(change).where(named(row, row.name)).where('id', '=', row.id).execute();
}

export async function deleteVersion(tx: Transaction, row: VersionRow): Promise<void> {
  await tx.query.withTables<Tables>().deleteFrom('secret_versions').where(named(row, row.name)).where('id', '=', row.id).execute();
}

export const stagesOf = (row: Pick<VersionRow, 'stages'>): string[] => JSON.parse(row.stages) as string[];
