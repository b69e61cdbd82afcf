import type { Target } from '@slipway/contracts/eventbridge';
import type { Jobs } from '../../engine/jobs.ts';
import type { StoredEvent } from '../../engine/outbox.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Json } from '../../patterns/pattern.ts';
import { DEFAULT_BUS } from './arns.ts';
import { REMEMBER_EVENTS_MS } from './limits.ts';
import type { Matching, MatchingRule } from './rules/matching.ts';
import { insertArchived, insertDelivery, noteEvent } from './store/index.ts';
import type { BusRef, RuleRow } from './store/index.ts';
import { isBusArn } from './rules/target-kinds.ts';

export const DELIVERY = 'eventbridge/delivery';

/** An event that has come to a bus. */
export interface Arrival {
  readonly bus: BusRef;
  /** As rules and targets see it. */
  readonly event: Json;
  /** Names this arrival among all of the account's: deliveries are keyed by it. */
  readonly key: string;
  /** It came from another bus, and goes to no third, as in AWS. */
  readonly forwarded?: boolean;
  /** A replay's choice of rules, by name. */
  readonly only?: ReadonlySet<string> | undefined;
}

export interface MatchedArrival extends Arrival {
  readonly rules: readonly MatchingRule[];
}

/** An event as rules and targets see it. */
export function publicForm(event: Pick<StoredEvent, 'id' | 'detailType' | 'source' | 'account' | 'time' | 'region' | 'resources' | 'detail'>): Json {
  return {
    version: '0', id: event.id, 'detail-type': event.detailType, source: event.source, account: event.account,
    time: `${new Date(event.time).toISOString().slice(0, 19)}Z`, region: event.region, resources: event.resources, detail: event.detail,
  };
}

/** An event from a room or from PutEvents. */
export function arrivalOf(event: StoredEvent, bus: BusRef = { account: event.account, region: event.region, bus: DEFAULT_BUS }): Arrival {
  return { bus, event: publicForm(event), key: event.id };
}

export interface Acceptance {
  /** Resolves once every matching target's delivery is on disk. An event that comes again is known by its key and ignored. */
  accept(arrivals: readonly Arrival[]): Promise<void>;
  /** Which rules want an event; ahead of the transaction that stores it. */
  match(arrivals: readonly Arrival[]): Promise<MatchedArrival[]>;
  /** Writes a delivery with its job for every target, and what archives keep. */
  store(tx: Transaction, arrivals: readonly MatchedArrival[]): Promise<void>;
  /** One rule's targets get an event that only it is about. */
  storeFor(tx: Transaction, arrival: Arrival, rule: RuleRow, targets: readonly Target[]): Promise<void>;
}

export function acceptEvents({ db, clock, jobs, matching }: { db: Database; clock: Clock; jobs: Jobs; matching: Matching }): Acceptance {
  async function match(arrivals: readonly Arrival[]): Promise<MatchedArrival[]> {
    return Promise.all(arrivals.map(async (arrival) => {
      const rules = await (await matching.of(arrival.bus)).matchingInTurns(arrival.event);
      return { ...arrival, rules: rules.filter(({ rule }) => arrival.only?.has(rule.name) !== false) };
    }));
  }

  async function storeFor(tx: Transaction, { bus, event, key, forwarded = false }: Arrival, rule: RuleRow, targets: readonly Target[]): Promise<void> {
    const { account, region } = bus;
    for (const target of targets) {
      if (forwarded && isBusArn(target.Arn)) continue;
      const id = `${key}/${rule.name}/${target.Id}`;
      await insertDelivery(tx, {
        account, region, id, bus: bus.bus, rule: rule.name, target: JSON.stringify(target), event: JSON.stringify(event),
        created: clock.now(), attempts: 0, forwarded: forwarded ? 1 : 0, turn: null, letter: null,
      });
      await jobs.wake(tx, { kind: DELIVERY, account, region, id });
    }
  }

  async function store(tx: Transaction, arrivals: readonly MatchedArrival[]): Promise<void> {
    for (const arrival of arrivals) {
      for (const { rule, targets } of arrival.rules) {
        if (rule.archive !== null) await keep(tx, arrival, rule.archive, clock.now());
        await storeFor(tx, arrival, rule, targets);
      }
    }
  }

  return {
    match,
    store,
    storeFor,
    async accept(arrivals) {
      const matched = await match(arrivals);
      await db.transaction(async (tx) => {
        const now = clock.now();
        for (const arrival of matched) {
          if (await noteEvent(tx, arrival.bus, arrival.key, { now, forgetBefore: now - REMEMBER_EVENTS_MS })) await store(tx, [arrival]);
        }
      });
    },
  };
}

async function keep(tx: Transaction, { bus: { account, region }, event, key }: Arrival, archive: string, stored: number): Promise<void> {
  const text = JSON.stringify(event);
  await insertArchived(tx, { account, region, archive, time: Date.parse(String(event['time'])), event_id: key, event: text, size: Buffer.byteLength(text), stored });
}
