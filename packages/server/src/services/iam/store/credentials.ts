import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Slice } from './entities.ts';
import { reading, writing } from './tables.ts';
import type { AccessKeyRow, CredentialStatus, IamQuery, ServiceCredentialRow } from './tables.ts';

export function findAccessKey(db: Database, accessKeyId: string): Promise<AccessKeyRow | undefined> {
  return reading(db).selectFrom('iam_access_keys').selectAll().where('access_key_id', '=', accessKeyId).executeTakeFirst();
}

export function listAccessKeys(query: IamQuery, account: string, userKey: string, slice: Slice): Promise<AccessKeyRow[]> {
  let found = query.selectFrom('iam_access_keys').selectAll().where('account', '=', account).where('user_key', '=', userKey);
  if (slice.after !== undefined) found = found.where('access_key_id', '>', slice.after);
  return found.orderBy('access_key_id').limit(slice.limit).execute();
}

export async function insertAccessKey(tx: Transaction, row: AccessKeyRow): Promise<void> {
  await writing(tx).insertInto('iam_access_keys').values(row).execute();
}

export async function setAccessKeyStatus(tx: Transaction, key: Pick<AccessKeyRow, 'account' | 'access_key_id' | 'user_key'>, status: CredentialStatus): Promise<boolean> {
  const changed = await writing(tx).updateTable('iam_access_keys').set({ status }).where('account', '=', key.account).where('access_key_id', '=', key.access_key_id)
    .where('user_key', '=', key.user_key).executeTakeFirst();
  return changed.numUpdatedRows > 0n;
}

export async function deleteAccessKey(tx: Transaction, key: Pick<AccessKeyRow, 'account' | 'access_key_id' | 'user_key'>): Promise<boolean> {
  const gone = await writing(tx).deleteFrom('iam_access_keys').where('account', '=', key.account).where('access_key_id', '=', key.access_key_id)
    .where('user_key', '=', key.user_key).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

export function findServiceCredential(query: IamQuery, account: string, id: string): Promise<ServiceCredentialRow | undefined> {
  return query.selectFrom('iam_service_credentials').selectAll().where('account', '=', account).where('id', '=', id).executeTakeFirst();
}

export function findServiceCredentialByName(db: Database, service: string, serviceUserName: string): Promise<ServiceCredentialRow | undefined> {
  return reading(db).selectFrom('iam_service_credentials').selectAll().where('service', '=', service).where('service_user_name', '=', serviceUserName).executeTakeFirst();
}

export function listServiceCredentials(query: IamQuery, account: string, userKey: string): Promise<ServiceCredentialRow[]> {
  return query.selectFrom('iam_service_credentials').selectAll().where('account', '=', account).where('user_key', '=', userKey).orderBy('created').orderBy('id').execute();
}

export async function insertServiceCredential(tx: Transaction, row: ServiceCredentialRow): Promise<void> {
  await writing(tx).insertInto('iam_service_credentials').values(row).execute();
}

export async function updateServiceCredential(tx: Transaction, row: ServiceCredentialRow, change: Partial<Pick<ServiceCredentialRow, 'status' | 'password_hash'>>): Promise<void> {
  await writing(tx).updateTable('iam_service_credentials').set(change).where('account', '=', row.account).where('id', '=', row.id).execute();
}

export async function deleteServiceCredential(tx: Transaction, row: ServiceCredentialRow): Promise<void> {
  await writing(tx).deleteFrom('iam_service_credentials').where('account', '=', row.account).where('id', '=', row.id).execute();
}
