import type { Kysely } from 'kysely';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { lockRow } from '../../../kernel/database/index.ts';
import type { Place } from '../../../kernel/place.ts';
import type { QueueName } from '../arns.ts';
import { noSuchQueue } from '../fail.ts';
import type { MessageTables } from '../messages/store.ts';

export type QueueRow = {
  account: string;
  region: string;
  name: string;
  /** Of this queue and no later one of that name. */
  id: string;
  /** Where its messages are; a purge gives it another, and what is in the old one is thrown away. */
  box: string;
  fifo: number;
  /** JSON of the attributes that somebody set. */
  attributes: string;
  dead_letter_arn: string | null;
  created: number;
  modified: number;
  /** When it was last purged. */
  purged: number | null;
  /** The row of a deleted queue keeps its name taken for a minute. */
  deleted: number | null;
};

export type MoveTaskRow = {
  account: string;
  region: string;
  id: string;
  /** The source's name. */
  queue: string;
  destination_arn: string | null;
  rate: number | null;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  moved: number;
  to_move: number;
  failure: string | null;
  started: number;
};

export type Tables = MessageTables & {
  sqs_queues: QueueRow;
  sqs_move_tasks: MoveTaskRow;
};

export const reading = (db: Database): Kysely<Tables> => db.read.withTables<Tables>();
export const writing = (tx: Transaction): Kysely<Tables> => tx.query.withTables<Tables>();

const named = ({ account, region, name }: QueueName) => ({ account, region, name });

export function findQueue(query: Kysely<Tables>, at: QueueName): Promise<QueueRow | undefined> {
  return query.selectFrom('sqs_queues').selectAll().where((eb) => eb.and(named(at))).where('deleted', 'is', null).executeTakeFirst();
}

/** Deleted ones too. First in every transaction that decides about a queue. */
export function lockQueue(tx: Transaction, at: QueueName): Promise<QueueRow | undefined> {
  return writing(tx).selectFrom('sqs_queues').selectAll().where((eb) => eb.and(named(at))).$call(lockRow(tx)).executeTakeFirst();
}

/** Locks a queue that is to be changed. */
export async function lockLiving(tx: Transaction, at: QueueName): Promise<QueueRow> {
  const row = await lockQueue(tx, at);
  if (row === undefined || row.deleted !== null) throw noSuchQueue();
  return row;
}

export async function insertQueue(tx: Transaction, row: QueueRow): Promise<void> {
  await writing(tx).insertInto('sqs_queues').values(row).execute();
}

export async function updateQueue(tx: Transaction, at: QueueName, changes: Partial<QueueRow>): Promise<void> {
  await writing(tx).updateTable('sqs_queues').set(changes).where((eb) => eb.and(named(at))).execute();
}

export async function removeQueueRow(tx: Transaction, at: QueueName): Promise<void> {
  await writing(tx).deleteFrom('sqs_queues').where((eb) => eb.and(named(at))).execute();
}

export function listQueues(query: Kysely<Tables>, { account, region }: Place, options: { prefix: string; after: string; limit: number }): Promise<QueueRow[]> {
  let found = query.selectFrom('sqs_queues').selectAll().where('account', '=', account).where('region', '=', region).where('deleted', 'is', null).where('name', '>', options.after);
  if (options.prefix !== '') found = found.where('name', '>=', options.prefix).where('name', '<', `${options.prefix}\u{10FFFF}`);
  return found.orderBy('name').limit(options.limit).execute();
}

/** The queues whose dead letters go to this one. */
export function listSources(query: Kysely<Tables>, arn: string, options: { after: string; limit: number }): Promise<QueueRow[]> {
  return query.selectFrom('sqs_queues').selectAll().where('dead_letter_arn', '=', arn).where('deleted', 'is', null).where('name', '>', options.after)
    .orderBy('name').limit(options.limit).execute();
}

/** Every queue there is, deleted ones too, for the room's own work. */
export function allQueues(query: Kysely<Tables>, after: QueueName, limit: number): Promise<QueueRow[]> {
  return query.selectFrom('sqs_queues').selectAll()
    .where(({ eb, or, and }) => or([
      eb('account', '>', after.account),
      and([eb('account', '=', after.account), eb('region', '>', after.region)]),
      and([eb('account', '=', after.account), eb('region', '=', after.region), eb('name', '>', after.name)]),
    ])).orderBy('account').orderBy('region').orderBy('name').limit(limit).execute();
}
