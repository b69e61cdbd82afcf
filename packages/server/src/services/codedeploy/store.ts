import type { RevisionLocation } from '@slipway/contracts/codedeploy';
import type { Database, Transaction } from '../../kernel/database.ts';
import { lockRow } from '../../kernel/database/index.ts';
import type { Place } from '../../kernel/place.ts';
import type { EventState, TargetState } from './decide.ts';

export type DeploymentStatus = 'Created' | 'InProgress' | 'Succeeded' | 'Failed' | 'Stopped';

export type DeploymentRow = {
  account: string; region: string; id: string; application_id: string; application: string; group_id: string; group_name: string; config: string;
  status: DeploymentStatus; stop_requested: number; ignore_stop_failures: number;
  /** JSON: `DeploymentSettings`. */
  settings: string;
  creator: string; created: number; started: number | null; completed: number | null; error_code: string | null; error_message: string | null;
};
export type TargetRow = {
  account: string; region: string; deployment: string; id: string; position: number;
  /** The ARN with which the host's agent signs. */
  host_identifier: string;
  /** The end of the instance's ARN: `name_suffix`. */
  suffix: string;
  status: TargetState; updated: number;
};
/** A lifecycle event of a target, and while it is InProgress the command that its agent is handed. */
export type EventRow = {
  account: string; region: string; deployment: string; target: string; position: number; name: string; status: EventState;
  command: string | null; host_identifier: string; handed: number | null; acknowledged: number | null; started: number | null; ended: number | null;
  /** JSON: CodeDeploy's Diagnostics. */
  diagnostics: string | null;
};
export type Tables = { codedeploy_deployments: DeploymentRow; codedeploy_targets: TargetRow; codedeploy_lifecycle_events: EventRow };

export interface DeploymentSettings {
  /** The deployment group's, as it was when the deployment was created. */
  readonly serviceRoleArn: string;
  readonly revision: RevisionLocation;
  readonly fileExistsBehavior?: 'DISALLOW' | 'OVERWRITE' | 'RETAIN';
  readonly description?: string;
}

const tables = (from: Database | Transaction) => ('read' in from ? from.read : from.query).withTables<Tables>();
const at = ({ account, region }: Place): Place => ({ account, region });

/** The row, locked: first in every transaction that decides about a deployment. */
export function lockDeployment(tx: Transaction, place: Place, id: string): Promise<DeploymentRow | undefined> {
  return tables(tx).selectFrom('codedeploy_deployments').selectAll().where((eb) => eb.and({ ...at(place), id })).$call(lockRow(tx)).executeTakeFirst();
}

export function findDeployment(from: Database | Transaction, place: Place, id: string): Promise<DeploymentRow | undefined> {
  return tables(from).selectFrom('codedeploy_deployments').selectAll().where((eb) => eb.and({ ...at(place), id })).executeTakeFirst();
}

export function targetsOf(from: Database | Transaction, place: Place, deployment: string): Promise<TargetRow[]> {
  return tables(from).selectFrom('codedeploy_targets').selectAll().where((eb) => eb.and({ ...at(place), deployment })).orderBy('position').execute();
}

/** By target and then in the order in which they run. */
export function eventsOf(from: Database | Transaction, place: Place, deployment: string): Promise<EventRow[]> {
  return tables(from).selectFrom('codedeploy_lifecycle_events').selectAll().where((eb) => eb.and({ ...at(place), deployment }))
    .orderBy('target').orderBy('position').execute();
}

export async function insertDeployment(tx: Transaction, row: DeploymentRow, targets: readonly TargetRow[], events: readonly EventRow[]): Promise<void> {
  await tables(tx).insertInto('codedeploy_deployments').values(row).execute();
  for (const target of targets) await tables(tx).insertInto('codedeploy_targets').values(target).execute();
  for (const event of events) await tables(tx).insertInto('codedeploy_lifecycle_events').values(event).execute();
}

export async function updateDeployment(tx: Transaction, row: DeploymentRow, change: Partial<DeploymentRow>): Promise<void> {
  await tables(tx).updateTable('codedeploy_deployments').set(change).where((eb) => eb.and({ ...at(row), id: row.id })).execute();
}

export async function updateTarget(tx: Transaction, row: TargetRow, change: Partial<TargetRow>): Promise<void> {
  await tables(tx).updateTable('codedeploy_targets').set(change)
    .where((eb) => eb.and({ ...at(row), deployment: row.deployment, id: row.id })).execute();
}

export async function updateEvent(tx: Transaction, row: EventRow, change: Partial<EventRow>): Promise<void> {
  await tables(tx).updateTable('codedeploy_lifecycle_events').set(change)
    .where((eb) => eb.and({ ...at(row), deployment: row.deployment, target: row.target, position: row.position })).execute();
}

export function findCommand(from: Database | Transaction, place: Place, command: string): Promise<EventRow | undefined> {
  return tables(from).selectFrom('codedeploy_lifecycle_events').selectAll().where((eb) => eb.and({ ...at(place), command })).executeTakeFirst();
}

/** Commands of the host that were never handed out, or whose handing was not acknowledged since `before`. */
export function waitingCommand(from: Database | Transaction, place: Place, hostIdentifier: string, before: number): Promise<EventRow | undefined> {
  return tables(from).selectFrom('codedeploy_lifecycle_events').selectAll()
    .where((eb) => eb.and({ ...at(place), host_identifier: hostIdentifier, status: 'InProgress' })).where('acknowledged', 'is', null)
    .where((eb) => eb.or([eb('handed', 'is', null), eb('handed', '<=', before)])).orderBy('started').orderBy('deployment').executeTakeFirst();
}

/** Whether this call is the one that takes it: `handed` is as it was seen. */
export async function takeCommand(tx: Transaction, seen: EventRow, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tables(tx).updateTable('codedeploy_lifecycle_events').set({ handed: now })
    .where((eb) => eb.and({ ...at(seen), deployment: seen.deployment, target: seen.target, position: seen.position, status: 'InProgress' }))
    .where('handed', seen.handed === null ? 'is' : '=', seen.handed).where('acknowledged', 'is', null).executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}
