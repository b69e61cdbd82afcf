import type { Target } from '@slipway/contracts/eventbridge';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { indexRules } from './rule-index.ts';
import type { RuleIndex } from './rule-index.ts';
import { listBusTargets, listMatchingRules, reading } from '../store/index.ts';
import type { BusRef, RuleRow } from '../store/index.ts';

export interface MatchingRule {
  readonly rule: RuleRow;
  readonly targets: readonly Target[];
}

/**
 * Each bus's enabled rules with their targets, ready to be matched. A change on this server is seen from its commit on,
 * one on another server with its notification; that can be lost with its connection, so an index also grows old.
 */
export interface Matching {
  of(bus: BusRef): Promise<RuleIndex<MatchingRule>>;
  /** In the transaction that changes a bus's rules or targets. */
  changed(tx: Transaction, bus: BusRef): void;
}

const CHANNEL = 'eventbridge_rules';
const MAX_AGE_MS = 10_000;
const MAX_BUSES = 1_000;

export function createMatching(db: Database): Matching {
  const known = new Map<string, { index: RuleIndex<MatchingRule>; until: number }>();
  let generation = 0;
  let listening: Promise<unknown> | undefined;

  const forget = (key: string): void => {
    generation += 1;
    known.delete(key);
  };
  const listen = (): Promise<unknown> => db.listen(CHANNEL, forget).catch((error: unknown) => {
    listening = undefined;
    throw error;
  });

  return {
    async of(bus) {
      // Before the first index is kept, changes elsewhere must be heard of.
      await (listening ??= listen());
      const key = keyOf(bus);
      const found = known.get(key);
      // Caches run on real time: a test's clock must not keep an index alive.
      if (found !== undefined && found.until > performance.now()) return found.index;
      const before = generation;
      const index = await read(db, bus);
      // A change that commits while we read may not be in what we read.
      if (before === generation) {
        if (known.size >= MAX_BUSES) known.clear();
        known.set(key, { index, until: performance.now() + MAX_AGE_MS });
      }
      return index;
    },
    changed(tx, bus) {
      tx.afterCommit(() => {
        forget(keyOf(bus));
        db.notify(CHANNEL, keyOf(bus));
      });
    },
  };
}

const keyOf = ({ account, region, bus }: BusRef): string => `${account}/${region}/${bus}`;

async function read(db: Database, bus: BusRef): Promise<RuleIndex<MatchingRule>> {
  const rules = await listMatchingRules(reading(db), bus);
  const rows = await listBusTargets(reading(db), bus);
  const targets = new Map<string, Target[]>(rules.map((rule) => [rule.name, []]));
  for (const row of rows) targets.get(row.rule)?.push(JSON.parse(row.target) as Target);
  const entries = rules.map((rule): MatchingRule => ({ rule, targets: targets.get(rule.name) ?? [] }));
  return indexRules(entries, ({ rule }) => rule.pattern ?? '');
}
