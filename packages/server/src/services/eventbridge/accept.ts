import type { Jobs } from '../../engine/jobs.ts';
import type { StoredEvent } from '../../engine/outbox.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { LIMITS, REMEMBER_EVENTS_MS } from './limits.ts';
import { parsePattern } from '../../patterns/pattern.ts';
import type { EventPattern, Json } from '../../patterns/pattern.ts';
import { insertDelivery, listEnabledRules, listTargets, noteEvent, reading } from './store.ts';

export const DELIVERY = 'eventbridge/delivery';

const CACHED_PATTERNS = 2_000;
const patterns = new Map<string, EventPattern>();

/** An event as rules and targets see it. */
export function publicForm(event: StoredEvent): Json {
  return {
    version: '0', id: event.id, 'detail-type': event.detailType, source: event.source, account: event.account,
    time: `${new Date(event.time).toISOString().slice(0, 19)}Z`, region: event.region, resources: event.resources, detail: event.detail,
  };
}

/**
 * Takes events in: one transaction notes each and writes a delivery with its job for every target of every rule that
 * matches. An event that comes again, as the outbox may repeat itself, is known by its id and ignored.
 */
export function acceptEvents({ db, clock, jobs }: { db: Database; clock: Clock; jobs: Jobs }) {
  return async (events: readonly StoredEvent[]): Promise<void> => {
    const matched = await Promise.all(events.map(async (event) => ({ event, targets: await matchingTargets(db, event) })));
    await db.transaction(async (tx) => {
      const now = clock.now();
      for (const { event, targets } of matched) {
        if (!(await noteEvent(tx, event, event.id, { now, forgetBefore: now - REMEMBER_EVENTS_MS }))) continue;
        const { account, region } = event;
        for (const { rule, target } of targets) {
          const id = `${event.id}/${rule}/${target.Id}`;
          await insertDelivery(tx, { account, region, id, rule, target: JSON.stringify(target), event: JSON.stringify(publicForm(event)), created: now, attempts: 0 });
          await jobs.wake(tx, { kind: DELIVERY, account, region, id });
        }
      }
    });
  };
}

async function matchingTargets(db: Database, event: StoredEvent) {
  const form = publicForm(event);
  const rules = (await listEnabledRules(reading(db), event)).filter((rule) => compiled(rule.pattern).matches(form));
  const targets = await Promise.all(rules.map(async (rule) => {
    const list = await listTargets(reading(db), event, rule.name, { after: undefined, limit: LIMITS.targetsPerRule });
    return list.map((target) => ({ rule: rule.name, target }));
  }));
  return targets.flat();
}

/** A pattern's text is its own cache key, so nothing goes stale. */
function compiled(text: string): EventPattern {
  const known = patterns.get(text);
  if (known !== undefined) return known;
  const pattern = parsePattern(text);
  if (patterns.size >= CACHED_PATTERNS) patterns.clear();
  patterns.set(text, pattern);
  return pattern;
}
