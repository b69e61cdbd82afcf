import type { EventBridgeApi } from '@slipway/contracts';
import type { Rule } from '@slipway/contracts/eventbridge';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { putTags, removeAllTags } from '../../kernel/tags.ts';
import { needDefaultBus, ruleArn } from './arns.ts';
import { fail, notSupported } from './fail.ts';
import { LIMITS } from './limits.ts';
import { pageOf } from './pages.ts';
import { InvalidPattern, parsePattern } from '../../patterns/pattern.ts';
import type { EventPattern } from '../../patterns/pattern.ts';
import { countRules, deleteRule, findRule, listRules, listRuleNamesOf, listTargets, lockRule, putRule, reading, writing } from './store.ts';
import type { RuleRow } from './store.ts';
import { refuseTags } from './tags.ts';

export const noRule = (name: string): Error => fail('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`);

export function checkPattern(text: string): EventPattern {
  try {
    return parsePattern(text);
  } catch (error) {
    if (error instanceof InvalidPattern) throw fail('InvalidEventPatternException', error.message, { cause: error });
    throw error;
  }
}

function toRule(row: RuleRow): Rule {
  return { Name: row.name, Arn: ruleArn(row, row.name), EventPattern: row.pattern, State: row.state, Description: row.description ?? undefined, EventBusName: 'default' };
}

export function rules({ db, clock, paging }: { db: Database; clock: Clock; paging: Paging }) {
  async function setState(call: Call, name: string, state: RuleRow['state']): Promise<Record<string, never>> {
    await db.transaction(async (tx) => {
      const row = await lockRule(tx, call, name);
      if (row === undefined) throw noRule(name);
      await putRule(tx, { ...row, state });
    });
    return {};
  }

  return {
    async PutRule(input, call) {
      needDefaultBus(call, input.EventBusName);
      refuseMembers(input, ['ScheduleExpression'], notSupported);
      refuseMembers(input, ['RoleArn'], () => notSupported('RoleArn of a rule (give each target its own)'));
      const { EventPattern: pattern, State: state = 'ENABLED' } = input;
      if (state !== 'ENABLED' && state !== 'DISABLED') throw notSupported(`State ${state}`);
      if (pattern === undefined) throw fail('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
      if (pattern.length > LIMITS.patternSize) throw fail('InvalidEventPatternException', `Event pattern is not valid. Reason: Event pattern size is over the limit of ${LIMITS.patternSize} characters`);
      checkPattern(pattern);
      const arn = ruleArn(call, input.Name);
      await db.transaction(async (tx) => {
        const known = await lockRule(tx, call, input.Name);
        if (known === undefined && (await countRules(writing(tx), call)) >= LIMITS.rulesPerBus) throw fail('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
        await putRule(tx, { account: call.account, region: call.region, name: input.Name, pattern, state, description: input.Description ?? null, created: known?.created ?? clock.now() });
        // An existing rule keeps its tags, as in AWS.
        if (known === undefined && input.Tags !== undefined) await putTags(tx, { account: call.account, arn }, input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return { RuleArn: arn };
    },

    async DescribeRule(input, call) {
      needDefaultBus(call, input.EventBusName);
      const row = await findRule(reading(db), call, input.Name);
      if (row === undefined) throw noRule(input.Name);
      return { ...toRule(row), CreatedBy: call.account };
    },

    async ListRules(input, call) {
      needDefaultBus(call, input.EventBusName);
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListRules', call, input }, (slice) => listRules(reading(db), call, input.NamePrefix ?? '', slice), (row) => row.name);
      return { Rules: rows.map(toRule), NextToken };
    },

    async EnableRule(input, call) {
      needDefaultBus(call, input.EventBusName);
      return setState(call, input.Name, 'ENABLED');
    },

    async DisableRule(input, call) {
      needDefaultBus(call, input.EventBusName);
      return setState(call, input.Name, 'DISABLED');
    },

    async DeleteRule(input, call) {
      needDefaultBus(call, input.EventBusName);
      await db.transaction(async (tx) => {
        const row = await lockRule(tx, call, input.Name);
        if (row === undefined) return;
        const targets = await listTargets(writing(tx), call, row.name, { after: undefined, limit: 1 });
        if (targets.length > 0) throw fail('ValidationException', "Rule can't be deleted since it has targets.");
        await removeAllTags(tx, { account: call.account, arn: ruleArn(call, row.name) });
        await deleteRule(tx, call, row.name);
      });
      return {};
    },

    async ListRuleNamesByTarget(input, call) {
      needDefaultBus(call, input.EventBusName);
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListRuleNamesByTarget', call, input }, (slice) => listRuleNamesOf(reading(db), call, input.TargetArn, slice), (name) => name);
      return { RuleNames: [...rows], NextToken };
    },

    async TestEventPattern(input) {
      const pattern = checkPattern(input.EventPattern);
      return { Result: pattern.matches(readEvent(input.Event)) };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}

const EVENT_KEYS = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'];

/** AWS asks for the members that every real event has. */
function readEvent(text: string): Readonly<Record<string, unknown>> {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (cause) {
    throw fail('ValidationException', 'Parameter Event is not valid. Reason: Event is not valid JSON.', { cause });
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw fail('ValidationException', 'Parameter Event is not valid. Reason: Event is not a JSON object.');
  const missing = EVENT_KEYS.find((key) => !(key in event));
  if (missing !== undefined) throw fail('ValidationException', `Parameter Event is not valid. Reason: ${missing} is a required member.`);
  return event as Readonly<Record<string, unknown>>;
}
