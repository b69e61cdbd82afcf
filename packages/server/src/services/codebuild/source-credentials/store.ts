import type { AuthType, ServerType } from '@slipway/contracts/codebuild';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

export interface SourceCredentialRow extends Place {
  readonly server_type: ServerType;
  readonly auth_type: AuthType;
  readonly user_name: string | null;
  /** Sealed; see `sealedPlace`. A secret's ARN where `auth_type` is SECRETS_MANAGER. */
  readonly token: string;
  /** What may be shown of it: the secret's ARN. */
  readonly resource: string | null;
}

type Tables = { codebuild_source_credentials: SourceCredentialRow };

export const sealedPlace = ({ account, region, server_type }: Pick<SourceCredentialRow, 'account' | 'region' | 'server_type'>): string => `codebuild_source_credentials/token/${account}/${region}/${server_type}`;

export async function findSourceCredential({ read }: Pick<Database, 'read'>, { account, region }: Place, type: ServerType): Promise<SourceCredentialRow | undefined> {
  return read.withTables<Tables>().selectFrom('codebuild_source_credentials').selectAll().where('account', '=', account).where('region', '=', region).where('server_type', '=', type).executeTakeFirst();
}

export async function listSourceCredentials({ read }: Pick<Database, 'read'>, { account, region }: Place): Promise<SourceCredentialRow[]> {
  return read.withTables<Tables>().selectFrom('codebuild_source_credentials').selectAll().where('account', '=', account).where('region', '=', region).orderBy('server_type').execute();
}

export async function insertSourceCredential(tx: Transaction, row: SourceCredentialRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codebuild_source_credentials').values(row).execute();
}

export async function deleteSourceCredential(tx: Transaction, { account, region }: Place, type: ServerType): Promise<boolean> {
  const { numDeletedRows } = await tx.query.withTables<Tables>().deleteFrom('codebuild_source_credentials').where('account', '=', account).where('region', '=', region).where('server_type', '=', type).executeTakeFirst();
  return numDeletedRows > 0n;
}
