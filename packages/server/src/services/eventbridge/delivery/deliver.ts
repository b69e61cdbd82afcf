import type { Target } from '@slipway/contracts/eventbridge';
import type { JobRun, Jobs } from '../../../engine/jobs.ts';
import { ServiceError, mayPass } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import { DELIVERY } from '../accept.ts';
import { hasLetterBox, letterOf, sendLetter } from './dead-letters.ts';
import type { Exhausted } from './dead-letters.ts';
import { takeTurn } from './invoke.ts';
import { LIMITS, LONGEST_RETRY_DELAY_MS } from '../limits.ts';
import { send } from './send.ts';
import type { SendDeps } from './send.ts';
import { deleteDelivery, findDelivery, reading, updateDelivery } from '../store/index.ts';
import type { DeliveryRow } from '../store/index.ts';
import { destinationOf } from '../rules/target-kinds.ts';
import { Undelivered } from './undelivered.ts';

export interface DeliverDeps extends SendDeps {
  readonly jobs: Jobs;
  readonly log: Log;
}

/** HTTP endpoints may stall; this many at one time leave room for the other work of a server. */
const MOST_INVOCATIONS = 32;
const MOST_INVOCATIONS_OF_ONE = 8;
const BUSY_DELAY_MS = 100;

/** Registers the job that brings one event to one target: tries until it is done, refused for good, or too old. */
export function deliverInJobs(deps: DeliverDeps): void {
  const busy = new Map<string, number>();
  deps.jobs.handle(DELIVERY, async (run) => {
    const row = await findDelivery(reading(deps.db), run.key, run.key.id);
    if (row === undefined) return;
    if (row.letter !== null) return bury(deps, run, row);
    const { Arn } = JSON.parse(row.target) as Target;
    if (destinationOf(Arn)?.kind !== 'http') return deliver(deps, run, row);
    await inTurn(deps, run, row, async (ready) => {
      const now = busy.get(Arn) ?? 0;
      const all = [...busy.values()].reduce((sum, one) => sum + one, 0);
      if (now >= MOST_INVOCATIONS_OF_ONE || all >= MOST_INVOCATIONS) return run.again(deps.clock.now() + BUSY_DELAY_MS);
      busy.set(Arn, now + 1);
      try {
        await deliver(deps, run, ready);
      } finally {
        const left = (busy.get(Arn) ?? 1) - 1;
        if (left === 0) busy.delete(Arn);
        else busy.set(Arn, left);
      }
    });
  });
}

/** An API destination is invoked no faster than its rate: each attempt takes a turn, and waits for it. */
async function inTurn(deps: DeliverDeps, run: JobRun, row: DeliveryRow, work: (row: DeliveryRow) => Promise<void> | void): Promise<void> {
  const destination = destinationOf((JSON.parse(row.target) as Target).Arn);
  if (destination?.kind !== 'http') return;
  const turn = row.turn ?? (await takeTurn(deps, destination.place, destination.name));
  const ready = { ...row, turn };
  if (row.turn === null) {
    await deps.db.transaction(async (tx) => {
      await run.fence(tx);
      await updateDelivery(tx, row, { turn });
    });
  }
  if (turn > deps.clock.now()) run.again(turn);
  else await work(ready);
}

async function deliver(deps: DeliverDeps, run: JobRun, row: DeliveryRow): Promise<void> {
  try {
    await send(deps, row, run.signal);
  } catch (error) {
    if (run.signal.aborted) throw error;
    return failed(deps, run, row, error);
  }
  await deps.db.transaction(async (tx) => {
    await run.fence(tx);
    await deleteDelivery(tx, row);
  });
}

/** Tries again while the retry policy lets it; gives the event up otherwise, to its dead-letter queue where it has one. */
async function failed({ db, clock, log }: DeliverDeps, run: JobRun, row: DeliveryRow, error: unknown): Promise<void> {
  const exhausted = exhaustion(row, clock.now());
  const passing = isPassing(error);
  const fields = { rule: row.rule, delivery: row.id, account: row.account, region: row.region, attempts: row.attempts + 1, error };
  if (passing && exhausted === undefined) {
    log.info('An event was not delivered and will be tried again', fields);
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await updateDelivery(tx, row, { attempts: row.attempts + 1, turn: null });
    });
    run.again(clock.now() + delayOf(row, error));
    return;
  }
  log.warn('An event was not delivered and is given up', fields);
  const letter = hasLetterBox(row) ? JSON.stringify(letterOf(row, error, row.attempts, passing ? exhausted : undefined)) : null;
  await db.transaction(async (tx) => {
    await run.fence(tx);
    if (letter === null) await deleteDelivery(tx, row);
    else await updateDelivery(tx, row, { letter, attempts: 0 });
  });
  if (letter !== null) run.again(clock.now());
}

/** Brings a given-up event to its dead-letter queue. When that refuses, the event is dropped, as on AWS. */
async function bury(deps: DeliverDeps, run: JobRun, row: DeliveryRow): Promise<void> {
  const { db, clock } = deps;
  try {
    await sendLetter(deps, row, run.signal);
  } catch (error) {
    if (run.signal.aborted) throw error;
    if (isPassing(error) && row.attempts < LIMITS.retries.attempts) {
      await db.transaction(async (tx) => {
        await run.fence(tx);
        await updateDelivery(tx, row, { attempts: row.attempts + 1 });
      });
      return run.again(clock.now() + delayOf(row, error));
    }
    deps.log.warn('An event could not be sent to its dead-letter queue and is dropped', { rule: row.rule, delivery: row.id, account: row.account, region: row.region, error });
  }
  await db.transaction(async (tx) => {
    await run.fence(tx);
    await deleteDelivery(tx, row);
  });
}

/** AWS gives up at once where trying again cannot help: missing permissions, a target that is gone, refused input. */
function isPassing(error: unknown): boolean {
  if (error instanceof Undelivered) return !error.final;
  return !(error instanceof ServiceError) || mayPass(error);
}

/** Doubling, and no sooner than the target asks for. */
function delayOf(row: DeliveryRow, error: unknown): number {
  const asked = error instanceof Undelivered ? (error.retryAfter ?? 0) : 0;
  const { RetryPolicy: policy } = JSON.parse(row.target) as Target;
  const longest = (policy?.MaximumEventAgeInSeconds ?? LIMITS.retries.ageSeconds) * 1000;
  return Math.min(Math.max(Math.min(1000 * 2 ** row.attempts, LONGEST_RETRY_DELAY_MS), asked), longest);
}

function exhaustion(row: DeliveryRow, now: number): Exhausted | undefined {
  const { RetryPolicy: policy } = JSON.parse(row.target) as Target;
  const { attempts, ageSeconds } = LIMITS.retries;
  if (row.attempts >= (policy?.MaximumRetryAttempts ?? attempts)) return 'MaximumRetryAttempts';
  return now - row.created >= (policy?.MaximumEventAgeInSeconds ?? ageSeconds) * 1000 ? 'MaximumEventAgeInSeconds' : undefined;
}
