import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import type { Database } from '../database.ts';
import { openDatabase } from './index.ts';
import type { DatabaseOptions } from './index.ts';

/** A place for one test's database; `open` again for a second server on the same one. */
export interface Scratch {
  readonly options: DatabaseOptions;
  open(): Promise<Database>;
  /** Closes what was opened and removes everything. */
  remove(): Promise<void>;
}

/** Runs one suite on SQLite and, where `DATABASE_URL` names a server, on PostgreSQL, each test on a database of its own. */
export function describeDatabases(name: string, suite: (scratch: () => Promise<Scratch>, kind: Database['kind']) => void): void {
  describe(`${name} on sqlite`, () => suite(sqliteScratch, 'sqlite'));
  const url = process.env['DATABASE_URL'];
  if (url === undefined) {
    it.skip(`${name} on postgres: not run, since no PostgreSQL was given (DATABASE_URL; scripts/with-postgres.mjs starts one)`, () => {});
    return;
  }
  describe(`${name} on postgres`, () => suite(() => postgresScratch(url), 'postgres'));
}

export async function sqliteScratch(): Promise<Scratch> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-sqlite-'));
  return scratch({ file: join(folder, 'slipway.sqlite') }, async () => rmSync(folder, { recursive: true, force: true }));
}

export async function postgresScratch(url: string): Promise<Scratch> {
  const { default: pg } = await import('pg');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const administer = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await administer(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return scratch({ url: own.href, connections: 5 }, () => administer(`drop database ${name} with (force)`));
}

function scratch(options: DatabaseOptions, remove: () => Promise<void>): Scratch {
  const opened: Database[] = [];
  return {
    options,
    async open() {
      const db = await openDatabase(options);
      opened.push(db);
      return db;
    },
    async remove() {
      await Promise.all(opened.map((db) => db.close()));
      await remove();
    },
  };
}
