import type { EventBridgeApi } from '@slipway/contracts';
import type { PutTargetsResultEntry } from '@slipway/contracts/eventbridge';
import type { Database } from '../../../kernel/database.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Operations } from '../../../kernel/service.ts';
import { ruleOf } from '../arns.ts';
import { needBus } from '../buses.ts';
import { fail, noRule, tooMany } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import type { Matching } from './matching.ts';
import { pageOf } from '../pages.ts';
import { refuseManaged } from './rules.ts';
import { findRule, listTargets, lockRule, putTarget, reading, removeTarget, writing } from '../store/index.ts';
import { needsRole, targetFault } from './target-kinds.ts';

export function targets({ db, paging, matching }: { db: Database; paging: Paging; matching: Matching }) {
  return {
    async PutTargets(input, call) {
      const ref = ruleOf(call, input.EventBusName, input.Rule);
      await needBus(reading(db), ref);
      const ids = new Set(input.Targets.map((target) => target.Id));
      if (ids.size !== input.Targets.length) throw fail('ValidationException', 'Duplicate target ids are not allowed.');
      const roleless = input.Targets.find((target) => target.RoleArn === undefined && needsRole(target.Arn));
      if (roleless !== undefined) throw fail('ValidationException', `RoleArn is required for target ${roleless.Arn}.`);
      const FailedEntries: PutTargetsResultEntry[] = [];
      const good = input.Targets.filter((target) => {
        const fault = targetFault(ref, target);
        if (fault !== undefined) FailedEntries.push({ TargetId: target.Id, ErrorCode: 'ValidationException', ErrorMessage: fault });
        return fault === undefined;
      });
      await db.transaction(async (tx) => {
        const rule = await lockRule(tx, ref);
        if (rule === undefined) throw noRule(ref);
        refuseManaged(rule);
        const known = await listTargets(writing(tx), ref, { after: undefined, limit: LIMITS.targetsPerRule });
        const all = new Set([...known.map((target) => target.Id), ...good.map((target) => target.Id)]);
        if (all.size > LIMITS.targetsPerRule) throw tooMany();
        for (const target of good) await putTarget(tx, ref, target);
        matching.changed(tx, ref);
      });
      return { FailedEntryCount: FailedEntries.length, FailedEntries };
    },

    async RemoveTargets(input, call) {
      const ref = ruleOf(call, input.EventBusName, input.Rule);
      await needBus(reading(db), ref);
      const unknown = await db.transaction(async (tx) => {
        const rule = await lockRule(tx, ref);
        if (rule === undefined) throw noRule(ref);
        if (input.Force !== true) refuseManaged(rule);
        const missing: string[] = [];
        for (const id of input.Ids) if (!(await removeTarget(tx, ref, id))) missing.push(id);
        matching.changed(tx, ref);
        return missing;
      });
      const FailedEntries = unknown.map((id) => ({ TargetId: id, ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Rule ${input.Rule} does not have target(s) with id(s) ${id}.` }));
      return { FailedEntryCount: FailedEntries.length, FailedEntries };
    },

    async ListTargetsByRule(input, call) {
      const ref = ruleOf(call, input.EventBusName, input.Rule);
      await needBus(reading(db), ref);
      if ((await findRule(reading(db), ref)) === undefined) throw noRule(ref);
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListTargetsByRule', call, input }, (slice) => listTargets(reading(db), ref, slice), (target) => target.Id);
      return { Targets: [...rows], NextToken };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
