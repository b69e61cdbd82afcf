import type { Target } from '@slipway/contracts/eventbridge';
import type { JobRun, Jobs } from '../../engine/jobs.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { DELIVERY } from './accept.ts';
import { send } from './send.ts';
import type { SendDeps } from './send.ts';
import { LIMITS, LONGEST_RETRY_DELAY_MS } from './limits.ts';
import { deleteDelivery, findDelivery, reading, setAttempts } from './store.ts';
import type { DeliveryRow } from './store.ts';

export interface DeliverDeps extends SendDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly log: Log;
}

/** Registers the job that brings one event to one target: tries until it is done, refused for good, or too old. */
export function deliverInJobs(deps: DeliverDeps): void {
  deps.jobs.handle(DELIVERY, (run) => deliver(deps, run));
}

async function deliver(deps: DeliverDeps, run: JobRun): Promise<void> {
  const { db } = deps;
  const row = await findDelivery(reading(db), run.key, run.key.id);
  if (row === undefined) return;
  const outcome = await attempt(deps, row, run.signal);
  if (outcome.end) {
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await deleteDelivery(tx, row);
    });
    return;
  }
  await db.transaction(async (tx) => {
    await run.fence(tx);
    await setAttempts(tx, row, row.attempts + 1);
  });
  run.again(deps.clock.now() + Math.min(1000 * 2 ** row.attempts, LONGEST_RETRY_DELAY_MS));
}

async function attempt(deps: DeliverDeps, row: DeliveryRow, signal: AbortSignal): Promise<{ end: boolean }> {
  try {
    await send(deps, row, signal);
    return { end: true };
  } catch (error) {
    if (signal.aborted) throw error;
    const end = !mayPass(error) || isSpent(row, deps.clock.now());
    const fields = { rule: row.rule, delivery: row.id, account: row.account, region: row.region, attempts: row.attempts + 1, error };
    if (end) deps.log.warn('An event was not delivered and is given up', fields);
    else deps.log.info('An event was not delivered and will be tried again', fields);
    return { end };
  }
}

/** AWS gives up at once where trying again cannot help: missing permissions, a target that is gone, refused input. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return true;
  return /Throttling|LimitExceeded|ServiceUnavailable|InternalFailure|ConcurrentModification|ConcurrentPipelineExecutions/.test(error.name) || (error.status ?? 0) >= 502;
}

function isSpent(row: DeliveryRow, now: number): boolean {
  const { RetryPolicy: policy } = JSON.parse(row.target) as Target;
  const { attempts, ageSeconds } = LIMITS.retries;
  return row.attempts >= (policy?.MaximumRetryAttempts ?? attempts) || now - row.created >= (policy?.MaximumEventAgeInSeconds ?? ageSeconds) * 1000;
}
