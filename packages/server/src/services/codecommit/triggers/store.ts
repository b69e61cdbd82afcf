import type { RepositoryTrigger } from '@slipway/contracts/codecommit';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

interface TriggersRow {
  readonly account: string;
  readonly region: string;
  readonly repository_id: string;
  /** Another one with every change. */
  readonly configuration_id: string;
  /** JSON of `RepositoryTrigger[]`. */
  readonly triggers: string;
}

/** What one trigger has to say to its destination and has not said yet. */
export interface TriggerMessageRow {
  readonly account: string;
  readonly region: string;
  readonly message_id: string;
  readonly repository_id: string;
  /** As it was when the references moved. */
  readonly repository_arn: string;
  readonly destination_arn: string;
  readonly subject: string;
  readonly message: string;
}

export interface Triggers {
  readonly configurationId: string;
  readonly triggers: readonly RepositoryTrigger[];
}

type Tables = {
  codecommit_triggers: TriggersRow;
  codecommit_trigger_messages: TriggerMessageRow;
};

type OfRepository = Place & { readonly repository_id: string };

export async function findTriggers(source: Database['read'], { account, region, repository_id: repository }: OfRepository): Promise<Triggers | undefined> {
  const row = await source.withTables<Tables>().selectFrom('codecommit_triggers').selectAll()
    .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).executeTakeFirst();
  return row && { configurationId: row.configuration_id, triggers: JSON.parse(row.triggers) as RepositoryTrigger[] };
}

export async function putTriggers(tx: Transaction, { account, region, repository_id }: OfRepository, { configurationId, triggers }: Triggers): Promise<void> {
  const values = { configuration_id: configurationId, triggers: JSON.stringify(triggers) };
  await tx.query.withTables<Tables>().insertInto('codecommit_triggers').values({ account, region, repository_id, ...values })
    .onConflict((conflict) => conflict.columns(['account', 'region', 'repository_id']).doUpdateSet(values)).execute();
}

export async function insertTriggerMessage(tx: Transaction, row: TriggerMessageRow): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codecommit_trigger_messages').values(row).execute();
}

export async function findTriggerMessage({ read }: Pick<Database, 'read'>, { account, region }: Place, id: string): Promise<TriggerMessageRow | undefined> {
  return read.withTables<Tables>().selectFrom('codecommit_trigger_messages').selectAll()
    .where('account', '=', account).where('region', '=', region).where('message_id', '=', id).executeTakeFirst();
}

export async function deleteTriggerMessage(tx: Transaction, { account, region, message_id: id }: TriggerMessageRow): Promise<void> {
  await tx.query.withTables<Tables>().deleteFrom('codecommit_trigger_messages')
    .where('account', '=', account).where('region', '=', region).where('message_id', '=', id).execute();
}

export async function deleteTriggersOf(tx: Transaction, { account, region, repository_id: repository }: OfRepository): Promise<void> {
  for (const table of ['codecommit_triggers', 'codecommit_trigger_messages'] as const) {
    await tx.query.withTables<Tables>().deleteFrom(table)
      .where('account', '=', account).where('region', '=', region).where('repository_id', '=', repository).execute();
  }
}
