import type { Kysely } from 'kysely';
import type { RevisionLocation, Tag } from '@slipway/contracts/codedeploy';
import type { Database, Transaction } from '../../kernel/database.ts';
import { lockRow } from '../../kernel/database/index.ts';
import type { Place } from '../../kernel/place.ts';
import type { DeploymentRow, TargetRow } from './store.ts';

export type ApplicationRow = { account: string; region: string; name: string; application_id: string; created: number };
export type GroupRow = {
  account: string; region: string; application_id: string; name: string; group_id: string;
  /** JSON: `GroupSettings`. */
  settings: string;
};
export type RevisionRow = {
  account: string; region: string; application_id: string; revision_key: string;
  /** JSON: RevisionLocation. */
  revision: string;
  description: string | null; registered: number; first_used: number | null; last_used: number | null;
};
export type InstanceRow = {
  account: string; region: string; name: string; iam_arn: string; iam_kind: 'user' | 'session'; suffix: string;
  registered: number; deregistered: number | null;
  /** JSON: Tag[]. */
  tags: string;
};
type Tables = {
  codedeploy_applications: ApplicationRow; codedeploy_groups: GroupRow; codedeploy_revisions: RevisionRow; codedeploy_instances: InstanceRow;
  codedeploy_deployments: DeploymentRow; codedeploy_targets: TargetRow;
};

const tables = (from: Database | Transaction): Kysely<Tables> => ('read' in from ? from.read : from.query).withTables<Tables>();
const at = ({ account, region }: Place): Place => ({ account, region });

export const findApplication = (from: Database | Transaction, place: Place, name: string): Promise<ApplicationRow | undefined> =>
  tables(from).selectFrom('codedeploy_applications').selectAll().where((eb) => eb.and({ ...at(place), name })).executeTakeFirst();

export const listApplications = (from: Database, place: Place, after: string, limit: number): Promise<ApplicationRow[]> =>
  tables(from).selectFrom('codedeploy_applications').selectAll().where((eb) => eb.and(at(place))).where('name', '>', after).orderBy('name').limit(limit).execute();

/** With its deployments, which are shown under their application's name. */
export async function renameApplication(tx: Transaction, row: ApplicationRow, name: string): Promise<void> {
  await tables(tx).updateTable('codedeploy_applications').set({ name }).where((eb) => eb.and({ ...at(row), name: row.name })).execute();
  await tables(tx).updateTable('codedeploy_deployments').set({ application: name }).where((eb) => eb.and({ ...at(row), application_id: row.application_id })).execute();
}

/** The row, locked: first in every transaction that changes an application. */
export const lockApplication = (tx: Transaction, place: Place, name: string): Promise<ApplicationRow | undefined> =>
  tables(tx).selectFrom('codedeploy_applications').selectAll().where((eb) => eb.and({ ...at(place), name })).$call(lockRow(tx)).executeTakeFirst();

/** False when the name is taken. */
export async function insertApplication(tx: Transaction, row: ApplicationRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tables(tx).insertInto('codedeploy_applications').values(row).onConflict((on) => on.doNothing()).executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** With its groups and revisions; deployments stay as history. */
export async function deleteApplication(tx: Transaction, row: ApplicationRow): Promise<void> {
  const own = { ...at(row), application_id: row.application_id };
  await tables(tx).deleteFrom('codedeploy_groups').where((eb) => eb.and(own)).execute();
  await tables(tx).deleteFrom('codedeploy_revisions').where((eb) => eb.and(own)).execute();
  await tables(tx).deleteFrom('codedeploy_applications').where((eb) => eb.and(own)).execute();
}

export const findGroup = (from: Database | Transaction, application: ApplicationRow, name: string): Promise<GroupRow | undefined> =>
  tables(from).selectFrom('codedeploy_groups').selectAll().where((eb) => eb.and({ ...at(application), application_id: application.application_id, name })).executeTakeFirst();

/** The row, locked: first in every transaction that decides what a group does. */
export const lockGroup = (tx: Transaction, application: ApplicationRow, name: string): Promise<GroupRow | undefined> =>
  tables(tx).selectFrom('codedeploy_groups').selectAll().where((eb) => eb.and({ ...at(application), application_id: application.application_id, name }))
    .$call(lockRow(tx)).executeTakeFirst();

export const listGroups = (from: Database | Transaction, application: ApplicationRow): Promise<GroupRow[]> =>
  tables(from).selectFrom('codedeploy_groups').selectAll().where((eb) => eb.and({ ...at(application), application_id: application.application_id })).orderBy('name').execute();

export async function insertGroup(tx: Transaction, row: GroupRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tables(tx).insertInto('codedeploy_groups').values(row).onConflict((on) => on.doNothing()).executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** Writes settings and name; `was` is the row as it stands. Deployments follow the group's name. */
export async function updateGroup(tx: Transaction, was: GroupRow, change: Pick<GroupRow, 'name' | 'settings'>): Promise<void> {
  await tables(tx).updateTable('codedeploy_groups').set(change).where((eb) => eb.and({ ...at(was), application_id: was.application_id, name: was.name })).execute();
  if (change.name === was.name) return;
  await tables(tx).updateTable('codedeploy_deployments').set({ group_name: change.name }).where((eb) => eb.and({ ...at(was), group_id: was.group_id })).execute();
}

export async function deleteGroup(tx: Transaction, row: GroupRow): Promise<void> {
  await tables(tx).deleteFrom('codedeploy_groups').where((eb) => eb.and({ ...at(row), application_id: row.application_id, name: row.name })).execute();
}

/** Registers the revision, or notes its use where it is known. */
export async function putRevision(tx: Transaction, application: ApplicationRow, revision: RevisionLocation, change: { now: number; used: boolean; description?: string }): Promise<void> {
  const revision_key = revisionKey(revision);
  const { now, used, description } = change;
  await tables(tx).insertInto('codedeploy_revisions').values({
    ...at(application), application_id: application.application_id, revision_key, revision: JSON.stringify(revision),
    description: description ?? null, registered: now, first_used: used ? now : null, last_used: used ? now : null,
  }).onConflict((on) => on.columns(['account', 'region', 'application_id', 'revision_key']).doUpdateSet((eb) => ({
    ...used ? { last_used: now, first_used: eb.fn.coalesce('codedeploy_revisions.first_used', eb.val(now)) } : {},
    description: description ?? eb.ref('codedeploy_revisions.description'),
  }))).execute();
}

export const findRevision = (from: Database, application: ApplicationRow, revision: RevisionLocation): Promise<RevisionRow | undefined> =>
  tables(from).selectFrom('codedeploy_revisions').selectAll()
    .where((eb) => eb.and({ ...at(application), application_id: application.application_id, revision_key: revisionKey(revision) })).executeTakeFirst();

export const listRevisions = (from: Database, application: ApplicationRow): Promise<RevisionRow[]> =>
  tables(from).selectFrom('codedeploy_revisions').selectAll().where((eb) => eb.and({ ...at(application), application_id: application.application_id })).orderBy('revision_key').execute();

const revisionKey = ({ s3Location: s3 }: RevisionLocation): string => JSON.stringify([s3?.bucket, s3?.key, s3?.version ?? '', (s3?.eTag ?? '').replaceAll('"', '')]);

export const findInstance = (from: Database | Transaction, place: Place, name: string): Promise<InstanceRow | undefined> =>
  tables(from).selectFrom('codedeploy_instances').selectAll().where((eb) => eb.and({ ...at(place), name })).executeTakeFirst();

export const lockInstance = (tx: Transaction, place: Place, name: string): Promise<InstanceRow | undefined> =>
  tables(tx).selectFrom('codedeploy_instances').selectAll().where((eb) => eb.and({ ...at(place), name })).$call(lockRow(tx)).executeTakeFirst();

export const registeredWith = (from: Transaction, place: Place, iamArn: string): Promise<InstanceRow | undefined> =>
  tables(from).selectFrom('codedeploy_instances').selectAll().where((eb) => eb.and({ ...at(place), iam_arn: iamArn })).where('deregistered', 'is', null).executeTakeFirst();

/** By name, deregistered ones included. */
export const listInstances = (from: Database | Transaction, place: Place): Promise<InstanceRow[]> =>
  tables(from).selectFrom('codedeploy_instances').selectAll().where((eb) => eb.and(at(place))).orderBy('name').execute();

export async function saveInstance(tx: Transaction, row: InstanceRow): Promise<void> {
  await tables(tx).insertInto('codedeploy_instances').values(row).onConflict((on) => on.columns(['account', 'region', 'name']).doUpdateSet(row)).execute();
}

export const tagsOfInstance = (row: InstanceRow): Tag[] => JSON.parse(row.tags) as Tag[];

export const activeDeployment = (from: Transaction, place: Place, groupId: string): Promise<DeploymentRow | undefined> =>
  tables(from).selectFrom('codedeploy_deployments').selectAll().where((eb) => eb.and({ ...at(place), group_id: groupId })).where('completed', 'is', null).executeTakeFirst();

export const lastDeployment = (from: Database, place: Place, groupId: string, succeeded: boolean): Promise<DeploymentRow | undefined> =>
  tables(from).selectFrom('codedeploy_deployments').selectAll().where((eb) => eb.and({ ...at(place), group_id: groupId }))
    .$if(succeeded, (query) => query.where('status', '=', 'Succeeded')).orderBy('created', 'desc').orderBy('id').limit(1).executeTakeFirst();

export interface DeploymentQuery {
  readonly groupId?: string;
  readonly applicationId?: string;
  /** None: any. */
  readonly statuses: readonly DeploymentRow['status'][];
  /** When created; ms UTC, both included. */
  readonly start: number;
  readonly end: number;
  /** The last one of the page before. */
  readonly behind?: { readonly created: number; readonly id: string };
  readonly limit: number;
}

/** The newest first. */
export const listDeployments = (from: Database, place: Place, where: DeploymentQuery): Promise<DeploymentRow[]> =>
  tables(from).selectFrom('codedeploy_deployments').selectAll().where((eb) => eb.and(at(place)))
    .$if(where.groupId !== undefined, (query) => query.where('group_id', '=', where.groupId ?? ''))
    .$if(where.applicationId !== undefined, (query) => query.where('application_id', '=', where.applicationId ?? ''))
    .$if(where.statuses.length > 0, (query) => query.where('status', 'in', where.statuses))
    .where('created', '>=', where.start).where('created', '<=', where.end)
    .$if(where.behind !== undefined, (query) => query.where((eb) => eb.or([
      eb('created', '<', where.behind?.created ?? 0), eb.and([eb('created', '=', where.behind?.created ?? 0), eb('id', '>', where.behind?.id ?? '')]),
    ])))
    .orderBy('created', 'desc').orderBy('id').limit(where.limit).execute();
