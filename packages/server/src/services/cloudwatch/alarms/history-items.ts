import type { Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import { addHistory } from '../store/alarms.ts';
import type { ActionRow, AlarmRow, HistoryRow } from '../store/tables.ts';

/** What happens in one instant happens in this order. */
const ORDER: Readonly<Record<HistoryRow['type'], number>> = { ConfigurationUpdate: 0, StateUpdate: 1, Action: 2 };

export async function noteHistory(tx: Transaction, alarm: AlarmRow, type: HistoryRow['type'], at: number, summary: string, data: object): Promise<void> {
  const { account, region, name, kind } = alarm;
  await addHistory(tx, { account, region, alarm: name, at, id: `${ORDER[type]}-${uuid()}`, kind, type, summary, data: JSON.stringify(data) });
}

/** How a delivery ended. */
export async function noteAction(tx: Transaction, { account, region, alarm, kind, target, message, state_updated }: ActionRow, at: number, failure: Error | undefined): Promise<void> {
  const summary = failure === undefined ? `Successfully executed action ${target}` : `Failed to execute action ${target}. Received error: "${failure.message}"`;
  const data = {
    actionState: failure === undefined ? 'Succeeded' : 'Failed',
    stateUpdateTimestamp: state_updated,
    notificationResource: target,
    publishedMessage: failure === undefined ? JSON.stringify({ default: message }) : null,
    error: failure?.message ?? null,
  };
  await addHistory(tx, { account, region, alarm, at, id: `${ORDER.Action}-${uuid()}`, kind, type: 'Action', summary, data: JSON.stringify(data) });
}
