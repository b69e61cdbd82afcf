import type { Jobs } from '../../../engine/jobs.ts';
import type { Outbox } from '../../../engine/outbox.ts';
import type { Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import { alarmNameOf } from '../arns.ts';
import { ACTION_JOB, actionsFor, alarmJob, compositeDefinition, metricDefinition } from './definitions.ts';
import { stateChangeEvent } from '../events.ts';
import { noteHistory } from './history-items.ts';
import { notificationOf } from './messages.ts';
import type { StateChange } from './messages.ts';
import { suppressionOf } from './suppression.ts';
import type { Suppression } from './suppression.ts';
import { findAlarm, insertAction, parentsOf, updateAlarm } from '../store/alarms.ts';
import type { ActionRow, AlarmRow } from '../store/tables.ts';
import { writing } from '../store/tables.ts';

interface TransitionDeps {
  readonly jobs: Jobs;
  readonly outbox: Outbox;
}

interface Pending {
  /** When the state changed. */
  readonly at: number;
  readonly actions: readonly Pick<ActionRow, 'target' | 'subject' | 'message'>[];
}

/** Everything that follows from a change of state: one transaction's work, in the transaction that decided it. `row` is locked. */
export async function changeState(tx: Transaction, { jobs, outbox }: TransitionDeps, row: AlarmRow, change: StateChange): Promise<void> {
  const definition = row.kind === 'metric' ? metricDefinition(row) : compositeDefinition(row);
  const notification = notificationOf(row, change);
  const actions = row.actions_enabled === 1 ? actionsFor(definition, change.state).map((target) => ({ target, ...notification })) : [];
  const pending: Pending = { at: change.at, actions };
  const suppression = row.kind === 'composite' ? await suppressionNow(tx, row, pending.at, change.at) : undefined;
  const changed: AlarmRow = {
    ...row, state: change.state, reason: change.reason, reason_data: change.reasonData, updated: change.at, transitioned: change.at,
    left_alarm: row.state === 'ALARM' ? change.at : row.left_alarm, pending: null, suppressed_by: null,
  };
  await updateAlarm(tx, row, changed);
  await noteHistory(tx, row, 'StateUpdate', change.at, `Alarm updated from ${row.state} to ${change.state}`, {
    version: '1.0',
    oldState: stateInHistory({ state: row.state, reason: row.reason, reasonData: row.reason_data }),
    newState: stateInHistory(change),
  });
  await outbox.emit(tx, stateChangeEvent(row, change, { by: suppression?.by ?? null }));
  await settle(tx, jobs, changed, pending, suppression);
  for (const parent of await parentsOf(writing(tx), row, [row.name])) await jobs.wake(tx, alarmJob({ ...row, name: parent }));
}

/** Looks again at the actions of a composite alarm that wait; `row` is locked. */
export async function lookAtPending(tx: Transaction, jobs: Jobs, row: AlarmRow, now: number): Promise<void> {
  if (row.pending === null) return;
  const pending = JSON.parse(row.pending) as Pending;
  await settle(tx, jobs, row, pending, await suppressionNow(tx, row, pending.at, now));
}

/** Takes the actions, or writes down that they wait. */
async function settle(tx: Transaction, jobs: Jobs, row: AlarmRow, pending: Pending, suppression: Suppression | undefined): Promise<void> {
  if (suppression !== undefined) {
    await updateAlarm(tx, row, { pending: JSON.stringify(pending), suppressed_by: suppression.by });
    if (suppression.until !== undefined) await jobs.wake(tx, alarmJob(row), suppression.until);
    return;
  }
  if (row.pending !== null) await updateAlarm(tx, row, { pending: null, suppressed_by: null });
  for (const action of pending.actions) {
    const id = uuid();
    await insertAction(tx, { account: row.account, region: row.region, id, alarm: row.name, kind: row.kind, ...action, state_updated: pending.at, created: pending.at, attempts: 0 });
    await jobs.wake(tx, { kind: ACTION_JOB, account: row.account, region: row.region, id });
  }
}

async function suppressionNow(tx: Transaction, row: AlarmRow, transitioned: number, now: number): Promise<Suppression | undefined> {
  const { ActionsSuppressor: name, ActionsSuppressorWaitPeriod: wait = 0, ActionsSuppressorExtensionPeriod: extension = 0 } = compositeDefinition(row);
  const suppressor = name === undefined ? undefined : await findAlarm(writing(tx), row, alarmNameOf(row, name) ?? name);
  return suppressionOf(suppressor && { state: suppressor.state, leftAlarm: suppressor.left_alarm, waitMs: wait * 1000, extensionMs: extension * 1000 }, transitioned, now);
}

function stateInHistory({ state, reason, reasonData }: Pick<StateChange, 'state' | 'reason' | 'reasonData'>): Record<string, unknown> {
  return { stateValue: state, stateReason: reason, ...(reasonData !== null && { stateReasonData: readJson(reasonData) }) };
}

/** What users give to SetAlarmState should be JSON, and may be anything. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
