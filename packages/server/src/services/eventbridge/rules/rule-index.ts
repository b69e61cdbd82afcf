import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject, parsePattern } from '../../../patterns/pattern.ts';
import type { EventPattern, Json } from '../../../patterns/pattern.ts';

/**
 * Many patterns against one event. A pattern that asks a field for exact texts can only match an event that has one of
 * them there, so it waits under its rarest field; only those found under the event's own values, and those that ask for
 * nothing exact, are tried in full. Pure.
 */
export interface RuleIndex<Rule> {
  /** In the order in which the rules were given. */
  matching(event: Json): Rule[];
  /** The same, letting others have their turn in between: hundreds of patterns over a megabyte of arrays take seconds. */
  matchingInTurns(event: Json): Promise<Rule[]>;
}

interface Candidate<Rule> {
  readonly at: number;
  readonly rule: Rule;
  readonly pattern: EventPattern;
}

interface Leaf {
  readonly path: readonly string[];
  readonly values: readonly string[];
}

interface Shelf<Rule> {
  readonly path: readonly string[];
  readonly byValue: Map<string, Candidate<Rule>[]>;
}

/** `patternOf`: a pattern that was checked when it was put. */
export function indexRules<Rule>(rules: readonly Rule[], patternOf: (rule: Rule) => string): RuleIndex<Rule> {
  const shelves = new Map<string, Shelf<Rule>>();
  const always: Candidate<Rule>[] = [];
  const read = rules.map((rule, at) => ({ candidate: { at, rule, pattern: parsePattern(patternOf(rule)) }, leaves: exactLeaves(JSON.parse(patternOf(rule)) as Json, []) }));
  const uses = countUses(read.flatMap(({ leaves }) => leaves));
  for (const { candidate, leaves } of read) {
    const leaf = leaves.toSorted((a, b) => crowd(uses, a) - crowd(uses, b))[0];
    if (leaf === undefined) {
      always.push(candidate);
      continue;
    }
    const key = JSON.stringify(leaf.path);
    const shelf = shelves.get(key) ?? { path: leaf.path, byValue: new Map<string, Candidate<Rule>[]>() };
    shelves.set(key, shelf);
    for (const value of new Set(leaf.values)) shelf.byValue.set(value, [...(shelf.byValue.get(value) ?? []), candidate]);
  }
  const candidates = (event: Json): Set<Candidate<Rule>> => candidatesFor(event, [...shelves.values()], always);
  return {
    matching: (event) => inOrder([...candidates(event)].filter(({ pattern }) => pattern.matches(event))),
    async matchingInTurns(event) {
      const found: Candidate<Rule>[] = [];
      let since = performance.now();
      for (const candidate of candidates(event)) {
        if (candidate.pattern.matches(event)) found.push(candidate);
        if (performance.now() - since < LONGEST_TURN) continue;
        await nextTurn();
        since = performance.now();
      }
      return inOrder(found);
    },
  };
}

/** ms */
const LONGEST_TURN = 20;

const inOrder = <Rule>(found: Candidate<Rule>[]): Rule[] => found.toSorted((a, b) => a.at - b.at).map(({ rule }) => rule);

function candidatesFor<Rule>(event: Json, shelves: readonly Shelf<Rule>[], always: readonly Candidate<Rule>[]): Set<Candidate<Rule>> {
  const candidates = new Set(always);
  for (const { path, byValue } of shelves) {
    for (const value of textsAt(event, path, 0)) for (const candidate of byValue.get(value) ?? []) candidates.add(candidate);
  }
  return candidates;
}

/** The leaves that accept nothing but texts. `$or` is left out: one of its branches may do without each of them. */
function exactLeaves(pattern: Json, path: readonly string[]): Leaf[] {
  return Object.entries(pattern).flatMap(([key, value]): Leaf[] => {
    if (key === '$or') return [];
    const here = [...path, key];
    if (Array.isArray(value)) return value.every((one) => typeof one === 'string') ? [{ path: here, values: value }] : [];
    return isObject(value) ? exactLeaves(value, here) : [];
  });
}

function countUses(leaves: readonly Leaf[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const { path, values } of leaves) for (const value of values) uses.set(useKey(path, value), (uses.get(useKey(path, value)) ?? 0) + 1);
  return uses;
}

const useKey = (path: readonly string[], value: string): string => JSON.stringify([path, value]);

/** How many patterns share a leaf's values: the fewer, the better it tells events apart. */
const crowd = (uses: ReadonlyMap<string, number>, { path, values }: Leaf): number => values.reduce((sum, value) => sum + (uses.get(useKey(path, value)) ?? 0), 0);

/** The texts under a path, through arrays, as patterns see them. */
function textsAt(value: unknown, path: readonly string[], depth: number): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => textsAt(one, path, depth));
  if (depth === path.length) return typeof value === 'string' ? [value] : [];
  const key = path[depth]!;
  return isObject(value) && Object.hasOwn(value, key) ? textsAt(value[key], path, depth + 1) : [];
}
