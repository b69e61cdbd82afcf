import { valueTest } from './value-match.ts';
import type { ValueTest } from './value-match.ts';

/**
 * EventBridge's event patterns, pure. A pattern has the event's shape; its leaves are lists of what a value may be.
 * Every key must match (AND), one entry of a list is enough (OR), `$or` joins alternatives. An array in the event
 * matches when one of its elements does; keys below an array of objects must match within the same element.
 */
export interface EventPattern {
  matches(event: Json): boolean;
}

export type Json = Readonly<Record<string, unknown>>;

/** A pattern that AWS would refuse; the message is the end of its InvalidEventPatternException. */
export class InvalidPattern extends Error {
  override readonly name = 'InvalidPattern';
}

type Node = (value: unknown, root: Json) => boolean;
type Path = readonly string[];

const MAX_DEPTH = 100;

/** Reads and checks a pattern's JSON text. Throws `InvalidPattern`. */
export function parsePattern(text: string): EventPattern {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InvalidPattern(`Event pattern is not valid. Reason: ${cause instanceof Error ? cause.message : 'invalid JSON'}`, { cause });
  }
  if (!isObject(json)) throw invalid('Filter is not an object', []);
  const node = objectNode(json, []);
  return { matches: (event) => node(event, event) };
}

function objectNode(json: Json, path: Path): Node {
  const entries = Object.entries(json);
  if (entries.length === 0) throw invalid('Empty objects are not allowed', path);
  if (path.length > MAX_DEPTH) throw invalid('Pattern is nested too deeply', path.slice(0, 3));
  const alternatives: Node[] = [];
  const fields: { key: string; node: Node }[] = [];
  for (const [key, value] of entries) {
    if (key === '$or' && isAlternatives(value)) alternatives.push(orNode(value, path));
    else fields.push({ key, node: fieldNode(value, [...path, key]) });
  }
  const one = (value: unknown, root: Json): boolean =>
    fields.every(({ key, node }) => node(isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined, root))
    && alternatives.every((node) => node(value, root));
  return (value, root) => (Array.isArray(value) ? value.flat(Infinity).some((element) => one(element, root)) : one(value, root));
}

/** Anything else under `$or` is a field of that name, as in AWS. */
function isAlternatives(value: unknown): value is readonly Json[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && !isMatchExpression(one));
}

function isMatchExpression(value: Json): boolean {
  const keys = Object.keys(value);
  return keys.length === 1 && ['prefix', 'suffix', 'anything-but', 'numeric', 'exists', 'cidr', 'equals-ignore-case', 'wildcard'].includes(keys[0]!);
}

function orNode(list: readonly Json[], path: Path): Node {
  if (list.length < 2) throw invalid('There must have at least 2 objects in the array of "$or"', [...path, '$or']);
  const nodes = list.map((one) => objectNode(one, path));
  return (value, root) => nodes.some((node) => node(value, root));
}

function fieldNode(json: unknown, path: Path): Node {
  if (Array.isArray(json)) return leafNode(json as readonly unknown[], path);
  if (isObject(json)) return objectNode(json, path);
  throw invalid(`"${path.at(-1)}" must be an object or an array`, path);
}

function leafNode(list: readonly unknown[], path: Path): Node {
  if (list.length === 0) throw invalid('Empty arrays are not allowed', path);
  let orAbsent = false;
  const tests: ValueTest[] = [];
  for (const entry of list) {
    if (isObject(entry) && entry['exists'] === false && Object.keys(entry).length === 1) orAbsent = true;
    else tests.push(valueTest(entry, (reason) => invalid(reason, path)));
  }
  const answers = new WeakMap<Json, boolean>();
  // Every element of an array asks the same of the whole event: walked once for each, a long array would take its square.
  const absent = (root: Json): boolean => {
    const known = answers.get(root) ?? isAbsent(root, path);
    answers.set(root, known);
    return known;
  };
  return (value, root) => leaves(value).some((leaf) => tests.some((test) => test(leaf))) || (orAbsent && absent(root));
}

/** The values at a leaf: an array's elements, the value itself; objects are no leaves. */
function leaves(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? (value.flat(Infinity) as unknown[]) : [value];
  return list.filter((one) => !isObject(one));
}

/** `exists: false` asks the whole event, not only the array element at hand. */
function isAbsent(value: unknown, path: Path): boolean {
  if (Array.isArray(value)) return value.flat(Infinity).every((element) => isAbsent(element, path));
  const [key, ...rest] = path;
  if (key === undefined) return leaves(value).length === 0;
  return !isObject(value) || !Object.hasOwn(value, key) || isAbsentAt(value[key], rest);
}

function isAbsentAt(value: unknown, rest: Path): boolean {
  return rest.length === 0 ? leaves(value).length === 0 : isAbsent(value, rest);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string, path: Path): InvalidPattern {
  return new InvalidPattern(`Event pattern is not valid. Reason: ${reason}${path.length === 0 ? '' : ` at ${path.join('.')}`}`);
}
