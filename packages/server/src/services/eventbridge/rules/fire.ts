import type { Jobs, JobRun } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import { publicForm } from '../accept.ts';
import type { Acceptance } from '../accept.ts';
import { DEFAULT_BUS, ruleArn } from '../arns.ts';
import { LIMITS } from '../limits.ts';
import { parseSchedule } from './schedule.ts';
import { listTargets, lockRule, setFiresAt, writing } from '../store/index.ts';
import type { RuleRef, RuleRow } from '../store/index.ts';

const SCHEDULE = 'eventbridge/schedule';

/** The rule with its next time, for which its job is woken. What an unchanged rule waits for stays as it is. */
export async function scheduleRule({ tx, jobs, now }: { tx: Transaction; jobs: Jobs; now: number }, row: RuleRow, known: RuleRow | undefined): Promise<RuleRow> {
  if (row.schedule === null || row.state !== 'ENABLED') return { ...row, scheduled: null, fires_at: null };
  if (known !== undefined && known.schedule === row.schedule && known.state === 'ENABLED') return { ...row, scheduled: known.scheduled, fires_at: known.fires_at };
  const due = parseSchedule(row.schedule)?.next(now, now);
  if (due !== undefined) await jobs.wake(tx, { kind: SCHEDULE, account: row.account, region: row.region, id: row.name }, due);
  return { ...row, scheduled: now, fires_at: due ?? null };
}

/** AWS's event of a rule's own schedule. */
const scheduledEvent = (rule: RuleRef, id: string, time: number) => publicForm({
  id, detailType: 'Scheduled Event', source: 'aws.events', account: rule.account, region: rule.region, time, resources: [ruleArn(rule)], detail: {},
});

interface FireDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly acceptance: Acceptance;
}

/**
 * Registers the job that fires a rule when it is due. Deliveries and the next due time are written together: a time
 * fires once, whatever crashes. Times that passed while no server ran are one event, with the last of them as its time.
 */
export function fireInJobs(deps: FireDeps): void {
  deps.jobs.handle(SCHEDULE, async (run) => {
    const due = await deps.db.transaction((tx) => fire(deps, tx, run));
    if (due !== undefined) run.again(due);
  });
}

async function fire({ clock, acceptance }: FireDeps, tx: Transaction, run: JobRun): Promise<number | undefined> {
  await run.fence(tx);
  const { account, region, id } = run.key;
  const ref: RuleRef = { account, region, bus: DEFAULT_BUS, rule: id };
  const row = await lockRule(tx, ref);
  const schedule = row?.schedule == null ? undefined : parseSchedule(row.schedule);
  if (row === undefined || schedule === undefined || row.fires_at === null || row.state !== 'ENABLED') return undefined;
  const now = clock.now();
  if (row.fires_at > now) return row.fires_at;
  const base = row.scheduled ?? row.created;
  const time = schedule.latest(row.fires_at, now, base) ?? row.fires_at;
  const eventId = uuid();
  const targets = await listTargets(writing(tx), ref, { after: undefined, limit: LIMITS.targetsPerRule });
  await acceptance.storeFor(tx, { bus: ref, event: scheduledEvent(ref, eventId, time), key: eventId }, row, targets);
  const next = schedule.next(now, base);
  await setFiresAt(tx, row, next ?? null);
  return next;
}
