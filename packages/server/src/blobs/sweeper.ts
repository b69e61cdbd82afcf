import type { JobKey, Jobs } from '../engine/jobs.ts';
import type { Clock } from '../kernel/clock.ts';
import { lockFreeRows } from '../kernel/database/index.ts';
import type { Database } from '../kernel/database.ts';
import type { BlobFiles } from './files.ts';
import type { BlobTables } from './migrations.ts';

export interface Graces {
  /** How long a blob may wait to be claimed, counted from the begin of its writing. */
  readonly pendingMs: number;
  /** How long readers may still open a released blob. */
  readonly releasedMs: number;
  readonly everyMs: number;
}

const DEFAULT_GRACES: Graces = { pendingMs: 24 * 3_600_000, releasedMs: 3_600_000, everyMs: 300_000 };
const ROWS_PER_ROUND = 200;
const SWEEP: JobKey = { kind: 'blobs/sweep', account: '', region: '', id: 'sweep' };

/** Removes what nobody refers to: row marked `doomed`, file removed, row removed. Each step may be repeated after a crash. */
export function sweeper(deps: { readonly db: Database; readonly jobs: Jobs; readonly clock: Clock; readonly files: BlobFiles; readonly graces?: Partial<Graces> }) {
  const { db, jobs, clock, files } = deps;
  const graces = { ...DEFAULT_GRACES, ...deps.graces };

  const remove = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) await files.remove(id);
    await db.transaction((tx) => tx.query.withTables<BlobTables>().deleteFrom('blobs').where('id', 'in', ids).where('state', '=', 'doomed').execute());
  };

  jobs.handle(SWEEP.kind, async (run) => {
    const now = clock.now();
    for (let removed = ROWS_PER_ROUND; removed === ROWS_PER_ROUND; ) {
      const ids = await db.transaction(async (tx) => {
        await run.fence(tx);
        const query = tx.query.withTables<BlobTables>();
        // A row that a claim holds at this moment is left to the next round.
        const rows = await query.selectFrom('blobs').select('id')
          .where((is) => is.or([
            is('state', '=', 'doomed'),
            is.and([is('state', '=', 'pending'), is('changed', '<=', now - graces.pendingMs)]),
            is.and([is('state', '=', 'released'), is('changed', '<=', now - graces.releasedMs)]),
          ]))
          .limit(ROWS_PER_ROUND).$call(lockFreeRows(tx)).execute();
        const found = rows.map((row) => row.id);
        if (found.length > 0) await query.updateTable('blobs').set({ state: 'doomed', changed: now }).where('id', 'in', found).execute();
        return found;
      });
      if (ids.length > 0) await remove(ids);
      removed = ids.length;
    }
    run.again(now + graces.everyMs);
  });

  return {
    remove,
    /** Whether the blob was still `pending`, and thus is ours to remove. */
    async doomPending(id: string): Promise<boolean> {
      const { numUpdatedRows } = await db.transaction((tx) =>
        tx.query.withTables<BlobTables>().updateTable('blobs').set({ state: 'doomed', changed: clock.now() })
          .where('id', '=', id).where('state', '=', 'pending').executeTakeFirstOrThrow());
      return Number(numUpdatedRows) === 1;
    },
    start: (): Promise<void> => db.transaction((tx) => jobs.wake(tx, SWEEP)),
  };
}
