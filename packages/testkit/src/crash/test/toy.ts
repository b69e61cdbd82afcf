// A small program with everything that has to survive a crash: a counter that a job advances to 5. Each step asks
// "another room" for an entry in a ledger, once; writes a file; starts a process; then moves the counter and tells the outbox.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createJobs, createOutbox, engineMigrations } from '../../../../server/src/engine/index.ts';
import type { JobRun } from '../../../../server/src/engine/index.ts';
import { systemClock as clock } from '../../../../server/src/kernel/clock.ts';
import { lockRow, openDatabase } from '../../../../server/src/kernel/database/index.ts';
import { jsonLog } from '../../../../server/src/kernel/log.ts';
import { kernelMigrations } from '../../../../server/src/kernel/migrations.ts';
import { replay } from '../../../../server/src/kernel/replay.ts';
import type { Call } from '../../../../server/src/kernel/service.ts';

type Tables = {
  counters: { account: string; id: string; step: number; entry: string };
  ledger: { id: string; step: number };
};

const LAST = 5;
const [folder = '.', url] = process.argv.slice(2);
const db = await openDatabase(url === undefined ? { file: join(folder, 'toy.sqlite') } : { url });
await db.migrate([...kernelMigrations, ...engineMigrations, {
  id: 'toy-001',
  sql: `create table counters (account text not null, id text not null, step bigint not null, entry text not null, primary key (account, id));
    create table ledger (id text primary key, step bigint not null)`,
}]);
const log = jsonLog();
const jobs = createJobs({ db, clock, log, times: { tick: 200 } });
const outbox = createOutbox({ db, clock, log, times: { tick: 200 } });
const key = { kind: 'toy/counter', account: '1', region: 'us-east-1', id: 'c' };
const caller = { account: '1', arn: 'arn:aws:iam::1:root', userId: '1', kind: 'root', principalArn: 'arn:aws:iam::1:root' } as const;

/** Another room's operation: writes one entry per `once` key. */
async function addEntry(step: number, onceKey: string): Promise<{ entry: string }> {
  const call: Call = { caller, account: '1', region: 'us-east-1', requestId: randomUUID(), once: onceKey, endpoint: '', secure: true, signal: new AbortController().signal, headers: {} };
  return db.transaction((tx) => replay(tx, call, 'toy:AddEntry', { step }, async () => {
    const entry = randomUUID();
    await tx.query.withTables<Tables>().insertInto('ledger').values({ id: entry, step }).execute();
    return { entry };
  }, { now: clock.now() }));
}

function writeDurably(path: string, text: string): void {
  const descriptor = openSync(`${path}.new`, 'w');
  writeFileSync(descriptor, text);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(`${path}.new`, path);
}

async function advance(run: JobRun): Promise<void> {
  const counters = db.read.withTables<Tables>().selectFrom('counters');
  const { step: done } = await counters.select('step').where('id', '=', run.key.id).executeTakeFirstOrThrow();
  if (done === LAST) return;
  const step = done + 1;
  const { entry } = await addEntry(step, `c/${step}`);
  writeDurably(join(folder, `step-${step}`), entry);
  await once(spawn('true'), 'exit');
  await db.transaction(async (tx) => {
    await run.fence(tx);
    const query = tx.query.withTables<Tables>();
    const row = await query.selectFrom('counters').selectAll().where('id', '=', run.key.id).$call(lockRow(tx)).executeTakeFirstOrThrow();
    if (row.step !== done) throw new Error(`The counter is at ${row.step}, not ${done}`);
    await query.updateTable('counters').set({ step, entry }).where('id', '=', run.key.id).execute();
    await outbox.emit(tx, { account: '1', region: 'us-east-1', source: 'toy', detailType: 'Step', resources: [], detail: { step, entry }, aggregate: 'toy/c' });
    await jobs.wake(tx, run.key);
  });
}

jobs.handle('toy/counter', advance);
outbox.deliverTo(async ({ id, detail }) => appendFileSync(join(folder, 'delivered'), `${JSON.stringify({ id, ...detail })}\n`));
await jobs.start();
await outbox.start();

await db.transaction(async (tx) => {
  const { numInsertedOrUpdatedRows } = await tx.query.withTables<Tables>().insertInto('counters')
    .values({ account: '1', id: 'c', step: 0, entry: '' }).onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
  // Only the first life wakes the job: later ones must find it.
  if (numInsertedOrUpdatedRows === 1n) await jobs.wake(tx, key);
});
const waiting = async (table: 'jobs' | 'outbox'): Promise<boolean> =>
  (await db.read.withTables<Record<'jobs' | 'outbox', { account: string }>>().selectFrom(table).select('account').limit(1).execute()).length > 0;
while ((await waiting('jobs')) || (await waiting('outbox'))) {
  await jobs.idle();
  await outbox.idle();
  await delay(5);
}
await jobs.stop();
await outbox.stop();
await db.close();
