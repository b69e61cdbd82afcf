import type { Transaction } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';

type Tables = {
  codecommit_counters: { account: string; region: string; name: string; value: number };
};

/** The next of the numbers 1, 2, 3 … of one account and region; the row holds others back until the transaction ends. */
export async function nextNumber(tx: Transaction, { account, region }: Place, name: 'pull-request' | 'comment'): Promise<number> {
  const { value } = await tx.query.withTables<Tables>().insertInto('codecommit_counters').values({ account, region, name, value: 1 })
    .onConflict((conflict) => conflict.columns(['account', 'region', 'name']).doUpdateSet((update) => ({ value: update('codecommit_counters.value', '+', 1) })))
    .returning('value').executeTakeFirstOrThrow();
  return Number(value);
}
