import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../testkit/src/clock.ts';
import type { Database } from '../kernel/database.ts';
import { describeDatabases } from '../kernel/database/suite.ts';
import type { Scratch } from '../kernel/database/suite.ts';
import { silent } from '../kernel/log.ts';
import type { JobRun, Jobs } from './index.ts';
import { createJobs, engineMigrations, LeaseLost } from './index.ts';
import type { JobsDeps } from './index.ts';
import type { JobTables } from './job-store.ts';

const key = (id: string) => ({ kind: 'test/thing', account: '1', region: 'us-east-1', id });

type Counts = {
  counts: { id: string; wanted: number; seen: number };
};
const counts = (query: Database['read']) => query.withTables<Counts>();

const nothing = (): void => {};

/** A promise and what settles it. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open = nothing;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

describeDatabases('Jobs', (makeScratch) => {
  let scratch: Scratch;
  let db: Database;
  let clock: FakeClock;
  let made: Jobs[];
  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    await db.migrate(engineMigrations);
    clock = new FakeClock();
    made = [];
  });
  afterEach(async () => {
    await Promise.all(made.map((jobs) => jobs.stop()));
    await scratch.remove();
  });

  const engine = (advance: (run: JobRun) => Promise<void>, deps: Partial<JobsDeps> = {}): Jobs => {
    const jobs = createJobs({ db, clock, log: silent, ...deps });
    jobs.handle('test/thing', advance);
    made.push(jobs);
    return jobs;
  };
  const wake = (jobs: Jobs, id: string, due?: number) => db.transaction((tx) => jobs.wake(tx, key(id), due));
  const rows = () => db.read.withTables<JobTables>().selectFrom('jobs').selectAll().execute();

  it('runs a woken job once and leaves no row', async () => {
    const ran: string[] = [];
    const jobs = engine(async (run) => void ran.push(run.key.id));
    await jobs.start();
    await wake(jobs, 'a');
    await jobs.idle();
    expect([ran, await rows()]).toEqual([['a'], []]);
  });

  it('runs what was woken before the start', async () => {
    const ran: string[] = [];
    const jobs = engine(async (run) => void ran.push(run.key.id));
    await wake(jobs, 'a');
    await jobs.start();
    await jobs.idle();
    expect(ran).toEqual(['a']);
  });

  it('does not run a wake whose transaction was rolled back', async () => {
    const ran: string[] = [];
    const jobs = engine(async (run) => void ran.push(run.key.id));
    await jobs.start();
    await db.transaction(async (tx) => {
      await jobs.wake(tx, key('a'));
      throw new Error('changed my mind');
    }).catch(() => undefined);
    await jobs.idle();
    expect(ran).toEqual([]);
  });

  it('coalesces wakes of one job that come before it runs', async () => {
    let runs = 0;
    const jobs = engine(async () => void (runs += 1));
    for (let n = 0; n < 5; n += 1) await wake(jobs, 'a');
    await jobs.start();
    await jobs.idle();
    expect(runs).toBe(1);
  });

  it('runs again when woken during the run', async () => {
    let runs = 0;
    const jobs = engine(async () => {
      runs += 1;
      if (runs === 1) await wake(jobs, 'a');
    });
    await jobs.start();
    await wake(jobs, 'a');
    await jobs.idle();
    expect([runs, await rows()]).toEqual([2, []]);
  });

  it('waits for the due time, and the earlier of two wakes counts', async () => {
    const ran: number[] = [];
    const start = clock.now();
    const jobs = engine(async () => void ran.push(clock.now() - start));
    clock.settleWith(() => jobs.idle());
    await jobs.start();
    await wake(jobs, 'a', start + 60_000);
    await wake(jobs, 'a', start + 40_000);
    await wake(jobs, 'a', start + 50_000);
    await clock.advance(39_000);
    expect(ran).toEqual([]);
    await clock.advance(60_000);
    expect(ran).toEqual([40_000]);
  });

  it('runs again at the time that the run asked for', async () => {
    const ran: number[] = [];
    const start = clock.now();
    const jobs = engine(async (run) => {
      ran.push(clock.now() - start);
      if (ran.length < 3) run.again(clock.now() + 5_000);
    });
    clock.settleWith(() => jobs.idle());
    await jobs.start();
    await wake(jobs, 'a');
    await clock.advance(60_000);
    expect([ran, await rows()]).toEqual([[0, 5_000, 10_000], []]);
  });

  it('tries a failing run again with growing delay, and tells the log', async () => {
    const ran: number[] = [];
    const logged: unknown[] = [];
    const start = clock.now();
    const log = { ...silent, error: (_message: string, fields = {}) => void logged.push((fields as { failures: number }).failures) };
    const jobs = engine(async () => {
      ran.push(clock.now() - start);
      if (ran.length < 4) throw new Error('not yet');
    }, { log });
    clock.settleWith(() => jobs.idle());
    await jobs.start();
    await wake(jobs, 'a');
    await clock.advance(60_000);
    expect([ran, logged, await rows()]).toEqual([[0, 1_000, 3_000, 7_000], [1, 2, 3], []]);
  });

  it('two engines on one database never run one job at the same time, and lose no wake', async () => {
    const ids = ['a', 'b', 'c'];
    await db.migrate([{ id: 'test-001', sql: 'create table counts (id text primary key, wanted bigint not null, seen bigint not null)' }]);
    await db.transaction(async (tx) => void (await counts(tx.query).insertInto('counts').values(ids.map((id) => ({ id, wanted: 0, seen: 0 }))).execute()));
    const running = new Set<string>();
    let overlaps = 0;
    const advance = async (run: JobRun): Promise<void> => {
      const { id } = run.key;
      if (running.has(id)) overlaps += 1;
      running.add(id);
      await db.transaction(async (tx) => {
        await run.fence(tx);
        await counts(tx.query).updateTable('counts').set(({ ref }) => ({ seen: ref('wanted') })).where('id', '=', id).execute();
      });
      running.delete(id);
    };
    const one = engine(advance);
    const two = engine(advance, { db: await scratch.open() });
    await Promise.all([one.start(), two.start()]);
    await Promise.all(Array.from({ length: 60 }, (_, n) => {
      const id = ids[n % ids.length] ?? '';
      return db.transaction(async (tx) => {
        await (n % 2 === 0 ? one : two).wake(tx, key(id));
        await counts(tx.query).updateTable('counts').set(({ eb }) => ({ wanted: eb('wanted', '+', 1) })).where('id', '=', id).execute();
      });
    }));
    while ((await rows()).length > 0) await Promise.all([one.idle(), two.idle()]);
    expect(overlaps).toBe(0);
    expect(await counts(db.read).selectFrom('counts').select(['id', 'seen']).orderBy('id').execute()).toMatchObject(ids.map((id) => ({ id, seen: 20 })));
  });

  it('fences a run whose lease was taken over, and aborts its signal', async () => {
    const taken = gate();
    const first: string[] = [];
    const stuck = engine(async (run) => {
      const aborted = new Promise<void>((resolve) => run.signal.addEventListener('abort', () => resolve()));
      await taken.passed;
      await db.transaction((tx) => run.fence(tx)).catch((error: unknown) => first.push(error instanceof LeaseLost ? 'fenced' : String(error)));
      await aborted;
      first.push('aborted');
    }, { times: { lease: 1, renew: 100 } });
    await stuck.start();
    await wake(stuck, 'a');
    const second = engine(async () => taken.open(), { db: await scratch.open(), times: { tick: 5 } });
    await second.start();
    await taken.passed;
    await stuck.idle();
    await second.idle();
    expect([first, await rows()]).toEqual([['fenced', 'aborted'], []]);
  });

  it('keeps the lease of a long run by renewing it', async () => {
    const long = gate();
    const ran: string[] = [];
    const jobs = engine(async () => {
      ran.push('long');
      await long.passed;
    }, { times: { lease: 200, renew: 20 } });
    await jobs.start();
    await wake(jobs, 'a');
    const held = (await rows())[0]?.lease_until ?? 0;
    const other = engine(async () => void ran.push('other'), { db: await scratch.open(), times: { tick: 5 } });
    await other.start();
    while (((await rows())[0]?.lease_until ?? 0) < held + 400) await new Promise((resolve) => setImmediate(resolve));
    long.open();
    await jobs.idle();
    expect(ran).toEqual(['long']);
  });

  it('takes over at once what a dead process of this machine was running', async () => {
    const ran: string[] = [];
    const { makeOwner } = await import('./owner.ts');
    const parts = makeOwner().split(' ');
    const dead = [parts[0], parts[1], '1', 'x'].join(' ');
    const jobs = engine(async (run) => void ran.push(run.key.id));
    await wake(jobs, 'a');
    await db.transaction(async (tx) => {
      await tx.query.withTables<JobTables>().updateTable('jobs').set({ owner: dead, attempt: 7, lease_until: Date.now() + 60_000 }).execute();
    });
    await jobs.start();
    while ((await rows()).length > 0) await jobs.idle();
    expect(ran).toEqual(['a']);
  });

  it('gives a running job back when it is stopped, without counting a failure', async () => {
    const started = gate();
    const jobs = engine(async (run) => {
      started.open();
      await new Promise((_resolve, reject) => run.signal.addEventListener('abort', () => reject(new Error('stopping'))));
    });
    await jobs.start();
    await wake(jobs, 'a');
    await started.passed;
    await jobs.stop();
    expect(await rows()).toMatchObject([{ id: 'a', owner: '', failures: 0, due: clock.now() }]);
  });

  it('runs no more at one time than its concurrency, and all in the end', async () => {
    let now = 0;
    let most = 0;
    let total = 0;
    const jobs = engine(async () => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      total += 1;
    }, { concurrency: 3 });
    await jobs.start();
    await Promise.all(Array.from({ length: 20 }, (_, n) => wake(jobs, `id-${n}`)));
    await jobs.idle();
    expect([most, total]).toEqual([3, 20]);
  });
});
