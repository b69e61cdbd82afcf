import { nestsDeeper } from '../../../kernel/json-depth.ts';
import { InvalidPattern, isObject, parsePattern } from '../../../patterns/pattern.ts';
import type { EventPattern, Json } from '../../../patterns/pattern.ts';
import { fail, invalid } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import type { Content } from '../publishing/message.ts';

export type FilterScope = 'MessageAttributes' | 'MessageBody';

const CACHED = 2_000;
/** Of JSON that users write: what nests more is no policy and matches none. */
const DEEPEST = 1_000;
const compiledPolicies = new Map<string, EventPattern>();

/**
 * Checks a filter policy as AWS does when one is set: the language of event patterns without `wildcard`, which
 * https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html does not have; at most five keys, values whose combinations stay within 150; nested only for bodies.
 */
export function checkFilterPolicy(text: string, scope: FilterScope): void {
  if (Buffer.byteLength(text) > LIMITS.filterPolicy.size) throw invalid('FilterPolicy: Filter policy is too large');
  if (nestsDeeper(Buffer.from(text), DEEPEST)) throw invalid('FilterPolicy: Filter policy is nested too deeply');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(invalid('FilterPolicy: failed to parse JSON.'), { cause });
  }
  if (!isObject(json)) throw invalid('FilterPolicy: Filter is not an object');
  if (Object.keys(json).length === 0) return;
  const leaves = [...leafLists(json, 0, scope)];
  if (new Set(leaves.map((leaf) => leaf.path)).size > LIMITS.filterPolicy.keys) throw invalid(`FilterPolicy: Filter policy can not have more than ${LIMITS.filterPolicy.keys} keys`);
  const combinations = leaves.reduce((product, { values, depth }) => product * values.length * (depth + 1), 1);
  if (combinations > LIMITS.filterPolicy.combinations) throw invalid('FilterPolicy: Filter policy is too complex');
  for (const value of leaves.flatMap((leaf) => leaf.values)) {
    if (isObject(value) && Object.hasOwn(value, 'wildcard')) throw invalid('FilterPolicy: Unrecognized match type wildcard');
    for (const number of numbersIn(value)) if (Math.abs(number) > LIMITS.filterPolicy.largestNumber) throw invalid('FilterPolicy: Value must be between -1.0E9 and 1.0E9, inclusive');
  }
  try {
    parsePattern(text);
  } catch (error) {
    if (error instanceof InvalidPattern) throw invalid(`FilterPolicy: ${error.message.replace('Event pattern is not valid. Reason: ', '')}`);
    throw error;
  }
}

function* leafLists(json: Json, depth: number, scope: FilterScope, above = ''): Iterable<{ path: string; values: readonly unknown[]; depth: number }> {
  for (const [key, value] of Object.entries(json)) {
    const path = `${above}/${key}`;
    if (key === '$or' && Array.isArray(value) && value.every(isObject)) {
      for (const one of value as Json[]) yield* leafLists(one, depth, scope, above);
    } else if (isObject(value)) {
      if (scope === 'MessageAttributes') throw invalid('FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy');
      if (depth >= 100) throw invalid('FilterPolicy: Filter policy is nested too deeply');
      yield* leafLists(value, depth + 1, scope, path);
    } else if (Array.isArray(value)) yield { path, values: value as unknown[], depth };
    else throw invalid(`FilterPolicy: "${key}" must be an object or an array`);
  }
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (Array.isArray(value)) return value.flatMap(numbersIn);
  return isObject(value) ? Object.values(value).flatMap(numbersIn) : [];
}

export function readScope(value: string): FilterScope {
  if (value !== 'MessageAttributes' && value !== 'MessageBody') throw invalid(`FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`);
  return value;
}

export function tooManyPolicies(): Error {
  return fail('FilterPolicyLimitExceededException', `A topic can have at most ${LIMITS.filterPolicy.perTopic} filter policies`);
}

/** Whether a message goes to a subscription with this policy. `body`: what the subscription's protocol is sent. */
export function passes(policy: string, scope: FilterScope, content: Content, body: string): boolean {
  const pattern = compiled(policy);
  if (pattern === undefined) return true;
  const subject = scope === 'MessageBody' ? bodyOf(body) : attributesOf(content);
  return subject !== undefined && pattern.matches(subject);
}

/** A body that is no JSON object matches no policy, nor does one too deep to be walked. */
function bodyOf(body: string): Json | undefined {
  if (nestsDeeper(Buffer.from(body), DEEPEST)) return undefined;
  try {
    const json: unknown = JSON.parse(body);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Binary attributes take no part. */
function attributesOf({ attributes }: Content): Json {
  const values = Object.entries(attributes).flatMap(([name, { type, value }]): [string, unknown][] => {
    if (type.startsWith('Binary')) return [];
    if (type.startsWith('Number')) return [[name, Number(value)]];
    return [[name, type === 'String.Array' ? (JSON.parse(value) as unknown) : value]];
  });
  return Object.fromEntries(values);
}

/** A policy's text is its own cache key, so nothing goes stale. `{}` lets everything pass. */
function compiled(text: string): EventPattern | undefined {
  if (/^\s*\{\s*\}\s*$/.test(text)) return undefined;
  const known = compiledPolicies.get(text);
  if (known !== undefined) return known;
  const pattern = parsePattern(text);
  if (compiledPolicies.size >= CACHED) compiledPolicies.clear();
  compiledPolicies.set(text, pattern);
  return pattern;
}
