import type { Database, Transaction } from '../../../kernel/database.ts';
import { reading, writing } from './tables.ts';
import type { CredentialStatus, IamQuery, SshKeyRow } from './tables.ts';

type Key = Pick<SshKeyRow, 'account' | 'id'>;

export function findSshKey(query: IamQuery, account: string, id: string): Promise<SshKeyRow | undefined> {
  return query.selectFrom('iam_ssh_keys').selectAll().where('account', '=', account).where('id', '=', id).executeTakeFirst();
}

export function findSshKeyById(db: Database, id: string): Promise<SshKeyRow | undefined> {
  return reading(db).selectFrom('iam_ssh_keys').selectAll().where('id', '=', id).executeTakeFirst();
}

export function listSshKeys(query: IamQuery, account: string, userKey: string): Promise<SshKeyRow[]> {
  return query.selectFrom('iam_ssh_keys').selectAll().where('account', '=', account).where('user_key', '=', userKey).orderBy('created').orderBy('id').execute();
}

export async function insertSshKey(tx: Transaction, row: SshKeyRow): Promise<void> {
  await writing(tx).insertInto('iam_ssh_keys').values(row).execute();
}

export async function setSshKeyStatus(tx: Transaction, { account, id }: Key, status: CredentialStatus): Promise<void> {
  await writing(tx).updateTable('iam_ssh_keys').set({ status }).where('account', '=', account).where('id', '=', id).execute();
}

export async function deleteSshKey(tx: Transaction, { account, id }: Key): Promise<void> {
  await writing(tx).deleteFrom('iam_ssh_keys').where('account', '=', account).where('id', '=', id).execute();
}
