import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway, type SlipwayOptions } from '@slipway/testkit';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { postgresScratch, type Scratch } from '../../kernel/database/suite.ts';

/** A server on the suite's database, with a data folder of this name; another name is another server on the same database. */
export type StartOnPostgres = (name: string, options?: Omit<SlipwayOptions, 'data'>) => Promise<Slipway>;

/** A suite whose servers share one PostgreSQL database; skipped by name where `DATABASE_URL` names none. What it started last under each name is stopped for it. */
export function describeOnPostgres(name: string, suite: (start: StartOnPostgres) => void): void {
  const url = process.env['DATABASE_URL'];
  if (url === undefined) {
    it.skip(`${name} on PostgreSQL: not run, since no PostgreSQL was given (DATABASE_URL; scripts/with-postgres.mjs starts one)`, () => {});
    return;
  }
  describe(`${name} on PostgreSQL`, () => {
    let scratch: Scratch;
    let data: string;
    let shared: Record<string, string>;
    const started = new Map<string, Slipway>();

    beforeAll(async () => {
      scratch = await postgresScratch(url);
      data = await mkdtemp(join(tmpdir(), 'slipway-postgres-'));
      // Servers of one database seal with one key, which is then never made by itself.
      const masterKeyFile = join(data, 'given.key');
      await writeFile(masterKeyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
      shared = { SLIPWAY_DATABASE_URL: (scratch.options as { url: string }).url, SLIPWAY_MASTER_KEY_FILE: masterKeyFile };
    });

    afterAll(async () => {
      for (const server of started.values()) await server.stop();
      await scratch.remove();
      await rm(data, { recursive: true, force: true });
    });

    suite(async (server, options = {}) => {
      const slipway = await Slipway.start({ ...options, data: join(data, server), settings: { ...shared, ...options.settings } });
      started.set(server, slipway);
      return slipway;
    });
  });
}
