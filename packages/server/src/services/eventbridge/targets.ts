import type { EventBridgeApi } from '@slipway/contracts';
import type { PutTargetsResultEntry } from '@slipway/contracts/eventbridge';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Operations } from '../../kernel/service.ts';
import { needDefaultBus } from './arns.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import { pageOf } from './pages.ts';
import { noRule } from './rules.ts';
import { findRule, listTargets, lockRule, putTarget, reading, removeTarget, writing } from './store.ts';
import { destinationOf, targetFault } from './target-kinds.ts';

export function targets({ db, paging }: { db: Database; paging: Paging }) {
  return {
    async PutTargets(input, call) {
      needDefaultBus(call, input.EventBusName);
      const ids = new Set(input.Targets.map((target) => target.Id));
      if (ids.size !== input.Targets.length) throw fail('ValidationException', 'Duplicate target ids are not allowed.');
      const roleless = input.Targets.find((target) => target.RoleArn === undefined && ['codepipeline', 'codebuild'].includes(destinationOf(target.Arn)?.kind ?? ''));
      if (roleless !== undefined) throw fail('ValidationException', `RoleArn is required for target ${roleless.Arn}.`);
      const FailedEntries: PutTargetsResultEntry[] = [];
      const good = input.Targets.filter((target) => {
        const fault = targetFault(call, target);
        if (fault !== undefined) FailedEntries.push({ TargetId: target.Id, ErrorCode: 'ValidationException', ErrorMessage: fault });
        return fault === undefined;
      });
      await db.transaction(async (tx) => {
        if ((await lockRule(tx, call, input.Rule)) === undefined) throw noRule(input.Rule);
        const known = await listTargets(writing(tx), call, input.Rule, { after: undefined, limit: LIMITS.targetsPerRule });
        const all = new Set([...known.map((target) => target.Id), ...good.map((target) => target.Id)]);
        if (all.size > LIMITS.targetsPerRule) throw fail('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
        for (const target of good) await putTarget(tx, call, input.Rule, target);
      });
      return { FailedEntryCount: FailedEntries.length, FailedEntries };
    },

    async RemoveTargets(input, call) {
      needDefaultBus(call, input.EventBusName);
      const unknown = await db.transaction(async (tx) => {
        if ((await lockRule(tx, call, input.Rule)) === undefined) throw noRule(input.Rule);
        const missing: string[] = [];
        for (const id of input.Ids) if (!(await removeTarget(tx, call, input.Rule, id))) missing.push(id);
        return missing;
      });
      const FailedEntries = unknown.map((id) => ({ TargetId: id, ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Rule ${input.Rule} does not have target(s) with id(s) ${id}.` }));
      return { FailedEntryCount: FailedEntries.length, FailedEntries };
    },

    async ListTargetsByRule(input, call) {
      needDefaultBus(call, input.EventBusName);
      if ((await findRule(reading(db), call, input.Rule)) === undefined) throw noRule(input.Rule);
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListTargetsByRule', call, input }, (slice) => listTargets(reading(db), call, input.Rule, slice), (target) => target.Id);
      return { Targets: [...rows], NextToken };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
