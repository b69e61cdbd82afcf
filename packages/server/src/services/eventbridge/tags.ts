import type { EventBridgeApi } from '@slipway/contracts';
import type { Database } from '../../kernel/database.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags } from '../../kernel/tags.ts';
import { busArn, DEFAULT_BUS, readEventsArn, ruleArn } from './arns.ts';
import { fail } from './fail.ts';
import { findBus, findRule, lockBus, lockRule, reading } from './store/index.ts';
import type { BusRef, RuleRef } from './store/index.ts';

export const refuseTags: RefuseTags = (message, fault) => fail(fault === 'tooMany' ? 'LimitExceededException' : 'ValidationException', message);

const noTagged = (arn: string): Error => fail('ResourceNotFoundException', `Resource ${arn} does not exist.`);

type Tagged = { readonly bus: BusRef } | { readonly rule: RuleRef };

/** The rule or bus that an ARN names in the caller's account and region. */
function taggedBy({ account, region }: Call, arn: string): Tagged {
  const [kind, ...names] = readEventsArn(arn)?.parts ?? [];
  const bus = kind === 'event-bus' ? names.join('/') : names.slice(0, -1).join('/') || DEFAULT_BUS;
  const tagged: Tagged = kind === 'rule' ? { rule: { account, region, bus, rule: names.at(-1) ?? '' } } : { bus: { account, region, bus } };
  if (arn !== ('rule' in tagged ? ruleArn(tagged.rule) : busArn(tagged.bus))) throw noTagged(arn);
  return tagged;
}

const isDefault = (tagged: Tagged): boolean => 'bus' in tagged && tagged.bus.bus === DEFAULT_BUS;

export function tagOperations({ db }: { db: Database }) {
  return {
    async TagResource(input, call) {
      const tagged = taggedBy(call, input.ResourceARN);
      await db.transaction(async (tx) => {
        const row = 'rule' in tagged ? await lockRule(tx, tagged.rule) : await lockBus(tx, tagged.bus);
        if (row === undefined && !isDefault(tagged)) throw noTagged(input.ResourceARN);
        await putTags(tx, { account: call.account, arn: input.ResourceARN }, input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return {};
    },

    async UntagResource(input, call) {
      const tagged = taggedBy(call, input.ResourceARN);
      await db.transaction(async (tx) => {
        const row = 'rule' in tagged ? await lockRule(tx, tagged.rule) : await lockBus(tx, tagged.bus);
        if (row === undefined && !isDefault(tagged)) throw noTagged(input.ResourceARN);
        await removeTags(tx, { account: call.account, arn: input.ResourceARN }, input.TagKeys);
      });
      return {};
    },

    async ListTagsForResource(input, call) {
      const tagged = taggedBy(call, input.ResourceARN);
      const row = 'rule' in tagged ? await findRule(reading(db), tagged.rule) : await findBus(reading(db), tagged.bus);
      if (row === undefined && !isDefault(tagged)) throw noTagged(input.ResourceARN);
      const tags = await listTags(db.read, { account: call.account, arn: input.ResourceARN });
      return { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
