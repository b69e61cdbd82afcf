import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Database, Migration } from '../database.ts';
import { insideTransaction, isUniqueViolation, lockRow, prepared } from './index.ts';
import { describeDatabases } from './suite.ts';
import type { Scratch } from './suite.ts';

type Tables = {
  things: { account: string; id: string; count: number; data: Uint8Array | null };
};

const migrations: Migration[] = [{
  id: 'test-001-things',
  sql: `create table things (account text not null, id text not null, count bigint not null default 0, data blob, primary key (account, id));
    -- a comment, with text in it
    create index things_by_count on things (count)`,
}];

const counted = prepared((things: Kysely<Tables>, given: { readonly id: string; readonly least: number }) => things.selectFrom('things').select('count')
  .where('account', '=', '1').where('id', '=', given.id).where('count', '>=', given.least));

const increment = (through: Database) => through.transaction(async (tx) => {
  const things = tx.query.withTables<Tables>();
  const { count } = await things.selectFrom('things').select('count').where('id', '=', 'a').$call(lockRow(tx)).executeTakeFirstOrThrow();
  await things.updateTable('things').set({ count: count + 1 }).where('id', '=', 'a').execute();
});

describeDatabases('Database', (makeScratch, kind) => {
  let scratch: Scratch;
  let db: Database;
  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    await db.migrate(migrations);
  });
  afterEach(() => scratch.remove());

  const read = () => db.read.withTables<Tables>().selectFrom('things');
  const insert = (id: string, count = 0, data: Uint8Array | null = null) =>
    db.transaction(async (tx) => {
      await tx.query.withTables<Tables>().insertInto('things').values({ account: '1', id, count, data }).execute();
      return id;
    });

  const inside = () => db.transaction(() => delay(10).then(insideTransaction));

  const flip = () => db.transaction(async (tx) => {
    const { numUpdatedRows } = await tx.query.withTables<Tables>().updateTable('things').set({ count: 1 }).where('id', '=', 'a').where('count', '=', 0).executeTakeFirst();
    return Number(numUpdatedRows);
  });
  const addToBoth = (first: string, second: string) => db.transaction(async (tx) => {
    for (const id of [first, second]) {
      await tx.query.withTables<Tables>().updateTable('things').set(({ eb }) => ({ count: eb('count', '+', 1) })).where('id', '=', id).execute();
      await delay(50);
    }
  });

  it('stores text, whole numbers as large as time in ms, bytes and null, and gives them back', async () => {
    await insert('a', 1_893_456_000_000, Buffer.from([0, 255]));
    await insert('b');
    const rows = await read().selectAll().orderBy('id').execute();
    expect(rows.map(({ id, count, data }) => [id, count, data && [...data]])).toEqual([['a', 1_893_456_000_000, [0, 255]], ['b', 0, null]]);
  });

  it('runs a prepared query with the values of each run, within a transaction too', async () => {
    await insert('a', 3);
    await insert('b', 5);
    expect([await counted(db.read, { id: 'a', least: 0 }), await counted(db.read, { id: 'b', least: 0 }), await counted(db.read, { id: 'b', least: 6 })]).toEqual([[{ count: 3 }], [{ count: 5 }], []]);
    const inside = await db.transaction(async (tx) => {
      await tx.query.withTables<Tables>().updateTable('things').set({ count: 7 }).where('id', '=', 'a').execute();
      return counted(tx.query, { id: 'a', least: 7 });
    });
    expect(inside).toEqual([{ count: 7 }]);
  });

  it('gives counts and sums as numbers', async () => {
    await insert('a', 2);
    await insert('b', 3);
    const row = await read().select(({ fn }) => [fn.countAll<number>().as('n'), fn.sum<number>('count').as('sum')]).executeTakeFirstOrThrow();
    expect({ ...row }).toEqual({ n: 2, sum: 5 });
  });

  it('tells how many rows a guarded update flipped', async () => {
    await insert('a');
    expect([await flip(), await flip()]).toEqual([1, 0]);
  });

  it('orders text bytewise whatever the locale', async () => {
    for (const id of ['b', 'A', 'a', 'B', 'é', '_']) await insert(id);
    expect((await read().select('id').orderBy('id').execute()).map(({ id }) => id)).toEqual(['A', 'B', '_', 'a', 'b', 'é']);
  });

  it('refuses a value that the two databases would store differently', async () => {
    await expect(insert('a', 1.5)).rejects.toThrow('Query parameter 3 is neither text, a whole number, bytes nor null');
  });

  it('refuses a write outside a transaction', async () => {
    await expect(db.read.withTables<Tables>().deleteFrom('things').execute()).rejects.toThrow('use db.transaction');
  });

  it('rolls a failing transaction back alone, with everything it wrote', async () => {
    const failing = db.transaction(async (tx) => {
      await tx.query.withTables<Tables>().insertInto('things').values({ account: '1', id: 'lost', count: 0, data: null }).execute();
      throw new Error('changed my mind');
    });
    const outcomes = await Promise.allSettled([insert('before'), failing, insert('after')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await read().select('id').orderBy('id').execute()).map(({ id }) => id)).toEqual(['after', 'before']);
  });

  it('rolls back when a query failed, even if the work swallowed that', async () => {
    await insert('a');
    const swallowing = db.transaction(async (tx) => {
      const things = tx.query.withTables<Tables>();
      await things.insertInto('things').values({ account: '1', id: 'b', count: 0, data: null }).execute();
      await things.insertInto('things').values({ account: '1', id: 'a', count: 0, data: null }).execute().catch(() => undefined);
    });
    await expect(swallowing).rejects.toSatisfy(isUniqueViolation);
    expect(await read().select('id').execute()).toHaveLength(1);
  });

  it('runs what waits for the commit after it, and never after a rollback', async () => {
    const ran: string[] = [];
    await db.transaction(async (tx) => tx.afterCommit(() => ran.push('committed')));
    await db.transaction(async (tx) => {
      tx.afterCommit(() => ran.push('rolled back'));
      throw new Error('no');
    }).catch(() => undefined);
    expect(ran).toEqual(['committed']);
  });

  it('refuses a transaction inside a transaction, and knows when it is inside one', async () => {
    const seen: boolean[] = [insideTransaction()];
    await db.transaction(async () => {
      seen.push(insideTransaction());
      await expect(db.transaction(async () => 1)).rejects.toThrow('inside a transaction');
    }).finally(() => seen.push(insideTransaction()));
    expect(seen).toEqual([false, true, false]);
  });

  it('knows that it is inside one while others end', async () => {
    expect(await Promise.all([inside(), inside().then(inside), inside()])).toEqual([true, true, true]);
  });

  it('does not count what a transaction left running as inside it', async () => {
    const later: Promise<boolean>[] = [];
    await db.transaction(async () => void later.push(delay(20).then(insideTransaction)));
    expect(await later[0]).toBe(false);
  });

  it('refuses a query that comes after the transaction has ended', async () => {
    let late: (() => Promise<unknown>) | undefined;
    await db.transaction(async (tx) => {
      late = () => tx.query.withTables<Tables>().selectFrom('things').selectAll().execute();
    });
    await expect(late?.()).rejects.toThrow('after its transaction had ended');
  });

  it('prevents write skew: two deciders that lock the row see each other', async () => {
    await insert('a');
    const other = await scratch.open();
    await Promise.all(Array.from({ length: 40 }, (_, n) => increment(n % 2 === 0 ? db : other)));
    expect(await read().select('count').executeTakeFirstOrThrow()).toMatchObject({ count: 40 });
  });

  it('commits many transactions that wait together, each whole', async () => {
    const ids = await Promise.all(Array.from({ length: 300 }, (_, n) => insert(`id-${n}`)));
    expect(new Set(ids).size).toBe(300);
    expect(await read().select('id').execute()).toHaveLength(300);
  });

  it('applies a migration once, and refuses one that was changed afterwards', async () => {
    await Promise.all([db.migrate(migrations), (await scratch.open()).migrate(migrations)]);
    await expect(db.migrate([{ id: 'test-001-things', sql: 'select 1' }])).rejects.toThrow('test-001-things was changed');
  });

  it('leaves nothing of a migration that fails half-way', async () => {
    await expect(db.migrate([{ id: 'test-002', sql: 'create table half (id text); create table things (id text)' }])).rejects.toThrow();
    await db.migrate([{ id: 'test-002', sql: 'create table half (id text)' }]);
  });

  it('finishes what it began when it is closed', async () => {
    const other = await scratch.open();
    const begun = insert('a');
    await db.close();
    await begun;
    expect(await other.read.withTables<Tables>().selectFrom('things').select('id').execute()).toHaveLength(1);
  });

  if (kind === 'postgres') {
    it('wakes listeners in another server', async () => {
      const other = await scratch.open();
      const heard = new Promise<string>((resolve) => void other.listen('news', resolve).then(() => db.notify('news', 'hello')));
      expect(await heard).toBe('hello');
    });

    it('tries a transaction again after a deadlock', async () => {
      await insert('a');
      await insert('b');
      await Promise.all([addToBoth('a', 'b'), addToBoth('b', 'a')]);
      expect((await read().select('count').execute()).map(({ count }) => count)).toEqual([2, 2]);
    });
  }
});
