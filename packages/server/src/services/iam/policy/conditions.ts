import type { Condition } from './document.ts';
import { addressBlock } from './ip.ts';
import { arnParts, matches, matchesArn, pattern } from './wildcard.ts';
import type { Pattern } from './wildcard.ts';

/** The request's values for a condition key (lower case); undefined when the key is absent. */
export type ContextLookup = (key: string) => readonly string[] | undefined;
export type ConditionTest = (context: ContextLookup) => boolean;

/** Whether one value of the request satisfies one value of the policy. */
type ValueTest = (value: string, context: ContextLookup) => boolean;

interface Family {
  /** Compiles a value of the policy; undefined when it can match nothing (a number that is no number). */
  readonly compile: (text: string, variables: boolean, keys: Set<string>) => ValueTest | undefined;
  readonly negated: boolean;
}

export interface Operator {
  readonly base: string;
  readonly family: Family | 'null';
  readonly set: 'all' | 'any' | undefined;
  readonly ifExists: boolean;
}

const numeric = (compare: (value: number, wanted: number) => boolean): Family['compile'] => (text) => {
  const wanted = number(text);
  return wanted === undefined ? undefined : (value) => {
    const given = number(value);
    return given !== undefined && compare(given, wanted);
  };
};

const date = (compare: (value: number, wanted: number) => boolean): Family['compile'] => (text) => {
  const wanted = instant(text);
  return wanted === undefined ? undefined : (value) => {
    const given = instant(value);
    return given !== undefined && compare(given, wanted);
  };
};

const address: Family['compile'] = (text) => addressBlock(text);

const text = (options: { like: boolean; ignoreCase?: boolean }): Family['compile'] => (wanted, variables, keys) => {
  const compiled = noting(pattern(wanted, { wildcards: options.like, variables }), keys);
  return (value, context) => {
    const resolved = compiled.resolve((key) => context(key)?.[0]);
    if (resolved === undefined) return false;
    return options.ignoreCase ? resolved.toLowerCase() === value.toLowerCase() : matches(resolved, value);
  };
};

const arn: Family['compile'] = (wanted, variables, keys) => {
  const compiled = noting(pattern(wanted, { wildcards: true, variables }), keys);
  return (value, context) => {
    const resolved = compiled.resolve((key) => context(key)?.[0]);
    const parts = arnParts(value);
    return resolved !== undefined && parts !== undefined && matchesArn(resolved, parts);
  };
};

const is = (compile: Family['compile']): Family => ({ compile, negated: false });
const isNot = (compile: Family['compile']): Family => ({ compile, negated: true });

const FAMILIES: Readonly<Record<string, Family | 'null'>> = {
  StringEquals: is(text({ like: false })),
  StringNotEquals: isNot(text({ like: false })),
  StringEqualsIgnoreCase: is(text({ like: false, ignoreCase: true })),
  StringNotEqualsIgnoreCase: isNot(text({ like: false, ignoreCase: true })),
  StringLike: is(text({ like: true })),
  StringNotLike: isNot(text({ like: true })),
  NumericEquals: is(numeric((value, wanted) => value === wanted)),
  NumericNotEquals: isNot(numeric((value, wanted) => value === wanted)),
  NumericLessThan: is(numeric((value, wanted) => value < wanted)),
  NumericLessThanEquals: is(numeric((value, wanted) => value <= wanted)),
  NumericGreaterThan: is(numeric((value, wanted) => value > wanted)),
  NumericGreaterThanEquals: is(numeric((value, wanted) => value >= wanted)),
  DateEquals: is(date((value, wanted) => value === wanted)),
  DateNotEquals: isNot(date((value, wanted) => value === wanted)),
  DateLessThan: is(date((value, wanted) => value < wanted)),
  DateLessThanEquals: is(date((value, wanted) => value <= wanted)),
  DateGreaterThan: is(date((value, wanted) => value > wanted)),
  DateGreaterThanEquals: is(date((value, wanted) => value >= wanted)),
  Bool: is(text({ like: false, ignoreCase: true })),
  BinaryEquals: is(text({ like: false })),
  IpAddress: is(address),
  NotIpAddress: isNot(address),
  // AWS treats Equals and Like of ARNs alike: both know wildcards.
  ArnEquals: is(arn),
  ArnLike: is(arn),
  ArnNotEquals: isNot(arn),
  ArnNotLike: isNot(arn),
  Null: 'null',
};

/** Reads `ForAnyValue:StringLikeIfExists`; undefined when there is no such operator. */
export function parseOperator(name: string): Operator | undefined {
  const found = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(name);
  const base = found?.[2];
  const family = base === undefined || !Object.hasOwn(FAMILIES, base) ? undefined : FAMILIES[base];
  if (found === null || base === undefined || family === undefined) return undefined;
  const set = found[1] === 'ForAllValues' ? 'all' : found[1] === 'ForAnyValue' ? 'any' : undefined;
  const ifExists = found[3] !== undefined;
  return family === 'null' && (ifExists || set !== undefined) ? undefined : { base, family, set, ifExists };
}

/** Compiles one condition; adds the keys that it reads to `keys`. The operator was checked by `parsePolicy`. */
export function compileCondition(condition: Condition, variables: boolean, keys: Set<string>): ConditionTest {
  const operator = parseOperator(condition.operator);
  if (operator === undefined) throw new TypeError(`unknown condition operator ${condition.operator}`);
  const key = condition.key.toLowerCase();
  keys.add(key);
  if (operator.family === 'null') {
    return (context) => condition.values.some((value) => (value.toLowerCase() === 'true') === (context(key) === undefined));
  }
  const { compile, negated } = operator.family;
  const tests = condition.values.map((value) => compile(value, variables, keys)).filter((test) => test !== undefined);
  const one = (value: string, context: ContextLookup): boolean => tests.some((test) => test(value, context)) !== negated;
  return (context) => {
    const given = context(key);
    if (given === undefined || given.length === 0) return operator.ifExists || operator.set === 'all' || (negated && operator.set === undefined);
    if (operator.set === 'all') return given.every((value) => one(value, context));
    if (operator.set === 'any' || !negated) return given.some((value) => one(value, context));
    return given.every((value) => one(value, context));
  };
}

function noting(compiled: Pattern, keys: Set<string>): Pattern {
  for (const key of compiled.variables) keys.add(key);
  return compiled;
}

function number(value: string): number | undefined {
  const parsed = value.trim() === '' ? NaN : Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}

/** An ISO 8601 date or seconds since the epoch, as milliseconds. */
function instant(value: string): number | undefined {
  const parsed = /^-?\d{5,}(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}
