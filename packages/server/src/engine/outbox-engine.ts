import type { Clock } from '../kernel/clock.ts';
import type { Database, Transaction } from '../kernel/database.ts';
import { uuid } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { createJobs } from './job-engine.ts';
import type { JobTimes } from './job-engine.ts';
import type { JobKey, JobRun } from './jobs.ts';
import type { DomainEvent, Outbox, StoredEvent } from './outbox.ts';

export interface OutboxDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly owner?: string;
  readonly times?: Partial<JobTimes>;
}

type OutboxTables = {
  outbox: {
    account: string;
    region: string;
    aggregate: string;
    sequence: number;
    id: string;
    time: number;
    source: string;
    detail_type: string;
    /** JSON */
    resources: string;
    /** JSON */
    detail: string;
  };
};

const KIND = 'engine/outbox';
const PAGE = 50;

/**
 * An outbox whose deliveries are keyed jobs, one per aggregate: that is what makes them serial among servers, retried
 * with growing delay, and woken by the very commit that holds the event.
 */
export function createOutbox({ db, clock, log, owner, times }: OutboxDeps): Outbox {
  const jobs = createJobs({ db, clock, log, owner, times });
  let deliver: ((event: StoredEvent) => Promise<void>) | undefined;

  async function deliverAll(run: JobRun): Promise<void> {
    if (!deliver) throw new Error('The outbox has no deliverer');
    for (let rows = await pending(db, run.key); rows.length > 0; rows = await pending(db, run.key)) {
      for (const row of rows) {
        run.signal.throwIfAborted();
        await deliver(stored(row));
        await db.transaction((tx) => remove(tx, row));
      }
    }
  }
  jobs.handle(KIND, deliverAll);

  return {
    async emit(tx, event) {
      // The wake comes first: on PostgreSQL it holds the aggregate's job row, so that sequences are given one at a time.
      await jobs.wake(tx, { kind: KIND, account: event.account, region: event.region, id: event.aggregate });
      await insert(tx, event, clock.now());
    },
    deliverTo(to) {
      if (deliver) throw new Error('The outbox has a deliverer already');
      deliver = to;
    },
    start: () => jobs.start(),
    stop: () => jobs.stop(),
    idle: () => jobs.idle(),
  };
}

async function insert(tx: Transaction, event: DomainEvent, time: number): Promise<void> {
  const query = tx.query.withTables<OutboxTables>();
  const { account, region, aggregate } = event;
  // Sequences begin anew once everything is delivered; only the order of what waits matters.
  const last = await query.selectFrom('outbox').select('sequence')
    .where('account', '=', account).where('region', '=', region).where('aggregate', '=', aggregate)
    .orderBy('sequence', 'desc').limit(1).executeTakeFirst();
  await query.insertInto('outbox').values({
    account, region, aggregate, sequence: (last?.sequence ?? 0) + 1,
    id: uuid(), time, source: event.source, detail_type: event.detailType,
    resources: JSON.stringify(event.resources), detail: JSON.stringify(event.detail),
  }).execute();
}

function pending(db: Database, key: JobKey) {
  return db.read.withTables<OutboxTables>().selectFrom('outbox').selectAll()
    .where('account', '=', key.account).where('region', '=', key.region).where('aggregate', '=', key.id)
    .orderBy('sequence').limit(PAGE).execute();
}

async function remove(tx: Transaction, row: OutboxTables['outbox']): Promise<void> {
  // By id too: a run that lost its lease may be late, and a sequence may have begun anew.
  await tx.query.withTables<OutboxTables>().deleteFrom('outbox')
    .where('account', '=', row.account).where('region', '=', row.region).where('aggregate', '=', row.aggregate)
    .where('sequence', '=', row.sequence).where('id', '=', row.id).execute();
}

function stored(row: OutboxTables['outbox']): StoredEvent {
  return {
    id: row.id,
    account: row.account,
    region: row.region,
    source: row.source,
    detailType: row.detail_type,
    resources: JSON.parse(row.resources) as string[],
    time: row.time,
    detail: JSON.parse(row.detail) as Record<string, unknown>,
    aggregate: row.aggregate,
  };
}
