import type { CloudWatchApi } from '@slipway/contracts';
import type { PutCompositeAlarmInput } from '@slipway/contracts/cloudwatch';
import type { Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Operations } from '../../../kernel/service.ts';
import { alarmsIn, parseRule, RuleError } from './alarm-rule.ts';
import { alarmNameOf } from '../arns.ts';
import type { AlarmDeps } from '../deps.ts';
import { fail, notSupported } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { checkActions, checkName, saveAlarm } from './put-alarm.ts';
import { findAlarms, linksFrom, parentsOf } from '../store/alarms.ts';
import type { Link } from '../store/alarms.ts';
import { writing } from '../store/tables.ts';

const bad = (message: string): Error => fail('ValidationException', message);

export function compositeAlarms(deps: AlarmDeps) {
  return {
    async PutCompositeAlarm(input, call) {
      refuseMembers(input, ['ActionConfiguration'], notSupported);
      checkName(input.AlarmName);
      checkActions(input);
      checkSuppressor(input);
      const links = linksOf(call, input);
      const { Tags: tags, ...definition } = input;
      await deps.db.transaction(async (tx) => {
        await needAlarms(tx, call, links);
        await refuseCycle(tx, call, input.AlarmName, links);
        await saveAlarm(tx, deps, call, { name: input.AlarmName, kind: 'composite', definition, metric: null, tags, links });
      });
      return {};
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}

function checkSuppressor({ ActionsSuppressor: suppressor, ActionsSuppressorWaitPeriod: wait, ActionsSuppressorExtensionPeriod: extension }: PutCompositeAlarmInput): void {
  if (suppressor !== undefined && (wait === undefined || extension === undefined)) throw bad('ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required when ActionsSuppressor is specified.');
  if (suppressor === undefined && (wait !== undefined || extension !== undefined)) throw bad('ActionsSuppressor is required when ActionsSuppressorWaitPeriod or ActionsSuppressorExtensionPeriod is specified.');
  for (const period of [wait, extension]) if (period !== undefined && period < 0) throw bad('The suppressor\'s periods must not be negative.');
}

function linksOf(place: Place, { AlarmRule: text, ActionsSuppressor: suppressor }: PutCompositeAlarmInput): Link[] {
  const named = (alarm: string): string => {
    const name = alarmNameOf(place, alarm);
    if (name === undefined) throw bad(`The alarm ${alarm} is not of this account and region.`);
    return name;
  };
  const children = [...new Set(alarmsOf(text).map(named))];
  if (children.length > LIMITS.childrenOfComposite) throw bad(`AlarmRule must not have more than ${LIMITS.childrenOfComposite} child alarms.`);
  return [...children.map((child): Link => ({ child, relation: 'rule' })), ...(suppressor === undefined ? [] : [{ child: named(suppressor), relation: 'suppressor' } as const])];
}

function alarmsOf(rule: string): string[] {
  try {
    return alarmsIn(parseRule(rule));
  } catch (error) {
    if (error instanceof RuleError) throw fail('ValidationException', `AlarmRule is not valid: ${error.message}.`, { cause: error });
    throw error;
  }
}

async function needAlarms(tx: Transaction, place: Place, links: readonly Link[]): Promise<void> {
  const names = [...new Set(links.map(({ child }) => child))];
  const known = new Set((await findAlarms(writing(tx), place, names)).map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw bad(`Could not save the composite alarm as alarms [${unknown.join(', ')}] in the alarm rule do not exist`);
  for (const name of names) {
    if ((await parentsOf(writing(tx), place, [name])).length > LIMITS.parentsOfAlarm) throw fail('LimitExceededFault', `The alarm ${name} is watched by ${LIMITS.parentsOfAlarm} composite alarms already.`);
  }
}

/** An alarm that hangs on itself would never come to rest. */
async function refuseCycle(tx: Transaction, place: Place, name: string, links: readonly Link[]): Promise<void> {
  const seen = new Set<string>();
  let children = links.map(({ child }) => child);
  while (children.length > 0) {
    if (children.includes(name)) throw bad(`The composite alarm ${name} must not depend on itself.`);
    const fresh = [...new Set(children)].filter((child) => !seen.has(child));
    for (const child of fresh) seen.add(child);
    children = (await Promise.all(fresh.map((child) => linksFrom(writing(tx), place, child)))).flat().map(({ child }) => child);
  }
}
