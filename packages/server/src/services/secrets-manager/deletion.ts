import type { Advance, JobKey } from '../../engine/jobs.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';
import { removeAllTags } from '../../kernel/tags.ts';
import { secretArn } from './arns.ts';
import { deleteSecret, findSecret, lockSecret } from './store.ts';
import type { SecretRow } from './store.ts';

/** The end of a recovery window. */
export const deletionJob = ({ account, region, name }: Place & { readonly name: string }): JobKey => ({ kind: 'secrets-manager/deletion', account, region, id: name });

export function endRecovery({ db, clock }: { readonly db: Database; readonly clock: Clock }): Advance {
  return async (run) => {
    const waiting = await findSecret(db.read, run.key, run.key.id);
    if (waiting === undefined || waiting.deletion === null) return;
    if (waiting.deletion > clock.now()) return run.again(waiting.deletion);
    await db.transaction(async (tx) => {
      await run.fence(tx);
      const row = await lockSecret(tx, run.key, run.key.id);
      // It may have been restored meanwhile.
      if (row !== undefined && row.deletion !== null && row.deletion <= clock.now()) await removeForGood(tx, row);
    });
  };
}

export async function removeForGood(tx: Transaction, row: SecretRow): Promise<void> {
  await deleteSecret(tx, row);
  await removeAllTags(tx, { account: row.account, arn: secretArn(row) });
}
