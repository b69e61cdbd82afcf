import type { MetricReport } from '../../../kernel/metrics.ts';
import type { Transaction } from '../../../kernel/database.ts';
import { writing } from './tables.ts';

/** True from the second time on that a report comes. */
export async function seenReport(tx: Transaction, { account, region, once }: MetricReport, now: number): Promise<boolean> {
  const noted = await writing(tx).insertInto('cloudwatch_reports').values({ account, region, once, seen: now }).onConflict((known) => known.doNothing()).executeTakeFirst();
  return (noted.numInsertedOrUpdatedRows ?? 0n) === 0n;
}

export async function forgetReports(tx: Transaction, before: number): Promise<void> {
  await writing(tx).deleteFrom('cloudwatch_reports').where('seen', '<', before).execute();
}
