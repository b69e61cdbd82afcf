import type { CloudWatchApi } from '@slipway/contracts';
import type { AlarmHistoryItem, AlarmType, CompositeAlarm, DescribeAlarmsInput, MetricAlarm } from '@slipway/contracts/cloudwatch';
import { pages } from '../../../kernel/paging.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { removeAllTags } from '../../../kernel/tags.ts';
import { metricId } from '../../../metrics/index.ts';
import { alarmArn } from '../arns.ts';
import { compositeDefinition, metricDefinition } from './definitions.ts';
import type { AlarmDeps } from '../deps.ts';
import { suppressedReason } from '../events.ts';
import { fail } from '../fail.ts';
import { noteHistory } from './history-items.ts';
import { LIMITS } from '../limits.ts';
import { configurationOf } from './put-alarm.ts';
import { identityOf } from '../metrics/queries.ts';
import { alarmsOnMetric, deleteAlarm, findAlarms, linksFrom, listAlarms, listHistory, lockAlarm, parentsOf, updateAlarm } from '../store/alarms.ts';
import type { AlarmFilter } from '../store/alarms.ts';
import type { AlarmRow, HistoryRow } from '../store/tables.ts';
import { reading, writing } from '../store/tables.ts';
import { changeState } from './transition.ts';

const bad = (message: string): Error => fail('ValidationException', message);
const badToken = (): Error => fail('InvalidNextToken', 'The next token specified is invalid.');

export function alarms(deps: AlarmDeps) {
  const { db, clock, paging } = deps;

  async function enable(call: Call, names: readonly string[], enabled: 0 | 1): Promise<Record<string, never>> {
    await db.transaction(async (tx) => {
      for (const name of [...new Set(names)].toSorted()) {
        const row = await lockAlarm(tx, call, name);
        if (row === undefined || row.actions_enabled === enabled) continue;
        const changed = { ...row, actions_enabled: enabled, configured: clock.now(), definition: JSON.stringify({ ...(JSON.parse(row.definition) as object), ActionsEnabled: enabled === 1 }) };
        await updateAlarm(tx, row, changed);
        await noteHistory(tx, row, 'ConfigurationUpdate', changed.configured, `Alarm "${name}" updated`, { version: '1.0', type: 'Update', updatedAlarm: configurationOf(changed) });
      }
    });
    return {};
  }

  /** Actions are inside the definition: what is listed is filtered once read. */
  async function find(call: Call, filter: AlarmFilter, actionPrefix: string | undefined, { after, limit }: { after: string | undefined; limit: number }): Promise<AlarmRow[]> {
    const rows: AlarmRow[] = [];
    let behind = after;
    for (;;) {
      const found = await listAlarms(reading(db), call, filter, { after: behind, limit });
      rows.push(...found.filter((row) => actionPrefix === undefined || hasAction(row, actionPrefix)));
      if (found.length < limit || rows.length >= limit) return rows;
      behind = found.at(-1)!.name;
    }
  }

  async function relatives(input: DescribeAlarmsInput, call: Call): Promise<readonly string[] | undefined> {
    const { ChildrenOfAlarmName: parent, ParentsOfAlarmName: child, MaxRecords: _most, NextToken: _token, ...others } = input;
    if (parent === undefined && child === undefined) return undefined;
    if ((parent !== undefined && child !== undefined) || Object.values(others).some((value) => value !== undefined)) throw bad('ChildrenOfAlarmName and ParentsOfAlarmName go with no other parameters than MaxRecords and NextToken.');
    if (child !== undefined) return parentsOf(reading(db), call, [child], 'rule');
    return (await linksFrom(reading(db), call, parent!)).filter((link) => link.relation === 'rule').map((link) => link.child);
  }

  return {
    async DescribeAlarms(input, call) {
      if (input.AlarmNames !== undefined && input.AlarmNamePrefix !== undefined) throw bad('AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.');
      const related = await relatives(input, call);
      const { NextToken: token, MaxRecords: most = LIMITS.alarmsPerPage.default, ...filter } = input;
      const listing = pages(paging, call, 'cloudwatch:DescribeAlarms', filter, badToken);
      const last = listing.read(token)?.[0];
      const names = related ?? (input.AlarmNames?.length === 0 ? undefined : input.AlarmNames);
      const kinds = kindsOf(related === undefined ? (input.AlarmTypes ?? ['MetricAlarm']) : ['MetricAlarm', 'CompositeAlarm']);
      const rows = names?.length === 0 ? [] : await find(call, { names, prefix: input.AlarmNamePrefix, kinds, state: input.StateValue }, input.ActionPrefix, { after: last === undefined ? undefined : String(last), limit: most + 1 });
      const { page, next } = listing.cut(rows, most, (row) => [row.name]);
      const short = related !== undefined;
      return {
        MetricAlarms: page.filter((row) => row.kind === 'metric').map((row) => (short ? shortForm(row) : toMetricAlarm(row))),
        CompositeAlarms: page.filter((row) => row.kind === 'composite').map((row) => (short ? shortForm(row) : toCompositeAlarm(row))),
        NextToken: next,
      };
    },

    async DescribeAlarmsForMetric(input, call) {
      const rows = await alarmsOnMetric(reading(db), call, metricId(identityOf(input)));
      const wanted = (['Statistic', 'ExtendedStatistic', 'Period', 'Unit'] as const).filter((name) => input[name] !== undefined);
      return { MetricAlarms: rows.filter((row) => wanted.every((name) => metricDefinition(row)[name] === input[name])).map(toMetricAlarm) };
    },

    async DescribeAlarmHistory(input, call) {
      const { NextToken: token, MaxRecords: most = LIMITS.historyPerPage, ...filter } = input;
      if (input.AlarmContributorId !== undefined) throw bad('AlarmContributorId is not supported by Slipway yet.');
      const listing = pages(paging, call, 'cloudwatch:DescribeAlarmHistory', filter, badToken);
      const last = listing.read(token);
      const oldest = clock.now() - LIMITS.historyKept;
      const type = input.HistoryItemType;
      if (type === 'AlarmContributorAction' || type === 'AlarmContributorStateUpdate') return { AlarmHistoryItems: [] };
      const rows = await listHistory(reading(db), call, {
        alarm: input.AlarmName, kinds: kindsOf(input.AlarmTypes ?? ['MetricAlarm', 'CompositeAlarm']), type, from: Math.max(input.StartDate ?? oldest, oldest), to: input.EndDate ?? Number.MAX_SAFE_INTEGER,
      }, { after: last === undefined ? undefined : [Number(last[0]), String(last[1])], limit: most + 1, ascending: input.ScanBy === 'TimestampAscending' });
      const { page, next } = listing.cut(rows, most, (row) => [row.at, row.id]);
      return { AlarmHistoryItems: page.map(toHistoryItem), NextToken: next };
    },

    async SetAlarmState({ AlarmName: name, StateValue: state, StateReason: reason, StateReasonData: reasonData }, call) {
      if (reasonData !== undefined && !isJson(reasonData)) throw fail('InvalidFormatFault', 'StateReasonData must be valid JSON.');
      await db.transaction(async (tx) => {
        const row = await lockAlarm(tx, call, name);
        if (row === undefined) throw fail('ResourceNotFound', `The alarm ${name} does not exist.`);
        const at = clock.now();
        // The state that it is in already changes nothing but its reason.
        if (row.state === state) await updateAlarm(tx, row, { reason, reason_data: reasonData ?? null, updated: at });
        else await changeState(tx, deps, row, { state, reason, reasonData: reasonData ?? null, at });
      });
      return {};
    },

    EnableAlarmActions: ({ AlarmNames: names }, call) => enable(call, names, 1),
    DisableAlarmActions: ({ AlarmNames: names }, call) => enable(call, names, 0),

    /** All or none. */
    async DeleteAlarms({ AlarmNames: given }, call) {
      const names = [...new Set(given)].toSorted();
      await db.transaction(async (tx) => {
        const rows = await findAlarms(writing(tx), call, names);
        const unknown = names.find((name) => !rows.some((row) => row.name === name));
        if (unknown !== undefined) throw fail('ResourceNotFound', `The alarm ${unknown} does not exist.`);
        if (rows.filter((row) => row.kind === 'composite').length > 1) throw bad('No more than one composite alarm can be deleted at a time.');
        for (const name of names) {
          const row = await lockAlarm(tx, call, name);
          if (row === undefined) continue;
          const parents = (await parentsOf(writing(tx), call, [name])).filter((parent) => !names.includes(parent));
          if (parents.length > 0) throw bad(`Cannot delete ${name} as there are composite alarm(s) depending on it.`);
          await removeAllTags(tx, { account: call.account, arn: alarmArn(call, name) });
          await deleteAlarm(tx, row);
          await noteHistory(tx, row, 'ConfigurationUpdate', clock.now(), `Alarm "${name}" deleted`, { version: '1.0', type: 'Delete', deletedAlarm: configurationOf(row) });
        }
      });
      return {};
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}

function kindsOf(types: readonly AlarmType[]): AlarmRow['kind'][] {
  return [...(types.includes('MetricAlarm') ? ['metric' as const] : []), ...(types.includes('CompositeAlarm') ? ['composite' as const] : [])];
}

function hasAction(row: AlarmRow, prefix: string): boolean {
  const { OKActions = [], AlarmActions = [], InsufficientDataActions = [] } = row.kind === 'metric' ? metricDefinition(row) : compositeDefinition(row);
  return [...OKActions, ...AlarmActions, ...InsufficientDataActions].some((action) => action.startsWith(prefix));
}

/** What AWS tells of an alarm's children and parents. */
const shortForm = (row: AlarmRow) => ({ AlarmName: row.name, AlarmArn: alarmArn(row, row.name), StateValue: row.state, StateUpdatedTimestamp: row.updated });

function stateOf(row: AlarmRow) {
  return {
    ...shortForm(row),
    StateReason: row.reason,
    StateReasonData: row.reason_data ?? undefined,
    StateTransitionedTimestamp: row.transitioned,
    AlarmConfigurationUpdatedTimestamp: row.configured,
    ActionsEnabled: row.actions_enabled === 1,
  };
}

function toMetricAlarm(row: AlarmRow): MetricAlarm {
  const definition = metricDefinition(row);
  return { OKActions: [], AlarmActions: [], InsufficientDataActions: [], ...(definition.Metrics === undefined && { Dimensions: [] }), ...definition, ...stateOf(row) };
}

function toCompositeAlarm(row: AlarmRow): CompositeAlarm {
  const suppressed = row.suppressed_by === null ? {} : { ActionsSuppressedBy: row.suppressed_by, ActionsSuppressedReason: suppressedReason(row.suppressed_by) };
  return { OKActions: [], AlarmActions: [], InsufficientDataActions: [], ...compositeDefinition(row), ...stateOf(row), ...suppressed };
}

function toHistoryItem(row: HistoryRow): AlarmHistoryItem {
  return { AlarmName: row.alarm, AlarmType: row.kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm', Timestamp: row.at, HistoryItemType: row.type, HistorySummary: row.summary, HistoryData: row.data };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
