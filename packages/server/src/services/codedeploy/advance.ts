import type { Jobs } from '../../engine/jobs.ts';
import type { Outbox } from '../../engine/outbox.ts';
import type { Watches } from '../../engine/watch.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import { uuid } from '../../kernel/ids.ts';
import { findConfig } from './deployment-configs.ts';
import { decide } from './decide.ts';
import type { DeploymentError, Step } from './decide.ts';
import { deploymentChange, instanceChange } from './events.ts';
import type { HostCalls } from './host-calls.ts';
import { EVENT_PATIENCE_MS } from './limits.ts';
import { obstacleOf } from './obstacles.ts';
import type { ObstacleDeps } from './obstacles.ts';
import { eventsOf, findDeployment, lockDeployment, targetsOf, updateDeployment, updateEvent, updateTarget } from './store.ts';
import type { DeploymentRow, EventRow, TargetRow } from './store.ts';

export const DEPLOYMENT_JOB = 'codedeploy/deployment';
/** The subject that other rooms' jobs watch; notified when a deployment has ended. */
const DEPLOYMENT = 'codedeploy/deployment';

/** What a step of a deployment touches inside its transaction. */
export interface StepDeps {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly watches: Pick<Watches, 'notify'>;
  readonly hosts: HostCalls;
}

export interface AdvanceDeps extends StepDeps, ObstacleDeps {
  readonly db: Database;
  readonly jobs: Jobs;
}

const AGENT_SILENT = 'CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your host and make sure the agent is '
  + 'running and can connect to the CodeDeploy server.';

/** Moves deployments on: each run applies all that is due in one transaction, and hands commands to the hosts behind it. */
export function advanceDeployments(deps: AdvanceDeps): void {
  deps.jobs.handle(DEPLOYMENT_JOB, async (run) => {
    const seen = await findDeployment(deps.db, run.key, run.key.id);
    const obstacle = seen?.status === 'Created' && seen.stop_requested === 0 ? await obstacleOf(deps, seen, run.signal) : undefined;
    const due = await deps.db.transaction(async (tx) => {
      await run.fence(tx);
      return advance(tx, deps, await lockDeployment(tx, run.key, run.key.id), obstacle);
    });
    if (due !== undefined) run.again(due);
  });
}

/**
 * Applies all that is due to a deployment whose row is locked. Reports of agents go this way at once, without the detour over
 * the job, which stays there from the deployment's creation to its end for those that never report.
 * Answers when to look again at events whose agents stay silent.
 */
export async function advance(tx: Transaction, deps: StepDeps, row: DeploymentRow | undefined, obstacle?: DeploymentError): Promise<number | undefined> {
  if (row === undefined || row.completed !== null) return undefined;
  const now = deps.clock.now();
  const targets = await targetsOf(tx, row, row.id);
  const events = await giveUpSilent(tx, await eventsOf(tx, row, row.id), now);
  if (row.status === 'Created' && obstacle === undefined) {
    await updateDeployment(tx, row, { status: 'InProgress', started: now });
    await deps.outbox.emit(tx, deploymentChange(row, 'InProgress'));
  }
  const steps = decide({
    targets: targets.map((target) => ({ id: target.id, status: target.status, events: events.filter((event) => event.target === target.id) })),
    minimumHealthy: findConfig(row.config)?.rule ?? 'ALL_BUT_ONE',
    ignoreApplicationStopFailures: row.ignore_stop_failures === 1,
    stopRequested: row.stop_requested === 1,
    obstacle,
  });
  for (const step of steps) await apply(tx, deps, { row, targets, events, now }, step);
  if (steps.some((step) => step.do === 'endDeployment')) return undefined;
  const running = events.filter((event) => event.status === 'InProgress').map((event) => event.started ?? now);
  return Math.min(now, ...running) + EVENT_PATIENCE_MS;
}

interface Scene {
  readonly row: DeploymentRow;
  readonly targets: readonly TargetRow[];
  readonly events: readonly EventRow[];
  readonly now: number;
}

async function apply(tx: Transaction, deps: StepDeps, { row, targets, events, now }: Scene, step: Step): Promise<void> {
  if (step.do === 'endDeployment') {
    await updateDeployment(tx, row, { status: step.status, completed: now, error_code: step.error?.code ?? null, error_message: step.error?.message ?? null });
    await deps.outbox.emit(tx, deploymentChange(row, step.status));
    await deps.watches.notify(tx, { kind: DEPLOYMENT, account: row.account, region: row.region, id: row.id });
    return;
  }
  const target = targets.find((one) => one.id === step.target);
  if (target === undefined) throw new Error(`The deployment ${row.id} has no target ${step.target}`);
  const own = events.filter((event) => event.target === target.id);
  if (step.do === 'startEvent') {
    const event = own.find((one) => one.name === step.event);
    if (event === undefined) throw new Error(`The target ${target.id} has no event ${step.event}`);
    await updateEvent(tx, event, { status: 'InProgress', started: now, command: uuid() });
    tx.afterCommit(() => deps.hosts.wake(target.host_identifier));
    if (target.status === 'Pending') await changeTarget(tx, deps, row, target, 'InProgress', now);
    return;
  }
  for (const event of own.filter((one) => one.status === 'Pending')) await updateEvent(tx, event, { status: 'Skipped' });
  await changeTarget(tx, deps, row, target, step.status, now);
}

async function changeTarget(tx: Transaction, deps: StepDeps, row: DeploymentRow, target: TargetRow, status: TargetRow['status'], now: number): Promise<void> {
  await updateTarget(tx, target, { status, updated: now });
  const change = instanceChange(row, target, status);
  if (change !== undefined) await deps.outbox.emit(tx, change);
}

async function giveUpSilent(tx: Transaction, events: readonly EventRow[], now: number): Promise<readonly EventRow[]> {
  const seen: EventRow[] = [];
  for (const event of events) {
    const silent = event.status === 'InProgress' && event.started !== null && event.started + EVENT_PATIENCE_MS <= now;
    const change = { status: 'Failed' as const, ended: now, diagnostics: JSON.stringify({ errorCode: 'UnknownError', scriptName: '', message: AGENT_SILENT, logTail: '' }) };
    if (silent) await updateEvent(tx, event, change);
    seen.push(silent ? { ...event, ...change } : event);
  }
  return seen;
}
