import type { Tag } from '@slipway/contracts/cloudwatch';
import { parseArn } from '../../../kernel/arn.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { Call } from '../../../kernel/service.ts';
import { putTags } from '../../../kernel/tags.ts';
import { alarmArn } from '../arns.ts';
import { alarmJob, INITIAL_REASON } from './definitions.ts';
import type { AlarmDeps } from '../deps.ts';
import { fail, notSupported } from '../fail.ts';
import { noteHistory } from './history-items.ts';
import { LIMITS } from '../limits.ts';
import { countAlarms, lockAlarm, putAlarm, replaceLinks } from '../store/alarms.ts';
import type { Link } from '../store/alarms.ts';
import type { AlarmRow } from '../store/tables.ts';
import { writing } from '../store/tables.ts';
import { refuseTags } from '../tags.ts';

interface NewAlarm {
  readonly name: string;
  readonly kind: AlarmRow['kind'];
  readonly definition: object & { readonly ActionsEnabled?: boolean };
  readonly metric: string | null;
  readonly tags: readonly Tag[] | undefined;
  readonly links: readonly Link[];
}

const bad = (message: string): Error => fail('ValidationException', message);

/** Creates an alarm, or changes its configuration and leaves its state, as AWS does. */
export async function saveAlarm(tx: Transaction, { jobs, clock }: AlarmDeps, call: Call, alarm: NewAlarm): Promise<void> {
  const { account, region } = call;
  const now = clock.now();
  const known = await lockAlarm(tx, call, alarm.name);
  if (known !== undefined && known.kind !== alarm.kind) throw bad(`An alarm of another type is called ${alarm.name} already.`);
  if (known === undefined && (await countAlarms(writing(tx), call)) >= LIMITS.alarms) throw fail('LimitExceededFault', `You have reached the limit of ${LIMITS.alarms} alarms.`);
  const fresh = { state: 'INSUFFICIENT_DATA', reason: INITIAL_REASON, reason_data: null, updated: now, transitioned: now, left_alarm: null, pending: null, suppressed_by: null } as const;
  const row: AlarmRow = {
    ...fresh, ...known, account, region, name: alarm.name, kind: alarm.kind, definition: JSON.stringify(alarm.definition),
    actions_enabled: alarm.definition.ActionsEnabled === false ? 0 : 1, metric: alarm.metric, configured: now,
  };
  await putAlarm(tx, row);
  await replaceLinks(tx, call, alarm.name, alarm.links);
  // An existing alarm keeps its tags, as in AWS.
  if (known === undefined && alarm.tags !== undefined) await putTags(tx, { account, arn: alarmArn(call, alarm.name) }, alarm.tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
  await noteHistory(tx, row, 'ConfigurationUpdate', now, `Alarm "${alarm.name}" ${known === undefined ? 'created' : 'updated'}`, {
    version: '1.0', type: known === undefined ? 'Create' : 'Update', [known === undefined ? 'createdAlarm' : 'updatedAlarm']: configurationOf(row),
  });
  await jobs.wake(tx, alarmJob(row));
}

/** An alarm's configuration and state, as its history shows them. */
export function configurationOf(row: AlarmRow): object {
  const definition = JSON.parse(row.definition) as Readonly<Record<string, unknown>>;
  const members = Object.entries(definition).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value]);
  return { ...Object.fromEntries(members), alarmArn: alarmArn(row, row.name), stateValue: row.state, stateUpdatedTimestamp: new Date(row.updated).toISOString() };
}

interface WithActions {
  readonly OKActions?: readonly string[];
  readonly AlarmActions?: readonly string[];
  readonly InsufficientDataActions?: readonly string[];
}

/** Only topics of SNS can be told. */
export function checkActions({ OKActions = [], AlarmActions = [], InsufficientDataActions = [] }: WithActions): void {
  for (const action of [...OKActions, ...AlarmActions, ...InsufficientDataActions]) {
    const arn = parseArn(action);
    if (arn === undefined) throw bad(`Invalid arn syntax: ${action}`);
    if (arn.service !== 'sns' || arn.region === '' || arn.account === '') throw notSupported(`The alarm action ${action}`);
  }
}

/** AWS: printable ASCII only. */
export function checkName(name: string): void {
  if (!/^[\x20-\x7e]+$/.test(name)) throw bad(`The alarm name ${name} may only have ASCII characters.`);
}
