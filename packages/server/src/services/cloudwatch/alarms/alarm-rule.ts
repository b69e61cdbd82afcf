import type { StateValue } from '@slipway/contracts/cloudwatch';
import { LIMITS } from '../limits.ts';

/** A composite alarm's rule: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html */
export type CompositeRule =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'state'; readonly state: StateValue; readonly alarm: string }
  | { readonly kind: 'not'; readonly of: CompositeRule }
  | { readonly kind: 'and' | 'or'; readonly left: CompositeRule; readonly right: CompositeRule };

/** What is wrong with a rule, for the room's error. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

const TOKEN = /\s*(?:(?<open>\()|(?<close>\))|"(?<quoted>[^"]*)"|(?<word>[^\s()"]+))/y;
const STATES: ReadonlySet<string> = new Set(['ALARM', 'OK', 'INSUFFICIENT_DATA']);
/** Deeper nesting is no rule that anybody wrote. */
const DEEPEST = 100;

type Token = { readonly kind: '(' | ')' | 'word' | 'quoted'; readonly text: string };

/** @throws RuleError */
export function parseRule(text: string): CompositeRule {
  const tokens = tokensOf(text);
  let at = 0;
  const word = (): string | undefined => (tokens[at]?.kind === 'word' ? tokens[at]!.text.toUpperCase() : undefined);
  const take = (kind: Token['kind']): string => {
    const token = tokens[at];
    if (token?.kind !== kind) throw new RuleError(token === undefined ? 'it ends too early' : `unexpected '${token.text}'`);
    at += 1;
    return token.text;
  };

  function either(depth: number): CompositeRule {
    let left = both(depth);
    while (word() === 'OR') {
      at += 1;
      left = { kind: 'or', left, right: both(depth) };
    }
    return left;
  }
  function both(depth: number): CompositeRule {
    let left = one(depth);
    while (word() === 'AND') {
      at += 1;
      left = { kind: 'and', left, right: one(depth) };
    }
    return left;
  }
  function one(depth: number): CompositeRule {
    if (depth > DEEPEST) throw new RuleError('it is nested too deeply');
    if (tokens[at]?.kind === '(') {
      at += 1;
      const inner = either(depth + 1);
      take(')');
      return inner;
    }
    const name = take('word').toUpperCase();
    if (name === 'NOT') return { kind: 'not', of: one(depth + 1) };
    if (name === 'TRUE' || name === 'FALSE') return { kind: 'constant', value: name === 'TRUE' };
    if (!STATES.has(name)) throw new RuleError(`unknown function '${name}'`);
    take('(');
    const alarm = tokens[at]?.kind === 'quoted' ? take('quoted') : take('word');
    take(')');
    return { kind: 'state', state: name as StateValue, alarm };
  }

  const rule = either(0);
  if (at < tokens.length) throw new RuleError(`unexpected '${tokens[at]!.text}'`);
  const elements = countElements(rule) + tokens.filter((token) => token.kind === '(').length - alarmsIn(rule).length;
  if (elements > LIMITS.ruleElements) throw new RuleError(`it has more than ${LIMITS.ruleElements} elements`);
  return rule;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw new RuleError(`unexpected '${text.slice(at).trimStart().charAt(0)}'`);
    const { open, close, quoted, word } = groups;
    if (open !== undefined) tokens.push({ kind: '(', text: open });
    else if (close !== undefined) tokens.push({ kind: ')', text: close });
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted });
    else tokens.push({ kind: 'word', text: word! });
  }
  return tokens;
}

function countElements(rule: CompositeRule): number {
  if (rule.kind === 'not') return countElements(rule.of);
  return rule.kind === 'and' || rule.kind === 'or' ? countElements(rule.left) + countElements(rule.right) : 1;
}

/** Every mention of an alarm, by name or ARN as written. */
export function alarmsIn(rule: CompositeRule): string[] {
  switch (rule.kind) {
    case 'constant': return [];
    case 'state': return [rule.alarm];
    case 'not': return alarmsIn(rule.of);
    default: return [...alarmsIn(rule.left), ...alarmsIn(rule.right)];
  }
}

export function ruleHolds(rule: CompositeRule, stateOf: (alarm: string) => StateValue | undefined): boolean {
  switch (rule.kind) {
    case 'constant': return rule.value;
    case 'state': return stateOf(rule.alarm) === rule.state;
    case 'not': return !ruleHolds(rule.of, stateOf);
    case 'and': return ruleHolds(rule.left, stateOf) && ruleHolds(rule.right, stateOf);
    case 'or': return ruleHolds(rule.left, stateOf) || ruleHolds(rule.right, stateOf);
  }
}
