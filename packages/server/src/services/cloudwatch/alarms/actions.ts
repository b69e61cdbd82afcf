import type { JobRun } from '../../../engine/jobs.ts';
import { parseArn } from '../../../kernel/arn.ts';
import { serviceCaller } from '../../../kernel/caller.ts';
import { ServiceError, mayPass } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { alarmArn } from '../arns.ts';
import { ACTION_JOB } from './definitions.ts';
import type { AlarmDeps } from '../deps.ts';
import { noteAction } from './history-items.ts';
import { ACTION_RETRIES } from '../limits.ts';
import { deleteAction, findAction, setAttempts } from '../store/alarms.ts';
import type { ActionRow } from '../store/tables.ts';
import { reading } from '../store/tables.ts';

interface ActionDeps extends AlarmDeps {
  readonly peers: Peers;
  readonly log: Log;
}

/** Registers the job that tells one topic of one change of state: tries until it is told, refused for good, or too old. */
export function actInJobs(deps: ActionDeps): void {
  deps.jobs.handle(ACTION_JOB, (run) => act(deps, run));
}

async function act(deps: ActionDeps, run: JobRun): Promise<void> {
  const { db, clock } = deps;
  const row = await findAction(reading(db), run.key, run.key.id);
  if (row === undefined) return;
  const failure = await attempt(deps, row, run.signal);
  const now = clock.now();
  const over = failure === undefined || isFinal(failure) || now - row.created >= ACTION_RETRIES.forMs;
  await db.transaction(async (tx) => {
    await run.fence(tx);
    if (!over) return setAttempts(tx, row, row.attempts + 1);
    await deleteAction(tx, row);
    await noteAction(tx, row, now, failure);
  });
  if (!over) run.again(now + Math.min(ACTION_RETRIES.firstMs * 2 ** row.attempts, ACTION_RETRIES.mostMs));
}

async function attempt({ peers, log }: ActionDeps, row: ActionRow, signal: AbortSignal): Promise<Error | undefined> {
  const region = parseArn(row.target)?.region ?? row.region;
  try {
    await peers.as(serviceCaller('cloudwatch.amazonaws.com', row.account, alarmArn(row, row.alarm)))
      .sns.Publish({ TopicArn: row.target, Subject: row.subject, Message: row.message }, { region, once: row.id, signal });
    return undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn('An alarm could not tell its topic', { account: row.account, region: row.region, alarm: row.alarm, target: row.target, attempts: row.attempts + 1, error });
    // What failed inside is told to the operator, not in an alarm's history.
    return error instanceof ServiceError ? error : new Error('Internal error');
  }
}

/** A topic that is gone or says no will not change its mind in an hour. */
function isFinal(error: Error): boolean {
  return error instanceof ServiceError && !mayPass(error);
}
