import type { Database, Transaction } from '../../kernel/database.ts';
import { lockRow } from '../../kernel/database/index.ts';
import type { Place } from '../../kernel/place.ts';

export type GroupRow = {
  account: string; region: string; name: string; created: number; retention_days: number | null;
};

export type StreamRow = {
  account: string; region: string; log_group: string; name: string;
  /** The stream in the log store; a stream made again under the same name gets another. */
  storage_id: string; created: number;
};

type Tables = { log_groups: GroupRow; log_streams: StreamRow };

/** The room's SQL. Names are compared bytewise. */
export function store(db: Database) {
  const read = db.read.withTables<Tables>();
  const write = (tx: Transaction) => tx.query.withTables<Tables>();
  return {
    group: (at: Place, name: string) => read.selectFrom('log_groups').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('name', '=', name).executeTakeFirst(),

    lockGroup: (tx: Transaction, at: Place, name: string) => write(tx).selectFrom('log_groups').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst(),

    groups: (at: Place, page: { after: string; limit: number; prefix?: string }) => read.selectFrom('log_groups').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('name', '>', page.after)
      .$if(page.prefix !== undefined, (query) => query.where('name', '>=', page.prefix as string).where('name', '<', `${page.prefix}\u{10ffff}`))
      .orderBy('name').limit(page.limit).execute(),

    async insertGroup(tx: Transaction, row: GroupRow) {
      await write(tx).insertInto('log_groups').values(row).execute();
    },

    async updateGroup(tx: Transaction, at: Place, name: string, change: Pick<GroupRow, 'retention_days'>) {
      await write(tx).updateTable('log_groups').set(change)
        .where('account', '=', at.account).where('region', '=', at.region).where('name', '=', name).execute();
    },

    async deleteGroup(tx: Transaction, at: Place, name: string) {
      await write(tx).deleteFrom('log_groups')
        .where('account', '=', at.account).where('region', '=', at.region).where('name', '=', name).execute();
    },

    stream: (at: Place, group: string, name: string) => read.selectFrom('log_streams').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('log_group', '=', group).where('name', '=', name).executeTakeFirst(),

    streams: (at: Place, group: string, page: { after?: string; limit?: number; prefix?: string; descending?: boolean } = {}) => read.selectFrom('log_streams').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('log_group', '=', group)
      .$if(page.after !== undefined, (query) => query.where('name', page.descending ? '<' : '>', page.after as string))
      .$if(page.prefix !== undefined, (query) => query.where('name', '>=', page.prefix as string).where('name', '<', `${page.prefix}\u{10ffff}`))
      .orderBy('name', page.descending ? 'desc' : 'asc')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit as number)).execute(),

    /** Whether the row was written: false when the stream is there already. */
    async insertStream(tx: Transaction, row: StreamRow): Promise<boolean> {
      const result = await write(tx).insertInto('log_streams').values(row).onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },

    /** The storage ids of the deleted streams. */
    async deleteStreams(tx: Transaction, at: Place, group: string, name?: string): Promise<string[]> {
      const rows = await write(tx).deleteFrom('log_streams')
        .where('account', '=', at.account).where('region', '=', at.region).where('log_group', '=', group)
        .$if(name !== undefined, (query) => query.where('name', '=', name as string)).returning('storage_id').execute();
      return rows.map((row) => row.storage_id);
    },
  };
}

export type LogsTables = ReturnType<typeof store>;
