import type { Clock } from '../kernel/clock.ts';
import type { Database, Transaction } from '../kernel/database.ts';
import type { Log } from '../kernel/log.ts';
import { jobStore, NEVER } from './job-store.ts';
import type { Hold, JobTables, Lease } from './job-store.ts';
import { LeaseLost } from './jobs.ts';
import type { Advance, JobKey, JobRun, Jobs } from './jobs.ts';
import { isDead, makeOwner } from './owner.ts';

export interface JobsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this engine in its leases; unique. Made up by default. */
  readonly owner?: string;
  /** Most runs at one time. Default 100. */
  readonly concurrency?: number;
  readonly times?: Partial<JobTimes>;
}

/** Real time, in ms: a lease must end even when the domain clock stands still. */
export interface JobTimes {
  /** Default 30 000. Servers' clocks must agree to well within it. */
  readonly lease: number;
  /** Default 10 000. */
  readonly renew: number;
  /** How often to look for abandoned rows and for wake-ups that got lost between servers. Default 5 000. */
  readonly tick: number;
}

/** Domain time after the n-th failure in a row: 1 s, 2 s, 4 s … at most a minute. */
export function retryDelay(failures: number): number {
  return Math.min(1_000 * 2 ** Math.min(failures - 1, 10), 60_000);
}

const CHANNEL = 'slipway_jobs';

export function createJobs(deps: JobsDeps): Jobs {
  return new JobEngine(deps);
}

interface Running {
  readonly lease: Lease;
  readonly controller: AbortController;
  leaseUntil: number;
  ended: Promise<void>;
}

class JobEngine implements Jobs {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #owner: string;
  readonly #concurrency: number;
  readonly #times: JobTimes;
  readonly #handlers = new Map<string, Advance>();
  readonly #running = new Map<number, Running>();
  #attempts = 0;
  #state: 'new' | 'started' | 'stopping' | 'stopped' = 'new';
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #lookForAbandoned = false;
  #timer: { at: number; cancel: () => void } | undefined;
  #intervals: NodeJS.Timeout[] = [];
  #renewing: Promise<void> | undefined;
  #unlisten: (() => Promise<void>) | undefined;
  #notifying = new Set<string>();

  constructor({ db, clock, log, owner = makeOwner(), concurrency = 100, times = {} }: JobsDeps) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
    this.#owner = owner;
    this.#concurrency = concurrency;
    this.#times = { lease: 30_000, renew: 10_000, tick: 5_000, ...times };
  }

  handle(kind: string, advance: Advance): void {
    if (this.#handlers.has(kind)) throw new Error(`Jobs of kind ${kind} are handled already`);
    this.#handlers.set(kind, advance);
  }

  async wake(tx: Transaction, key: JobKey, due = this.#clock.now()): Promise<void> {
    await jobStore.wake(tx, key, due);
    tx.afterCommit(() => {
      if (due > this.#clock.now()) this.#arm(due);
      else this.#look();
      this.#tellOthers(key.kind);
    });
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error('The jobs were started before');
    this.#state = 'started';
    this.#unlisten = await this.#db.listen(CHANNEL, (kind) => {
      if (this.#handlers.has(kind)) this.#look();
    });
    this.#intervals = [
      setInterval(() => void (this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined))), this.#times.renew),
      setInterval(() => this.#look({ abandoned: true }), this.#times.tick),
    ];
    this.#look({ abandoned: true });
  }

  async stop(): Promise<void> {
    if (this.#state === 'started') this.#state = 'stopping';
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#looking;
    for (const { controller } of this.#running.values()) controller.abort(new Error('The server is stopping'));
    // Leases are renewed until the last run has ended.
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    for (const interval of this.#intervals) clearInterval(interval);
    await this.#renewing;
    await this.#unlisten?.();
    this.#state = 'stopped';
  }

  async idle(): Promise<void> {
    while (this.#state === 'started') {
      const busy = [...this.#running.values()].map(({ ended }) => ended);
      if (this.#looking) busy.push(this.#looking);
      if (busy.length > 0) {
        await Promise.all(busy);
        continue;
      }
      const due = await this.#nextDue();
      if (this.#running.size > 0 || this.#looking) continue;
      if (due === undefined || due > this.#clock.now()) return;
      this.#look();
    }
  }

  /** Looks for rows to run, once more when asked while looking. */
  #look(options: { abandoned?: boolean } = {}): void {
    if (options.abandoned) this.#lookForAbandoned = true;
    if (this.#state !== 'started' || this.#handlers.size === 0) return;
    this.#lookAgain = true;
    this.#looking ??= this.#lookRepeatedly().finally(() => (this.#looking = undefined));
  }

  async #lookRepeatedly(): Promise<void> {
    while (this.#lookAgain && this.#state === 'started') {
      this.#lookAgain = false;
      try {
        await this.#claim();
      } catch (error) {
        // The next tick looks again.
        this.#log.error('Looking for due jobs failed', { error });
      }
    }
  }

  async #claim(): Promise<void> {
    const free = this.#concurrency - this.#running.size;
    if (free <= 0) return;
    const kinds = [...this.#handlers.keys()];
    const leaseUntil = Date.now() + this.#times.lease;
    const hold: Hold = { owner: this.#owner, leaseUntil, nextAttempt: () => (this.#attempts += 1) };
    const abandoned = this.#lookForAbandoned;
    this.#lookForAbandoned = false;
    const isGone = (row: JobTables['jobs']): boolean => this.#isGone(row);
    if (abandoned && (await jobStore.hasHeld(this.#db, kinds, isGone))) {
      this.#run(await this.#db.transaction((tx) => jobStore.claimAbandoned(tx, kinds, isGone, free, hold)), leaseUntil);
    }
    const due = await this.#nextDue();
    if (due === undefined) return;
    const now = this.#clock.now();
    if (due > now) return this.#arm(due);
    const room = this.#concurrency - this.#running.size;
    if (room <= 0) return;
    const leases = await this.#db.transaction((tx) => jobStore.claimDue(tx, kinds, now, room, hold));
    this.#run(leases, leaseUntil);
    // More may be due, and when not, the timer is to be set to the next; rows that another server holds are its business.
    if (leases.length > 0) this.#lookAgain = true;
  }

  /** A row held by this very engine is gone only when its run is: the end of the run may have failed to be written. */
  #isGone(row: JobTables['jobs']): boolean {
    if (row.owner === this.#owner) return !this.#running.has(row.attempt) && row.lease_until < Date.now();
    const alsoHere = [...this.#running.values()].some(({ lease: { key } }) => key.id === row.id && key.kind === row.kind && key.account === row.account && key.region === row.region);
    return !alsoHere && (row.lease_until < Date.now() || isDead(row.owner));
  }

  async #nextDue(): Promise<number | undefined> {
    return this.#handlers.size === 0 ? undefined : jobStore.nextDue(this.#db, [...this.#handlers.keys()]);
  }

  #arm(at: number): void {
    if (this.#state !== 'started' || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    this.#timer = {
      at,
      cancel: this.#clock.at(at, () => {
        this.#timer = undefined;
        this.#look();
      }),
    };
  }

  /** One notification for all wakes of a turn. */
  #tellOthers(kind: string): void {
    if (this.#db.kind === 'sqlite') return;
    if (this.#notifying.size === 0) {
      setImmediate(() => {
        const kinds = [...this.#notifying];
        this.#notifying.clear();
        for (const each of kinds) this.#db.notify(CHANNEL, each);
      });
    }
    this.#notifying.add(kind);
  }

  #run(leases: readonly Lease[], leaseUntil: number): void {
    for (const lease of leases) {
      const running: Running = { lease, controller: new AbortController(), leaseUntil, ended: Promise.resolve() };
      this.#running.set(lease.attempt, running);
      running.ended = this.#advance(running).finally(() => {
        this.#running.delete(lease.attempt);
        this.#look();
      });
    }
  }

  async #advance({ lease, controller }: Running): Promise<void> {
    const { key } = lease;
    let again: number | undefined;
    const run: JobRun = {
      key,
      signal: controller.signal,
      fence: async (tx) => void (await jobStore.fence(tx, lease)),
      again(due) {
        again = Math.min(again ?? due, due);
      },
    };
    try {
      const advance = this.#handlers.get(key.kind);
      if (!advance) throw new Error(`Nothing handles jobs of kind ${key.kind}`);
      await advance(run);
      await this.#db.transaction((tx) => finish(tx, lease, again));
    } catch (error) {
      await this.#giveBack(lease, error);
    }
  }

  async #giveBack(lease: Lease, error: unknown): Promise<void> {
    const { key } = lease;
    if (error instanceof LeaseLost) {
      this.#log.warn('A job was taken over by another run', { job: key });
      return;
    }
    const stopping = this.#state !== 'started';
    const failures = stopping ? lease.failures : lease.failures + 1;
    if (!stopping) this.#log.error('A job failed and will be tried again', { job: key, failures, error });
    const due = this.#clock.now() + (stopping ? 0 : retryDelay(failures));
    try {
      await this.#db.transaction(async (tx) => {
        const row = await jobStore.fence(tx, lease);
        await jobStore.release(tx, key, Math.min(row.due, due), failures);
      });
      this.#arm(due);
    } catch (secondError) {
      // The lease ends by itself, and then the row is taken as an abandoned one.
      this.#log.error('A failed job could not be given back', { job: key, error: secondError });
    }
  }

  async #renew(): Promise<void> {
    const runs = [...this.#running.values()];
    if (runs.length === 0) return;
    const leaseUntil = Date.now() + this.#times.lease;
    try {
      const held = await this.#db.transaction((tx) => jobStore.renew(tx, this.#owner, runs.map(({ lease }) => lease.attempt), leaseUntil));
      for (const run of runs) {
        if (held.has(run.lease.attempt)) run.leaseUntil = leaseUntil;
        else run.controller.abort(new LeaseLost(run.lease.key));
      }
    } catch (error) {
      this.#log.error('Renewing the leases of running jobs failed', { error });
      for (const run of runs) if (run.leaseUntil < Date.now()) run.controller.abort(new LeaseLost(run.lease.key));
    }
  }
}

/** The row goes only when nobody has woken it since the run began; else it runs again, no later than both ask. */
async function finish(tx: Transaction, lease: Lease, again: number | undefined): Promise<void> {
  const row = await jobStore.fence(tx, lease);
  const due = Math.min(row.due, again ?? NEVER);
  if (row.generation === lease.generation && again === undefined) await jobStore.remove(tx, lease.key);
  else await jobStore.release(tx, lease.key, due, 0);
}
