import { isIP } from 'node:net';

/** Whether one JSON value of an event (a leaf) is what an entry of a pattern's list asks for. */
export type ValueTest = (value: unknown) => boolean;

type Refuse = (reason: string) => Error;

// AWS compares numbers in this range only.
const LARGEST_NUMBER = 5e9;

/** Compiles one entry of a leaf's list: a plain value or a match expression. */
export function valueTest(entry: unknown, refuse: Refuse): ValueTest {
  if (entry === null || typeof entry === 'string' || typeof entry === 'boolean') return (value) => value === entry;
  if (typeof entry === 'number') return equalNumber(entry, refuse);
  if (typeof entry !== 'object' || Array.isArray(entry)) throw refuse('Match value must be String, number, true, false, or null');
  const expressions = Object.entries(entry as Readonly<Record<string, unknown>>);
  const [name, operand] = expressions[0] ?? [];
  if (name === undefined) throw refuse('Empty match expression');
  if (expressions.length > 1) throw refuse('Only one key allowed in match expression');
  switch (name) {
    case 'prefix':
      return edge('prefix', operand, refuse);
    case 'suffix':
      return edge('suffix', operand, refuse);
    case 'equals-ignore-case':
      return ignoringCase(text(operand, 'equals-ignore-case match pattern must be a string', refuse));
    case 'wildcard':
      return wildcard(text(operand, 'wildcard match pattern must be a string', refuse), refuse);
    case 'anything-but':
      return anythingBut(operand, refuse);
    case 'numeric':
      return numeric(operand, refuse);
    case 'exists':
      if (typeof operand !== 'boolean') throw refuse('exists match pattern must be either true or false.');
      // `exists: false` never gets here: it asks about the event, not about a value.
      return () => true;
    case 'cidr':
      return cidr(text(operand, 'prefix match pattern must be a string', refuse), refuse);
    default:
      throw refuse(`Unrecognized match type ${name}`);
  }
}

function equalNumber(wanted: number, refuse: Refuse): ValueTest {
  bounded(wanted, refuse);
  return (value) => value === wanted;
}

function ignoringCase(wanted: string): ValueTest {
  const lower = wanted.toLowerCase();
  return (value) => typeof value === 'string' && value.toLowerCase() === lower;
}

/** `"text"` or `{"equals-ignore-case": "text"}` at the value's start or end. */
function edge(name: 'prefix' | 'suffix', operand: unknown, refuse: Refuse): ValueTest {
  const inner = isExpression(operand) ? operand['equals-ignore-case'] : undefined;
  const wanted = text(inner ?? operand, `${name} match pattern must be a string`, refuse);
  const normal = (value: string): string => (inner === undefined ? value : value.toLowerCase());
  const sought = normal(wanted);
  return (value) => typeof value === 'string' && (name === 'prefix' ? normal(value).startsWith(sought) : normal(value).endsWith(sought));
}

/** `*` stands for anything; `\*` and `\\` are the characters. */
function wildcard(pattern: string, refuse: Refuse): ValueTest {
  const parts = [''];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '\\') {
      const next = pattern[++at];
      if (next !== '*' && next !== '\\') throw refuse(`Invalid escape character at pos ${at - 1}`);
      parts[parts.length - 1] += next;
    } else if (character === '*') {
      if (pattern[at + 1] === '*') throw refuse(`Consecutive wildcard characters at pos ${at}`);
      parts.push('');
    } else parts[parts.length - 1] += character;
  }
  return (value) => typeof value === 'string' && matchesParts(parts, value);
}

/** The first part is anchored at the start, the last at the end; those between are found greedily from the left. */
function matchesParts(parts: readonly string[], value: string): boolean {
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (parts.length === 1) return value === first;
  if (!value.startsWith(first) || value.length < first.length + last.length || !value.endsWith(last)) return false;
  let from = first.length;
  const end = value.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = value.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

function anythingBut(operand: unknown, refuse: Refuse): ValueTest {
  const tests = isExpression(operand) ? negatedExpression(operand, refuse) : asList(operand).map((one) => {
    if (typeof one !== 'string' && typeof one !== 'number') throw refuse('Inside anything but list, start|null|boolean is not supported.');
    return valueTest(one, refuse);
  });
  if (tests.length === 0) throw refuse('Empty arrays are not allowed');
  return (value) => !tests.some((test) => test(value));
}

function negatedExpression(operand: Readonly<Record<string, unknown>>, refuse: Refuse): ValueTest[] {
  const [name, ...more] = Object.keys(operand);
  if (name === undefined || more.length > 0) throw refuse('Only one key allowed in match expression');
  if (!['prefix', 'suffix', 'wildcard', 'equals-ignore-case'].includes(name)) throw refuse(`Unsupported anything-but pattern: ${name}`);
  return asList(operand[name]).map((one) => {
    if (one === '') throw refuse('Null prefix/suffix not allowed');
    return valueTest({ [name]: one }, refuse);
  });
}

function numeric(operand: unknown, refuse: Refuse): ValueTest {
  if (!Array.isArray(operand) || operand.length === 0) throw refuse('Value of numeric must be an array.');
  const tests: ((value: number) => boolean)[] = [];
  for (let at = 0; at < operand.length; at += 2) {
    const wanted: unknown = operand[at + 1];
    if (typeof wanted !== 'number') throw refuse(`Value of ${String(operand[at])} must be numeric`);
    bounded(wanted, refuse);
    tests.push(comparison(operand[at], wanted, refuse));
  }
  const names = operand.filter((_, index) => index % 2 === 0) as string[];
  const isRange = names.length === 2 && names[0]!.startsWith('>') && names[1]!.startsWith('<');
  if (names.length > 2 || (names.length === 2 && !isRange)) throw refuse(`Too many elements in numeric expression`);
  if (isRange && (operand[1] as number) >= (operand[3] as number)) throw refuse('Bottom must be less than top');
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function comparison(operator: unknown, wanted: number, refuse: Refuse): (value: number) => boolean {
  switch (operator) {
    case '=': return (value) => value === wanted;
    case '<': return (value) => value < wanted;
    case '<=': return (value) => value <= wanted;
    case '>': return (value) => value > wanted;
    case '>=': return (value) => value >= wanted;
    default: throw refuse(`Unrecognized numeric range operator: ${String(operator)}`);
  }
}

function cidr(block: string, refuse: Refuse): ValueTest {
  const [address = '', bits = ''] = block.split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > longest) throw refuse(`Malformed CIDR, one '/' required: ${block}`);
  const network = readAddress(address)!;
  const shift = BigInt(longest - Number(bits));
  return (value) => {
    const found = typeof value === 'string' ? readAddress(value) : undefined;
    return found !== undefined && found.version === version && found.number >> shift === network.number >> shift;
  };
}

interface Address {
  readonly version: number;
  readonly number: bigint;
}

/** What was read last: a thousand patterns ask about the same text, one after the other. */
let lastText: string | undefined;
let lastAddress: Address | undefined;

function readAddress(text: string): Address | undefined {
  if (text !== lastText) [lastText, lastAddress] = [text, parseAddress(text)];
  return lastAddress;
}

function parseAddress(text: string): Address | undefined {
  const version = isIP(text);
  if (version === 4) return { version, number: text.split('.').reduce((number, part) => (number << 8n) | BigInt(part), 0n) };
  // An address with a zone is one of a machine's own, of which no block speaks.
  return version === 6 && !text.includes('%') ? { version, number: parseV6(text) } : undefined;
}

/** `::` stands for as many zeros as are missing; the last two groups may be written as an IPv4 address. */
function parseV6(text: string): bigint {
  const [head = [], tail] = text.split('::').map(groups);
  const all = tail === undefined ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0n), ...tail];
  return all.reduce((number, group) => (number << 16n) | group, 0n);
}

function groups(text: string): bigint[] {
  return text === '' ? [] : text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const number = parseAddress(group)?.number ?? 0n;
    return [number >> 16n, number & 0xffffn];
  });
}

function bounded(value: number, refuse: Refuse): void {
  if (Math.abs(value) > LARGEST_NUMBER) throw refuse('Value must be between -5.0E9 and 5.0E9, inclusive');
}

function text(value: unknown, reason: string, refuse: Refuse): string {
  if (typeof value !== 'string') throw refuse(reason);
  return value;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

function isExpression(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
