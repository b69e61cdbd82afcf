import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from './sqlite.ts';
import { sqliteScratch } from './suite.ts';
import type { Scratch } from './suite.ts';

type Tables = {
  things: { id: string; parent: string | null };
};

describe('SQLite', () => {
  let scratch: Scratch & { file: string };
  beforeEach(async () => {
    const made = await sqliteScratch();
    if (!('file' in made.options)) throw new Error('not SQLite');
    scratch = { ...made, file: made.options.file };
  });
  afterEach(() => scratch.remove());

  it('shares one commit among transactions that wait together, and resolves none before it', async () => {
    const db = await scratch.open();
    await db.migrate([{ id: 'test-001', sql: 'create table things (id text primary key, parent text)' }]);
    const committed = async () => (await db.read.withTables<Tables>().selectFrom('things').select('id').execute()).length;
    // What is done for the first time takes long enough to end a group, which waits for nobody.
    await db.transaction(async (tx) => void (await tx.query.withTables<Tables>().deleteFrom('things').execute()));
    expect(await committed()).toBe(0);
    const seen: string[] = [];
    await Promise.all(['a', 'b', 'c'].map(async (id) => {
      await db.transaction(async (tx) => {
        await tx.query.withTables<Tables>().insertInto('things').values({ id, parent: null }).execute();
        seen.push(`working ${await committed()}`);
      });
      seen.push(`resolved ${await committed()}`);
    }));
    expect(seen).toEqual(['working 0', 'working 0', 'working 0', 'resolved 3', 'resolved 3', 'resolved 3']);
  });

  it('fails every transaction of a group whose commit fails, and goes on with the next', async () => {
    const db = await scratch.open();
    await db.migrate([{ id: 'test-001', sql: 'create table things (id text primary key, parent text references things (id) deferrable initially deferred)' }]);
    const insert = (id: string, parent: string | null) => db.transaction(async (tx) => {
      await tx.query.withTables<Tables>().insertInto('things').values({ id, parent }).execute();
    });
    const outcomes = await Promise.allSettled([insert('a', null), insert('b', 'absent'), db.transaction(async () => Promise.reject(new Error('own failure')))]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason))).toEqual(Array(3).fill('Error: FOREIGN KEY constraint failed'));
    await insert('c', null);
    expect(await db.read.withTables<Tables>().selectFrom('things').select('id').execute()).toMatchObject([{ id: 'c' }]);
  });

  it('rolls back a transaction that does not end, so that others go on', async () => {
    const db = await openSqlite({ file: scratch.file, transactionTimeout: 30 });
    const stuck = db.transaction(() => new Promise(() => {}));
    const next = db.transaction(async () => 'went on');
    await expect(stuck).rejects.toThrow('took longer than 30 ms');
    expect(await next).toBe('went on');
    await db.close();
  });

  it('answers ThrottlingException when another process keeps the file locked', async () => {
    const db = await openSqlite({ file: scratch.file, lockTimeout: 30 });
    const other = new DatabaseSync(scratch.file);
    other.exec('begin immediate');
    await expect(db.transaction(async () => 1)).rejects.toMatchObject({ name: 'ThrottlingException' });
    other.exec('rollback');
    other.close();
    expect(await db.transaction(async () => 1)).toBe(1);
    await db.close();
  });

  it('writes ahead, syncs every commit, and checks foreign keys', async () => {
    const db = await scratch.open();
    const { sql } = await import('kysely');
    const pragma = async (name: string) => Object.values((await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(db.read)).rows[0] ?? {})[0];
    expect([await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys')]).toEqual(['wal', 2, 1]);
  });
});
