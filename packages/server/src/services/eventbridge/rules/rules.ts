import type { EventBridgeApi } from '@slipway/contracts';
import type { PutRuleRequest, Rule } from '@slipway/contracts/eventbridge';
import type { Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import type { Paging } from '../../../kernel/paging.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Operations } from '../../../kernel/service.ts';
import { putTags, removeAllTags } from '../../../kernel/tags.ts';
import { busOf, DEFAULT_BUS, ruleArn, ruleOf } from '../arns.ts';
import { needBus } from '../buses.ts';
import { fail, noRule, notSupported, tooMany } from '../fail.ts';
import { scheduleRule } from './fire.ts';
import { LIMITS } from '../limits.ts';
import type { Matching } from './matching.ts';
import { pageOf } from '../pages.ts';
import { checkPattern } from './patterns.ts';
import { parseSchedule } from './schedule.ts';
import { countRules, deleteRule, findRule, listRules, listRuleNamesOf, listTargets, lockBus, lockRule, putRule, reading, writing } from '../store/index.ts';
import type { RuleRef, RuleRow } from '../store/index.ts';
import { refuseTags } from '../tags.ts';

export const refOf = ({ account, region, bus, name }: RuleRow): RuleRef => ({ account, region, bus, rule: name });

/** What AWS says to who changes a rule that a service made for itself. */
export function refuseManaged(row: RuleRow | undefined): void {
  if (row?.managed_by != null) throw fail('ManagedRuleException', `Rule ${row.name} is a managed rule, created by ${row.managed_by} on your behalf.`);
}

function toRule(row: RuleRow): Rule {
  return {
    Name: row.name, Arn: ruleArn(refOf(row)), EventPattern: row.pattern ?? undefined, ScheduleExpression: row.schedule ?? undefined, State: row.state,
    Description: row.description ?? undefined, ManagedBy: row.managed_by ?? undefined, EventBusName: row.bus,
  };
}

/** Refuses what a rule cannot be. */
function checkRule(input: PutRuleRequest, bus: string): { state: RuleRow['state'] } {
  refuseMembers(input, ['RoleArn'], () => notSupported('RoleArn of a rule (give each target its own)'));
  const { EventPattern: pattern, ScheduleExpression: schedule, State: state = 'ENABLED' } = input;
  if (state !== 'ENABLED' && state !== 'DISABLED') throw notSupported(`State ${state}`);
  if (!pattern && !schedule) throw fail('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
  if (schedule && bus !== DEFAULT_BUS) throw fail('ValidationException', 'ScheduleExpression is supported only on the default event bus.');
  if (schedule && parseSchedule(schedule) === undefined) throw fail('ValidationException', 'Parameter ScheduleExpression is not valid.');
  if (pattern) checkPattern(pattern);
  return { state };
}

export interface RulesDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly paging: Paging;
  readonly jobs: Jobs;
  readonly matching: Matching;
}

export function rules({ db, clock, paging, jobs, matching }: RulesDeps) {
  async function setState(ref: RuleRef, state: RuleRow['state']): Promise<Record<string, never>> {
    await db.transaction(async (tx) => {
      const row = await lockRule(tx, ref);
      if (row === undefined) throw noRule(ref);
      refuseManaged(row);
      await putRule(tx, await scheduleRule({ tx, jobs, now: clock.now() }, { ...row, state }, row));
      matching.changed(tx, ref);
    });
    return {};
  }

  return {
    async PutRule(input, call) {
      const ref = ruleOf(call, input.EventBusName, input.Name);
      const { state } = checkRule(input, ref.bus);
      await needBus(reading(db), ref);
      const now = clock.now();
      await db.transaction(async (tx) => {
        // The bus is locked so that it is not deleted meanwhile, and that its rules are counted one after the other.
        await lockBus(tx, ref);
        await needBus(writing(tx), ref);
        const known = await lockRule(tx, ref);
        refuseManaged(known);
        if (known === undefined && (await countRules(writing(tx), ref)) >= LIMITS.rulesPerBus) throw tooMany();
        const row: RuleRow = {
          account: ref.account, region: ref.region, bus: ref.bus, name: ref.rule, pattern: input.EventPattern || null, schedule: input.ScheduleExpression || null, state,
          description: input.Description ?? null, managed_by: null, archive: null, created_by: known?.created_by ?? call.caller.account, created: known?.created ?? now,
          scheduled: null, fires_at: null,
        };
        await putRule(tx, await scheduleRule({ tx, jobs, now }, row, known));
        matching.changed(tx, ref);
        // An existing rule keeps its tags, as in AWS.
        if (known === undefined && input.Tags !== undefined) await putTags(tx, { account: ref.account, arn: ruleArn(ref) }, input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return { RuleArn: ruleArn(ref) };
    },

    async DescribeRule(input, call) {
      const ref = ruleOf(call, input.EventBusName, input.Name);
      await needBus(reading(db), ref);
      const row = await findRule(reading(db), ref);
      if (row === undefined) throw noRule(ref);
      return { ...toRule(row), CreatedBy: row.created_by };
    },

    async ListRules(input, call) {
      const bus = busOf(call, input.EventBusName);
      await needBus(reading(db), bus);
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListRules', call, input }, (slice) => listRules(reading(db), bus, input.NamePrefix ?? '', slice), (row) => row.name);
      return { Rules: rows.map(toRule), NextToken };
    },

    async EnableRule(input, call) {
      return setState(ruleOf(call, input.EventBusName, input.Name), 'ENABLED');
    },

    async DisableRule(input, call) {
      return setState(ruleOf(call, input.EventBusName, input.Name), 'DISABLED');
    },

    /** A rule that does not exist is no error, as in AWS. */
    async DeleteRule(input, call) {
      const ref = ruleOf(call, input.EventBusName, input.Name);
      await needBus(reading(db), ref);
      await db.transaction(async (tx) => {
        const row = await lockRule(tx, ref);
        if (row === undefined) return;
        if (input.Force !== true) refuseManaged(row);
        const targets = await listTargets(writing(tx), ref, { after: undefined, limit: 1 });
        if (targets.length > 0) throw fail('ValidationException', "Rule can't be deleted since it has targets.");
        await removeAllTags(tx, { account: ref.account, arn: ruleArn(ref) });
        await deleteRule(tx, ref);
        matching.changed(tx, ref);
      });
      return {};
    },

    async ListRuleNamesByTarget(input, call) {
      const bus = busOf(call, input.EventBusName);
      await needBus(reading(db), bus);
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListRuleNamesByTarget', call, input }, (slice) => listRuleNamesOf(reading(db), bus, input.TargetArn, slice), (name) => name);
      return { RuleNames: [...rows], NextToken };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
