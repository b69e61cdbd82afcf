import type { MirrorDirection, MirrorStatus } from '@slipway/contracts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

export interface MirrorRow {
  readonly account: string;
  readonly region: string;
  readonly repository_id: string;
  readonly direction: MirrorDirection;
  readonly url: string;
  /** Sealed JSON of `Secrets`; null where the remote asks for none. */
  readonly secrets: string | null;
  readonly host_key: string | null;
  readonly interval_ms: number;
  /** 0 or 1 */
  readonly force: number;
  /** Whoever set it up: the changes that it brings are theirs. */
  readonly caller_arn: string;
  readonly status: MirrorStatus;
  readonly status_message: string | null;
  /** JSON of names. */
  readonly diverged: string;
  readonly synced_at: number | null;
  readonly succeeded_at: number | null;
}

type Tables = { codecommit_mirrors: MirrorRow };
type Key = Pick<MirrorRow, 'account' | 'region' | 'repository_id'>;

export async function findMirror({ read }: Pick<Database, 'read'>, { account, region, repository_id: id }: Key): Promise<MirrorRow | undefined> {
  return read.withTables<Tables>().selectFrom('codecommit_mirrors').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).executeTakeFirst();
}

export async function listMirrors({ read }: Pick<Database, 'read'>, { account, region }: Place): Promise<MirrorRow[]> {
  return read.withTables<Tables>().selectFrom('codecommit_mirrors').selectAll().where('account', '=', account).where('region', '=', region).execute();
}

export async function putMirror(tx: Transaction, row: MirrorRow): Promise<void> {
  await deleteMirror(tx, row);
  await tx.query.withTables<Tables>().insertInto('codecommit_mirrors').values(row).execute();
}

/** Writes what a sync has come to; nothing where the mirror has been replaced or removed meanwhile. */
export async function noteSync(tx: Transaction, { account, region, repository_id: id, url, direction }: MirrorRow, result: Partial<Pick<MirrorRow, 'status' | 'status_message' | 'diverged' | 'synced_at' | 'succeeded_at'>>): Promise<void> {
  await tx.query.withTables<Tables>().updateTable('codecommit_mirrors').set(result).where('account', '=', account).where('region', '=', region)
    .where('repository_id', '=', id).where('url', '=', url).where('direction', '=', direction).execute();
}

export async function deleteMirror(tx: Transaction, { account, region, repository_id: id }: Key): Promise<void> {
  await tx.query.withTables<Tables>().deleteFrom('codecommit_mirrors').where('account', '=', account).where('region', '=', region).where('repository_id', '=', id).execute();
}
