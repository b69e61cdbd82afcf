import type { ExpressionBuilder, Kysely } from 'kysely';
import { lockRow } from '../../kernel/database/index.ts';
import type { AnyTables, Transaction } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';

/** The aggregate: which version is the latest. */
export type ParameterRow = { account: string; region: string; name: string; version: number };

export type VersionRow = {
  account: string; region: string; name: string; version: number;
  type: string;
  /** Sealed. */
  value: string;
  description: string | null; key_id: string | null; allowed_pattern: string | null; tier: string;
  /** JSON: string[] */
  labels: string;
  /** ms UTC */
  modified: number;
  /** The caller's ARN. */
  modified_by: string;
};

type Tables = { ssm_parameters: ParameterRow; ssm_parameter_versions: VersionRow };

const at = ({ account, region }: Place) => (eb: ExpressionBuilder<Tables, keyof Tables>) => eb.and({ account, region });
const named = ({ account, region }: Place, name: string) => (eb: ExpressionBuilder<Tables, keyof Tables>) => eb.and({ account, region, name });

export const lockParameter = (tx: Transaction, place: Place, name: string): Promise<ParameterRow | undefined> =>
  tx.query.withTables<Tables>().selectFrom('ssm_parameters').selectAll().where(named(place, name)).$call(lockRow(tx)).executeTakeFirst();

export async function insertParameter(tx: Transaction, row: ParameterRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('ssm_parameters').values(row).execute();
}

export async function setLatest(tx: Transaction, { account, region, name, version }: ParameterRow): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('ssm_parameters').set({ version }).where(named({ account, region }, name)).execute();
}

export async function deleteParameter(tx: Transaction, place: Place, name: string): Promise<void> {
  const query = tx.query.withTables<Tables>();
  await query.deleteFrom('ssm_parameter_versions').where(named(place, name)).execute();
  await query.deleteFrom('ssm_parameters').where(named(place, name)).execute();
}

export async function insertVersion(tx: Transaction, row: VersionRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('ssm_parameter_versions').values(row).execute();
}

export async function setLabels(tx: Transaction, row: VersionRow, labels: readonly string[]): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('ssm_parameter_versions').set({ labels: JSON.stringify(labels) })
    .where(named(row, row.name)).where('version', '=', row.version).execute();
}

export async function deleteVersion(tx: Transaction, row: VersionRow): Promise<void> {
  await tx.query.withTables<Tables>().deleteFrom('ssm_parameter_versions').where(named(row, row.name)).where('version', '=', row.version).execute();
}

/** All versions, oldest first; at most a hundred. `query` is `db.read` or a transaction's. */
export const versionsOf = (query: Kysely<AnyTables>, place: Place, name: string): Promise<VersionRow[]> =>
  query.withTables<Tables>().selectFrom('ssm_parameter_versions').selectAll().where(named(place, name)).orderBy('version').execute();

export const findVersion = (query: Kysely<AnyTables>, place: Place, name: string, version: number): Promise<VersionRow | undefined> =>
  query.withTables<Tables>().selectFrom('ssm_parameter_versions').selectAll().where(named(place, name)).where('version', '=', version).executeTakeFirst();

/** Latest versions in the order of their names, behind a name. */
export const latestVersions = (query: Kysely<AnyTables>, place: Place, after: string, limit: number): Promise<VersionRow[]> =>
  query.withTables<Tables>().selectFrom('ssm_parameters').innerJoin('ssm_parameter_versions', (join) => join
    .onRef('ssm_parameter_versions.account', '=', 'ssm_parameters.account').onRef('ssm_parameter_versions.region', '=', 'ssm_parameters.region')
    .onRef('ssm_parameter_versions.name', '=', 'ssm_parameters.name').onRef('ssm_parameter_versions.version', '=', 'ssm_parameters.version'))
    .selectAll('ssm_parameter_versions')
    .where('ssm_parameters.account', '=', place.account).where('ssm_parameters.region', '=', place.region).where('ssm_parameters.name', '>', after)
    .orderBy('ssm_parameters.name').limit(limit).execute();

export const latestVersion = async (query: Kysely<AnyTables>, place: Place, name: string): Promise<VersionRow | undefined> => {
  const latest = await query.withTables<Tables>().selectFrom('ssm_parameters').select('version').where(at(place)).where('name', '=', name).executeTakeFirst();
  return latest && findVersion(query, place, name, latest.version);
};

export const labelsOf = (row: VersionRow): string[] => JSON.parse(row.labels) as string[];
