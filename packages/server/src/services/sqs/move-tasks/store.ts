import type { Database, Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Place } from '../../../kernel/place.ts';
import type { QueueName } from '../arns.ts';
import { reading, writing } from '../queues/store.ts';
import type { MoveTaskRow } from '../queues/store.ts';

export type TaskKey = Place & { readonly id: string };

export async function insertTask(tx: Transaction, row: MoveTaskRow): Promise<void> {
  await writing(tx).insertInto('sqs_move_tasks').values(row).execute();
}

export function lockTask(tx: Transaction, { account, region, id }: TaskKey): Promise<MoveTaskRow | undefined> {
  return writing(tx).selectFrom('sqs_move_tasks').selectAll().where('account', '=', account).where('region', '=', region).where('id', '=', id).$call(lockRow(tx)).executeTakeFirst();
}

export async function updateTask(tx: Transaction, { account, region, id }: TaskKey, changes: Partial<MoveTaskRow>): Promise<void> {
  await writing(tx).updateTable('sqs_move_tasks').set(changes).where('account', '=', account).where('region', '=', region).where('id', '=', id).execute();
}

export function runningTask(tx: Transaction, { account, region, name }: QueueName): Promise<MoveTaskRow | undefined> {
  return writing(tx).selectFrom('sqs_move_tasks').selectAll().where('account', '=', account).where('region', '=', region).where('queue', '=', name).where('status', '=', 'RUNNING').executeTakeFirst();
}

/** The latest first. */
export function listTasks(db: Database, { account, region, name }: QueueName, limit: number): Promise<MoveTaskRow[]> {
  return reading(db).selectFrom('sqs_move_tasks').selectAll().where('account', '=', account).where('region', '=', region).where('queue', '=', name)
    .orderBy('started', 'desc').limit(limit).execute();
}

/** AWS shows ten; older ones are not kept. */
export async function forgetOldTasks(tx: Transaction, { account, region, name }: QueueName, kept: number): Promise<void> {
  const old = await writing(tx).selectFrom('sqs_move_tasks').select('id').where('account', '=', account).where('region', '=', region).where('queue', '=', name)
    .where('status', '!=', 'RUNNING').orderBy('started', 'desc').offset(kept).limit(100).execute();
  if (old.length > 0) await writing(tx).deleteFrom('sqs_move_tasks').where('account', '=', account).where('region', '=', region).where('id', 'in', old.map(({ id }) => id)).execute();
}
