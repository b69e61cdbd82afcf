import type { Database, Transaction } from '../kernel/database.ts';
import { lockFreeRows, lockRow } from '../kernel/database/index.ts';
import { LeaseLost } from './jobs.ts';
import type { JobKey } from './jobs.ts';

export type JobTables = {
  jobs: {
    account: string;
    region: string;
    kind: string;
    id: string;
    /** ms UTC on the domain clock; `NEVER` while a run holds the row and nobody has woken it since. */
    due: number;
    /** Grows with every wake. */
    generation: number;
    /** Runs that threw, since the last that did not. */
    failures: number;
    /** Empty when no run holds the row. */
    owner: string;
    attempt: number;
    /** ms UTC in real time; 0 when no run holds the row. */
    lease_until: number;
  };
};

/** One run's hold on a row; owner and attempt together never come again. */
export interface Lease {
  readonly key: JobKey;
  readonly owner: string;
  readonly attempt: number;
  readonly generation: number;
  readonly failures: number;
}

/** Later than any time, still a safe integer. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** All SQL on the table of jobs. */
export const jobStore = {
  async wake(tx: Transaction, key: JobKey, due: number): Promise<void> {
    await jobs(tx).insertInto('jobs')
      .values({ account: key.account, region: key.region, kind: key.kind, id: key.id, due, generation: 1, failures: 0, owner: '', attempt: 0, lease_until: 0 })
      .onConflict((conflict) => conflict.columns(['account', 'region', 'kind', 'id']).doUpdateSet(({ eb, ref }) => ({
        due: eb.case().when('jobs.due', '<', ref('excluded.due')).then(ref('jobs.due')).else(ref('excluded.due')).end(),
        generation: eb('jobs.generation', '+', 1),
      })))
      .execute();
  },

  /** The earliest time at which an unheld row of these kinds is due. */
  async nextDue(db: Database, kinds: readonly string[]): Promise<number | undefined> {
    const row = await db.read.withTables<JobTables>().selectFrom('jobs').select('due')
      .where('owner', '=', '').where('kind', 'in', kinds).orderBy('due').limit(1).executeTakeFirst();
    return row?.due;
  },

  /** Takes rows that are due; on PostgreSQL past those that another server is just taking. */
  async claimDue(tx: Transaction, kinds: readonly string[], now: number, most: number, hold: Hold): Promise<Lease[]> {
    const rows = await jobs(tx).selectFrom('jobs').selectAll()
      .where('owner', '=', '').where('due', '<=', now).where('kind', 'in', kinds)
      .orderBy('due').limit(most).$call(lockFreeRows(tx)).execute();
    return take(tx, rows, hold);
  },

  /** Takes rows whose run is gone: its lease has ended, or `isGone` knows that its owner has died. */
  async claimAbandoned(tx: Transaction, kinds: readonly string[], isGone: (row: JobTables['jobs']) => boolean, most: number, hold: Hold): Promise<Lease[]> {
    const rows = await jobs(tx).selectFrom('jobs').selectAll()
      .where('lease_until', '>', 0).where('kind', 'in', kinds).$call(lockFreeRows(tx)).execute();
    return take(tx, rows.filter(isGone).slice(0, most), hold);
  },

  async hasHeld(db: Database, kinds: readonly string[], isGone: (row: JobTables['jobs']) => boolean): Promise<boolean> {
    const rows = await db.read.withTables<JobTables>().selectFrom('jobs').selectAll().where('lease_until', '>', 0).where('kind', 'in', kinds).execute();
    return rows.some(isGone);
  },

  /** Prolongs the owner's leases and tells the attempts that still hold theirs. */
  async renew(tx: Transaction, owner: string, attempts: readonly number[], leaseUntil: number): Promise<Set<number>> {
    const held = await jobs(tx).updateTable('jobs').set({ lease_until: leaseUntil })
      .where('owner', '=', owner).where('attempt', 'in', attempts).returning('attempt').execute();
    return new Set(held.map(({ attempt }) => attempt));
  },

  /** Locks the row, so that no other run takes it over before this transaction has ended. */
  async fence(tx: Transaction, lease: Lease): Promise<JobTables['jobs']> {
    const row = await jobs(tx).selectFrom('jobs').selectAll()
      .where('account', '=', lease.key.account).where('region', '=', lease.key.region).where('kind', '=', lease.key.kind).where('id', '=', lease.key.id)
      .where('owner', '=', lease.owner).where('attempt', '=', lease.attempt)
      .$call(lockRow(tx)).executeTakeFirst();
    if (!row) throw new LeaseLost(lease.key);
    return row;
  },

  async remove(tx: Transaction, key: JobKey): Promise<void> {
    await jobs(tx).deleteFrom('jobs')
      .where('account', '=', key.account).where('region', '=', key.region).where('kind', '=', key.kind).where('id', '=', key.id).execute();
  },

  async release(tx: Transaction, key: JobKey, due: number, failures: number): Promise<void> {
    await jobs(tx).updateTable('jobs').set({ due, failures, owner: '', lease_until: 0 })
      .where('account', '=', key.account).where('region', '=', key.region).where('kind', '=', key.kind).where('id', '=', key.id).execute();
  },
};

/** What a new run writes into the rows it takes. */
export interface Hold {
  readonly owner: string;
  readonly nextAttempt: () => number;
  readonly leaseUntil: number;
}

async function take(tx: Transaction, rows: readonly JobTables['jobs'][], hold: Hold): Promise<Lease[]> {
  const leases: Lease[] = [];
  for (const { account, region, kind, id, generation, failures } of rows) {
    const attempt = hold.nextAttempt();
    // From here on `due` collects only the wakes that come while the run is on.
    await jobs(tx).updateTable('jobs').set({ owner: hold.owner, attempt, lease_until: hold.leaseUntil, due: NEVER })
      .where('account', '=', account).where('region', '=', region).where('kind', '=', kind).where('id', '=', id).execute();
    leases.push({ key: { account, region, kind, id }, owner: hold.owner, attempt, generation, failures });
  }
  return leases;
}

function jobs(tx: Transaction) {
  return tx.query.withTables<JobTables>();
}
