import type { Jobs } from '../../engine/jobs.ts';
import type { Outbox } from '../../engine/outbox.ts';
import type { Watches } from '../../engine/watch.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Identities, Peers } from '../../kernel/peers.ts';
import type { Place } from '../../kernel/place.ts';
import { fail, noApplication, noGroup } from './fail.ts';
import { findApplication, findGroup } from './registry-store.ts';
import type { ApplicationRow, GroupRow } from './registry-store.ts';
import { findDeployment } from './store.ts';
import type { DeploymentRow } from './store.ts';

/** What the operations share. */
export interface RoomDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly watches: Pick<Watches, 'notify'>;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly identities: Pick<Identities, 'assumeForService'>;
}

const NAME = /^[A-Za-z0-9._+=,@-]{1,100}$/;

export function applicationName(name: string | undefined): string {
  if (!name) throw fail('ApplicationNameRequiredException', 'The application name is required.');
  if (!NAME.test(name)) throw fail('InvalidApplicationNameException', `The application name is not valid: ${name}`);
  return name;
}

export function groupName(name: string | undefined): string {
  if (!name) throw fail('DeploymentGroupNameRequiredException', 'The deployment group name is required.');
  if (!NAME.test(name)) throw fail('InvalidDeploymentGroupNameException', `The deployment group name is not valid: ${name}`);
  return name;
}

export function instanceName(name: string | undefined): string {
  if (!name) throw fail('InstanceNameRequiredException', 'The instance name is required.');
  if (!NAME.test(name) || /^(i-|mi-)/.test(name)) throw fail('InvalidInstanceNameException', `The instance name is not valid: ${name}`);
  return name;
}

export async function existingApplication(db: Database, place: Place, name: string | undefined): Promise<ApplicationRow> {
  const row = await findApplication(db, place, applicationName(name));
  if (row === undefined) throw noApplication(name);
  return row;
}

export async function existingGroup(db: Database, application: ApplicationRow, name: string | undefined): Promise<GroupRow> {
  const row = await findGroup(db, application, groupName(name));
  if (row === undefined) throw noGroup(name);
  return row;
}

export async function existingDeployment(db: Database, place: Place, id: string | undefined): Promise<DeploymentRow> {
  if (!id) throw fail('DeploymentIdRequiredException', 'The deployment ID is required.');
  if (!/^d-[A-Z0-9]{9}$/.test(id)) throw fail('InvalidDeploymentIdException', `The deployment ID is not valid: ${id}`);
  const row = await findDeployment(db, place, id);
  if (row === undefined) throw fail('DeploymentDoesNotExistException', `The deployment ${id} could not be found`);
  return row;
}
